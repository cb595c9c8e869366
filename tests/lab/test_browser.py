"""The lab as somebody meets it in a browser: every change trains, and what is shown is what the engine computes."""

from __future__ import annotations

import re

import numpy as np
import pytest
from tests.lab.conftest import drag, rewritten, settle, visit, watched

from nextclose.bars import load_bars
from nextclose.lab.choices import read_choices
from nextclose.lab.desk import Desk
from nextclose.lab.experiment import experiment

pytestmark = pytest.mark.slow
PIXELS = "place => document.querySelector(place).toDataURL()"
LOSSES = "() => [...lab.picture.losses]"
WIDER = "() => document.documentElement.scrollWidth > innerWidth || document.body.scrollWidth > innerWidth"
LOSS = "#view-train canvas"


@pytest.fixture(scope="module")
def desk():
    return Desk(load_bars("sample:AAPL"))


def losses(desk, **choices):
    return experiment(desk, read_choices(choices)).losses.losses


def address(page):
    """The choices that the address holds, once it is rewritten."""
    rewritten(page)
    return dict(re.findall(r"[?&]([a-z_0-9]+)=([^&]*)", page.url))


def test_it_opens_without_a_complaint_and_draws(page, lab, desk):
    visit(page, lab)
    assert page.title() == "nextclose lab"
    blank = page.evaluate("() => { const c = document.createElement('canvas'); c.width = 300; return c.toDataURL(); }")
    assert page.evaluate(PIXELS, LOSS) != blank
    np.testing.assert_allclose(page.evaluate(LOSSES), losses(desk).ravel(), rtol=1e-6)
    assert "persistence" in page.inner_text("#sentence")


def test_dragging_the_learning_rate_changes_the_loss_curve(page, lab, desk):
    visit(page, lab)
    before = page.evaluate(PIXELS, LOSS)
    drag(page, "#set-lr", 0.45, 0.8)
    settle(page)
    chosen = page.input_value("#set-lr")
    lr = page.evaluate("() => lab.choices().lr")
    assert np.log10(float(lr)) == pytest.approx(float(chosen), abs=0.02)
    np.testing.assert_allclose(page.evaluate(LOSSES), losses(desk, lr=lr).ravel(), rtol=1e-6)
    assert page.evaluate(PIXELS, LOSS) != before
    assert page.inner_text(".field[data-name=lr] output") == lr
    assert address(page)["lr"] == lr


def test_the_address_brings_everything_back(page, lab, desk):
    asked = {"cell": "gru", "seeds": "3", "epochs": "20", "target": "log-return"}
    visit(page, lab, **asked)
    np.testing.assert_allclose(page.evaluate(LOSSES), losses(desk, **asked).ravel(), rtol=1e-6)
    assert page.get_attribute("#set-cell [data-value=gru]", "aria-checked") == "true"
    assert address(page) == asked


def test_a_setting_that_cannot_be_is_told_and_the_next_one_works(page, lab):
    page.goto(lab.url + "?seq_len=5000")
    page.wait_for_selector("#problem:visible")
    assert "seq_len 5000 (at most 60)" in page.inner_text("#problem")
    page.click("#back")
    settle(page)
    assert page.is_hidden("#problem")


def test_what_is_drawn_of_earlier_settings_is_not_read_as_the_answer(page, lab):
    visit(page, lab)
    shown = "() => Number(getComputedStyle(document.querySelector('.judged')).opacity)"
    assert page.evaluate(shown) == 1
    page.evaluate("() => lab.state.set({ lr: '3' })")
    page.wait_for_selector("#problem:visible")
    assert "Lower the learning rate" in page.inner_text("#problem")
    page.wait_for_function("() => Number(getComputedStyle(document.querySelector('.judged')).opacity) < 0.5")
    page.click("#back")
    settle(page)
    page.wait_for_function("() => Number(getComputedStyle(document.querySelector('.judged')).opacity) === 1")


def test_spans_that_cannot_be_are_undone(page, lab):
    page.goto(lab.url + "?test_start=2012-09-04")
    page.wait_for_selector("#problem:visible")
    page.click("#back")
    settle(page)
    assert page.is_hidden("#problem")
    assert page.is_visible("#handle-test_start")
    assert address(page) == {}


