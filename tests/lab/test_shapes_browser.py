"""The shape walk in a browser: its numbers are make_windows', its rows go where numpy puts them, and keys alone lead through."""

from __future__ import annotations

import numpy as np
import pytest
from tests.lab.conftest import watched

import nextclose as nc
from nextclose.lab.choices import read_choices
from nextclose.lab.desk import Desk

pytestmark = pytest.mark.slow
MEASURED = "() => document.querySelectorAll('#view-shapes .way circle.seed').length"
PLACES = """() => Object.fromEntries([...document.querySelectorAll('#view-shapes .row')].map((row) =>
  [row.querySelector('.tag').textContent, [Number(row.dataset.card), new DOMMatrix(row.style.transform).f]]))"""
NUMBERS = """() => [...document.querySelectorAll('#view-shapes .row .number')].map((one) =>
  [...one.dataset.nlf.split(','), one.textContent.replace('−', '-')].map(Number))"""


@pytest.fixture
def page(chromium):
    """A page on which nothing moves by itself."""
    with watched(chromium, reduced_motion="reduce") as opened:
        yield opened


def walk(page, lab, step="cut", query=""):
    """Open the walk at a step, with its errors measured."""
    page.goto(f"{lab.url}?view=shapes&{query}")
    page.locator("#view-shapes .row").first.wait_for(state="attached")
    page.click(f"[data-step={step}] >> nth=0")


def windows(seq_len):
    """The first windows that train on the sample."""
    desk = Desk(nc.load_bars("sample:AAPL"))
    X, _, _ = nc.make_windows(desk.bars, seq_len)
    return X[desk.split(read_choices({})).train_start :][:6]


def card_rows(page):
    """The labels on each card from top to bottom, (cards, rows, 2)."""
    cards = {}
    for label, (card, height) in page.evaluate(PLACES).items():
        cards.setdefault(card, []).append((height, [int(part) for part in label.split(",")]))
    return np.array([[label for _, label in sorted(cards[card])] for card in sorted(cards)])


def test_the_numbers_are_those_of_make_windows(page, lab):
    walk(page, lab, "stack")
    shown = page.evaluate(NUMBERS)
    X = windows(5)
    assert len(shown) == X.size
    for n, day, f, value in shown:
        assert abs(X[int(n), int(day), int(f)] - value) <= 0.0051


@pytest.mark.parametrize("seq_len", [3, 5])
def test_rows_go_where_numpy_puts_them(page, lab, seq_len):
    walk(page, lab, "swap", f"seq_len={seq_len}")
    labels = np.stack(np.meshgrid(np.arange(6), np.arange(seq_len), indexing="ij"), axis=-1)
    np.testing.assert_array_equal(card_rows(page), labels.swapaxes(0, 1))
    page.click("#view-shapes .way:nth-child(2) button")
    np.testing.assert_array_equal(card_rows(page), labels.reshape(seq_len, 6, 2))
    assert page.evaluate("lab.state.get('axes')") == "reshape"
    page.click("[data-step=stack]")
    np.testing.assert_array_equal(card_rows(page), labels)


def test_a_number_is_marked_wherever_it_stands(page, lab):
    walk(page, lab, "stack")
    number = page.locator('#view-shapes .row .number[data-nlf="0,4,1"]')
    number.hover()
    assert page.locator("#view-shapes .row .own").count() == 1
    same = page.locator("#view-shapes .row .same").evaluate_all("found => found.map((one) => one.dataset.nlf)")
    assert same == ["1,3,1", "2,2,1", "3,1,1", "4,0,1"]
    assert page.locator("#view-shapes .table .own").text_content() == number.inner_text()
    told = page.inner_text("#view-shapes .readout")
    for place in ("X[0, 4, 1]", "X.swapaxes(0, 1)[4, 0, 1]", "17"):
        assert place in told


def test_both_mistakes_are_measured_and_can_be_made(page, lab):
    walk(page, lab, "swap")
    for step, switch, wrong in (("swap", "axes", "reshape"), ("feed", "h0", "carried")):
        page.click(f"[data-step={step}]")
        page.wait_for_function(f"() => ({MEASURED})() === 10")
        page.click("#view-shapes .way:nth-child(2) button")
        assert page.evaluate(f"lab.state.get('{switch}')") == wrong
        page.keyboard.press("ArrowUp")
        assert page.evaluate(f"lab.state.changed('{switch}')") is False


def test_keys_alone_lead_through(page, lab):
    walk(page, lab)
    heads = []
    for _ in range(13):
        heads.append(page.inner_text("#view-shapes .said h2"))
        page.keyboard.press("ArrowRight")
    assert len(set(heads)) == 1 + 1 + 1 + 5
    assert "(N, K)" in page.inner_text("#view-shapes .said h2")
    page.keyboard.press("Home")
    page.locator("#view-shapes .row .own").evaluate("one => one.focus()")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowUp")
    assert "X[0, 3, 2]" in page.inner_text("#view-shapes .readout")


def test_axes_of_one_length_are_warned_of(page, lab):
    walk(page, lab, "stack")
    page.click("#view-shapes .note button")
    page.wait_for_function("() => document.querySelectorAll('#view-shapes .row').length === 24")
    assert "L = F = 4" in page.inner_text("#view-shapes .note")
    page.click("#view-shapes .note button")
    page.wait_for_function("() => document.querySelectorAll('#view-shapes .row').length === 30")


@pytest.mark.parametrize("cell", ["gru", "mlp"])
def test_all_steps_stand_below_one_another_in_korean(page, lab, cell):
    walk(page, lab, "cut", f"lang=ko&cell={cell}")
    page.locator("#view-shapes .tools > button").click()
    page.wait_for_function("() => document.querySelectorAll('#view-shapes .feed.here .shape').length >= 5")
    assert page.locator("#view-shapes .part h2").count() == 4
    for part in page.locator("#view-shapes .said").all_inner_texts():
        assert "니다" in part


def test_thousands_are_told_apart(page, lab):
    opened = "async values => { const found = await import('/page/shapes/model.js'); return values.map(found.price); }"
    page.goto(lab.url)
    shown = page.evaluate(opened, [0.5, 63.08, 1234.56, 71300, -1234.5, 12_345_678, 2.5e9])
    assert shown == ["0.500", "63.08", "1,234.6", "71,300", "−1,234.5", "12.3M", "2.50B"]
