"""The net unrolled in a browser: its digits are explain's, and keys alone lead everywhere."""

from __future__ import annotations

import re
from io import StringIO

import numpy as np
import pytest
from rich.console import Console
from tests.lab.conftest import watched

from nextclose.bars import load_bars
from nextclose.lab.desk import Desk
from nextclose.report.explanation import number, price_text, print_explanation
from nextclose.study.explain import explain

pytestmark = pytest.mark.slow
SHOWN = "() => lab.netAsked && lab.netAsked === lab.netPainted && lab.unitAsked === lab.unitShown"
CALL = (
    "async ([name, values]) => { const found = await import('/page/net/numbers.js'); return values.map(found[name]); }"
)
WEIGHTS = "() => document.querySelector('#view-net .net-gutter canvas').toDataURL()"
NETS = ["cell=rnn&bias=true", "cell=gru&num_layers=2", "cell=lstm&seq_len=20", "cell=mlp&num_layers=1", "recipe=default",
        "h0=carried&seeds=1", "axes=reshape", "memory=false", "seq_len=60&hidden_size=64&epochs=2&cell=lstm"]  # fmt: skip


@pytest.fixture(scope="module")
def bars():
    return Desk(load_bars("sample:AAPL")).bars


def unrolled(page, lab, query=""):
    """Open the view, and wait until its picture and its arithmetic are there."""
    page.goto(f"{lab.url}?view=net&{query}")
    page.wait_for_function(SHOWN)


def press(page, *keys):
    for key in keys:
        page.keyboard.press(key)
        page.wait_for_timeout(30)  # requests go out one after the other
        page.wait_for_function(SHOWN)


def told(bars, **more):
    """What explain says of a net that trains on all that is before the test span, its lines' blanks made one."""
    explained = explain(bars, **more)
    page = Console(file=StringIO(), width=300)
    print_explanation(explained, page, "en")
    return explained, re.sub(r" +", " ", page.file.getvalue())


@pytest.mark.parametrize("values", [np.random.default_rng(0).normal(size=500) * 10.0 ** np.arange(-8, 2).repeat(50)])
def test_numbers_are_written_as_explain_writes_them(page, lab, values):
    page.goto(lab.url)
    signed = [*values, 0.0, -0.0, 0.0078125, 0.0234375, -0.5]
    assert page.evaluate(CALL, ["number", signed]) == [number(value) for value in signed]
    prices = [*np.abs(values * 1e3), 50_100.0, 197.125, 197.375, 0.0, 9.99999, 1234567.5]
    assert page.evaluate(CALL, ["priceText", prices]) == [price_text(value) for value in prices]


def test_a_units_digits_are_the_engines(page, lab, bars):
    unrolled(page, lab, f"train_start={bars.dates[0]}&epochs=30&epoch=7")
    explained, printed = told(bars, epoch=7, settings={"epochs": 30})
    press(page, "ArrowDown", "ArrowDown", "ArrowLeft")
    h = explained.steps[2].layers[0]["h"]
    assert page.inner_text("#unit-value") == number(h[2])
    captions = page.locator("#view-net aside caption output").all_inner_texts()
    total = page.locator("#view-net aside .equation output").first.inner_text()
    assert f"2 {' '.join(captions)} {total} {number(h[2])}" in printed
    weights = page.locator("#view-net aside table").first.locator("td:nth-child(2)").all_inner_texts()
    assert weights == [number(weight) for weight in explained.weights["w_x"][2]]
    assert page.inner_text("#net-price").partition(" ")[2].strip() in printed


def test_keys_alone_lead_through_time_units_and_epochs(page, lab):
    unrolled(page, lab, "epochs=20")
    assert page.inner_text("#view-net h4").startswith("h₄[0]")
    press(page, "ArrowUp")
    assert page.inner_text("#view-net h4").startswith("y₄")
    press(page, "ArrowLeft", "ArrowDown")
    assert page.inner_text("#view-net h4").startswith("h₃[0]")
    page.keyboard.press("Enter")
    assert page.evaluate("() => document.activeElement.tagName") == "ASIDE"
    page.keyboard.press("Escape")
    assert page.evaluate("() => document.activeElement.id") == "net-steps"
    before = page.evaluate(WEIGHTS)
    press(page, "Shift+E", "Shift+E")
    assert page.evaluate("() => lab.state.get('epoch')") == "18"
    assert "18 of 20" in page.inner_text("#net-epoch-told")
    page.wait_for_function(f"before => ({WEIGHTS})() !== before", arg=before)
    assert "moved most" in page.inner_text("#view-net .net-moved")
    press(page, "e", "e")
    assert page.evaluate("() => lab.state.get('epoch')") == ""
    day = page.input_value("#net-at")
    press(page, ",")
    assert page.input_value("#net-at") < day
    press(page, ".")
    assert page.input_value("#net-at") == day


def test_a_click_opens_a_units_arithmetic(page, lab):
    unrolled(page, lab)
    box = page.locator("#net-steps canvas").bounding_box()
    spots = ((box["x"] + x, box["y"] + y) for y in range(60, 260, 6) for x in range(80, 160, 12))
    for spot in spots:
        page.mouse.move(*spot)
        if page.inner_text("#net-reading").startswith("h₁[3] = "):
            break
    page.mouse.click(*spot)
    page.wait_for_function(SHOWN)
    assert page.inner_text("#view-net h4").startswith("h₁[3]")


def test_training_plays_to_its_end(page, lab):
    unrolled(page, lab, "epochs=12&epoch=5")
    page.click("#net-play")
    page.wait_for_function("() => lab.state.get('epoch') === ''")
    page.wait_for_function(SHOWN)
    assert "12 of 12" in page.inner_text("#net-epoch-told")


@pytest.mark.parametrize("query", NETS)
def test_any_net_is_drawn_in_both_languages(chromium, lab, query):
    with watched(chromium, reduced_motion="reduce", color_scheme="dark") as page:
        for lang in ("en", "ko"):
            unrolled(page, lab, f"{query}&lang={lang}")
            press(page, "ArrowLeft", "ArrowUp", "ArrowDown", "ArrowDown")
            assert re.match(r"h.*\[\d+\]", page.inner_text("#view-net h4"))
            assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
        assert "윈도" in page.inner_text("#view-net") or "시험 구간" in page.inner_text("#view-net")


def test_the_steps_of_a_deep_net_are_as_tall_as_its_weights(page, lab):
    unrolled(page, lab, "cell=gru&seq_len=60&num_layers=3&hidden_size=64&epochs=1&features=close,volume&seeds=1")
    shown, drawn = page.evaluate(
        "() => [document.getElementById('net-steps').clientHeight, document.querySelector('#net-steps canvas').offsetHeight]"
    )
    assert drawn > page.evaluate("() => document.querySelector('#view-net .net-stage').clientHeight")
    assert shown >= drawn


def test_a_click_on_the_price_chart_chooses_the_window(page, lab):
    unrolled(page, lab)
    last = page.input_value("#net-at")
    page.locator("#price canvas").first.click(position={"x": 200, "y": 40})
    page.wait_for_function(SHOWN)
    day = page.input_value("#net-at")
    assert day < last
    assert day == page.evaluate("() => lab.state.get('at')")
    assert "outside both spans" in page.inner_text("#view-net")
    page.fill("#net-at", "soon")
    page.keyboard.press("Enter")
    assert page.inner_text("#net-reading") == f"Expected a date such as {last}, got 'soon'."
    assert page.evaluate("() => lab.state.get('at')") == day