def test_back_takes_back_a_view_a_recipe_and_an_undo(page, lab):
    visit(page, lab, cell="gru", lang="ko")
    page.focus("#set-hidden_size")
    page.keyboard.press("ArrowRight")
    hidden = page.evaluate("() => lab.choices().hidden_size")
    page.select_option("#set-recipe", "lstm")
    settle(page)
    assert page.evaluate("() => lab.choices()") == {"recipe": "lstm"}
    page.go_back()
    settle(page)
    assert page.evaluate("() => lab.choices()") == {"cell": "gru", "hidden_size": hidden}
    assert page.get_attribute("#set-cell [data-value=gru]", "aria-checked") == "true"
    page.click("#back")
    settle(page)
    assert page.evaluate("() => lab.choices()") == {}
    page.go_back()
    settle(page)
    assert page.evaluate("() => lab.choices()") == {"cell": "gru", "hidden_size": hidden}
    page.click("#tab-net")
    page.click("#language")
    page.click("#theme")
    page.wait_for_function("() => document.documentElement.lang === 'en'")
    assert address(page)["view"] == "net"
    page.go_back()
    page.wait_for_selector("#view-train:visible")
    page.wait_for_function("() => document.documentElement.lang === 'ko' && !document.documentElement.dataset.theme")
    assert address(page) == {"cell": "gru", "hidden_size": hidden, "lang": "ko"}


def test_back_brings_the_bars_of_before(page, lab):
    visit(page, lab)
    page.evaluate("() => lab.state.set({ source: 'walk:1' })")
    page.wait_for_function("() => lab.bars.symbol !== 'AAPL'")
    settle(page)
    page.go_back()
    page.wait_for_function("() => lab.bars.symbol === 'AAPL'")
    settle(page)
    assert "source" not in address(page)


def test_a_net_that_sees_the_future_sets_off_the_judges_alarm(page, lab):
    visit(page, lab, recipe="tutorial-return")
    honest = page.inner_text("#sentence")
    visit(page, lab, recipe="tutorial-return", leak="on")
    assert "leak" in page.inner_text("#sentence")
    assert "leak" not in honest


@pytest.mark.parametrize("how", ["the button", "the address"])
def test_it_speaks_korean(page, lab, how):
    visit(page, lab, **({"lang": "ko"} if how == "the address" else {}))
    if how == "the button":
        page.click("#language")
        page.wait_for_function("() => document.documentElement.lang === 'ko'")
        page.wait_for_function("() => /[가-힣]/.test(document.getElementById('sentence').textContent)")
    assert "학습률" in page.inner_text("#settings")
    assert re.search("[가-힣]", page.inner_text("#sentence"))
    assert page.inner_text("#language") == "English"
    page.click("#language")
    page.wait_for_function("() => /persistence/.test(document.getElementById('sentence').textContent)")
    assert "Learning rate" in page.inner_text("#settings")


def test_training_that_diverges_is_drawn_with_what_is_said_of_it(page, lab):
    visit(page, lab, seeds="3")
    at = "() => document.getElementById('views').getBoundingClientRect().top"
    before, top = page.evaluate(PIXELS, LOSS), page.evaluate(at)
    page.evaluate("() => lab.state.set({ lr: '3' })")
    page.wait_for_function("() => lab.diverged && lab.painted === lab.asked")
    assert page.evaluate(at) == top
    assert page.inner_text("#problem").startswith("seed 0: training diverged")
    assert page.get_attribute("#problem", "role") == "alert"
    assert page.inner_text("#epochs") == "diverged"
    assert page.evaluate("() => lab.diverged.losses.shape[0]") == 3
    assert page.evaluate(PIXELS, LOSS) != before
    shown = (
        "() => [...document.querySelectorAll('#view-train figure canvas')].map(one => +getComputedStyle(one).opacity)"
    )
    page.wait_for_function(f"() => ({shown})()[1] < 0.5")
    assert page.evaluate(shown)[0] == 1
    page.evaluate("() => lab.state.set({ lr: null })")
    settle(page)
    assert page.evaluate("() => lab.diverged") is None
    assert page.evaluate(PIXELS, LOSS) == before


@pytest.mark.parametrize("view", ["net", "breaks", "backwards", "take", "shapes"])
def test_what_is_wrong_is_said_once(page, lab, view):
    page.goto(f"{lab.url}?view={view}&seq_len=5000")
    page.wait_for_selector("#problem:visible")
    page.wait_for_timeout(600)
    assert page.locator("p:visible", has_text="seq_len 5000").count() == 1
    assert "seq_len 5000" not in page.inner_text("#views")


def test_a_minus_is_one_in_sentences_as_in_numbers(page, lab):
    page.goto(lab.url)
    told = "async text => (await import('/page/words.js')).told(text)"
    for text, shown in {
        "skill -0.02 (-0.100 to 0.3)": "skill −0.02 (−0.100 to 0.3)",
        "2012-09-04: a tutorial-return, p = 1e-05": "2012-09-04: a tutorial-return, p = 1e-05",
        "-3": "−3",
        "[-1.5, -2]": "[−1.5, −2]",
    }.items():
        assert page.evaluate(told, text) == shown
    values = [-0.00016, 0.00016, -0.0, 0.0, -1.23456, 7.0]
    signed = "async values => { const { signed } = await import('/page/draw.js'); return values.map(value => signed(value)); }"
    assert page.evaluate(signed, values) == [f"{value:+.3f}".replace("-", "−") for value in values]


def test_the_keyboard_alone_suffices(page, lab):
    visit(page, lab)
    found = {}
    for _ in range(80):
        page.keyboard.press("Tab")
        name = page.evaluate("() => document.activeElement.id || document.activeElement.closest('[id]')?.id")
        found[name] = found.get(name, 0) + 1
        if name == "set-lr" and found[name] == 1:
            before = page.evaluate("() => lab.choices().lr")
            page.keyboard.press("ArrowRight")
            settle(page)
            assert page.evaluate("() => lab.choices().lr") != before
        if name == "set-cell" and found[name] == 1:
            page.keyboard.press("ArrowRight")
            settle(page)
            assert page.evaluate("() => lab.choices().cell") == "gru"
    wanted = {"set-recipe", "set-cell", "set-hidden_size", "set-lr", "set-epochs", "set-seeds", "handle-test_start"}
    assert wanted | {"language", "theme"} <= found.keys()


def test_one_key_leads_past_the_settings(page, lab):
    visit(page, lab)
    page.keyboard.press("Tab")
    assert page.evaluate("() => document.activeElement.id") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("() => document.activeElement.id") == "tab-train"


def test_arrow_keys_lead_through_the_views(page, lab):
    visit(page, lab)
    tabs = [tab.get_attribute("id") for tab in page.query_selector_all("#tabs [role=tab]")]
    page.focus(f"#{tabs[0]}")
    for tab in [*tabs[1:], tabs[0]]:
        page.keyboard.press("ArrowRight")
        assert page.evaluate("() => document.activeElement.id") == tab
        assert page.locator("#views > :visible").get_attribute("aria-labelledby") == tab
    page.keyboard.press("ArrowLeft")
    assert address(page)["view"] == tabs[-1].removeprefix("tab-")


def test_dark_is_kept_in_the_address(page, lab):
    visit(page, lab)
    colour = "() => getComputedStyle(document.documentElement).backgroundColor"
    light = page.evaluate(colour)
    page.click("#theme")
    dark = page.evaluate(colour)
    assert dark != light
    assert address(page) == {"theme": "dark"}
    page.reload()
    settle(page)
    assert page.evaluate(colour) == dark


def test_the_spans_move_by_keys(page, lab):
    visit(page, lab)
    before = page.evaluate("() => lab.picture.dates.test_start")
    page.focus("#handle-test_start")
    page.keyboard.press("PageDown")
    settle(page)
    assert page.evaluate("() => lab.picture.dates.test_start") < before


def test_a_span_goes_as_far_as_it_can_by_home_and_end(page, lab):
    visit(page, lab)
    handle = "#handle-test_start"
    page.focus(handle)
    for key, bound in (("Home", "aria-valuemin"), ("End", "aria-valuemax")):
        page.keyboard.press(key)
        settle(page)
        assert page.get_attribute(handle, "aria-valuenow") == page.get_attribute(handle, bound)
    last = page.evaluate("() => lab.picture.split[2]")
    for key, row in (("ArrowDown", last - 1), ("ArrowUp", last)):
        page.keyboard.press(key)
        settle(page)
        assert page.evaluate("() => lab.picture.split[2]") == row


def test_an_mlp_has_no_state_to_be_set(page, lab):
    visit(page, lab, cell="mlp")
    for name, value in (("h0", "random"), ("memory", "false")):
        assert page.get_attribute(f"#set-{name}", "aria-disabled") == "true"
        page.click(f"#set-{name} [data-value={value}]", force=True)
    page.focus("#set-memory [tabindex='0']")
    page.keyboard.press("ArrowRight")
    assert page.evaluate("() => lab.choices()") == {"cell": "mlp"}
    page.click("#set-cell [data-value=gru]")
    page.click("#set-memory [data-value=false]")
    settle(page)
    assert page.evaluate("() => lab.choices()") == {"cell": "gru", "memory": "false"}


@pytest.mark.parametrize(("scheme", "lang"), [("light", "en"), ("dark", "ko")])
def test_nothing_is_wider_than_the_window(chromium, lab, lang, scheme):
    with watched(chromium, color_scheme=scheme) as page:
        visit(page, lab, lang=lang, seeds="5")
        for tab in page.query_selector_all("#tabs [role=tab]"):
            name = tab.get_attribute("id")
            page.click(f"#{name}")
            page.wait_for_selector(f"#{name.replace('tab', 'view')} :is(canvas, table, button)")
            page.wait_for_timeout(500)
            assert not page.evaluate(WIDER), name
