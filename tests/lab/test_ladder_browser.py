"""The ladder in a browser: it fills in, and a rung loads its settings."""

from __future__ import annotations

import pytest
from tests.lab.conftest import known, look

from nextclose.bars import load_bars
from nextclose.lab.choices import read_choices
from nextclose.lab.desk import Desk
from nextclose.lab.job import Job
from nextclose.lab.ladder import answer

pytestmark = pytest.mark.slow
CLIMBED = (
    "() => document.querySelector('.ladder .decisive') && !document.querySelector('.ladder .waiting, .ladder .old')"
)
SPAN = {"test_start": "2009-06-01", "train_start": "2008-01-02"}


def test_it_shows_every_rungs_error_and_the_sentence(page, lab):
    look(page, lab, view="ladder", **SPAN)
    page.wait_for_function(CLIMBED)
    job = Job(lambda: True, lambda: True, "en")
    frames = [frame.header for frame in answer(Desk(load_bars("sample:AAPL")), read_choices(SPAN), {}, job)]
    shown = [text.strip() for text in page.locator(".ladder [data-name] .ratio").all_inner_texts()]
    assert shown == [f"{frame['ratio']:.3f}" for frame in frames if frame["part"] == "rung"]
    assert page.inner_text(".ladder-view .answer") == frames[-1]["sentence"].replace(" -", " −")
    assert page.get_attribute(".ladder .decisive", "data-name") == frames[-1]["decisive"]
    assert page.locator(".ladder [data-name=tutorial] .ring").count() == 5


def test_enter_loads_a_rung_and_leaves_bars_and_spans(page, lab):
    look(page, lab, view="ladder", leak="on", lr="0.5", **SPAN)
    page.wait_for_function(CLIMBED)
    page.focus(".ladder [data-name=tutorial] button")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    known(page)
    assert page.evaluate("() => lab.choices()") == {"recipe": "tutorial-converged", **SPAN}
    assert page.locator(".ladder .loaded").count() == 1
    assert page.evaluate("() => document.activeElement.closest('li').dataset.name") == "tutorial-converged"


def test_the_rungs_are_counted_on_top_as_they_come(page, lab):
    look(page, lab, view="ladder", test_start="2009-09-01")
    before = page.evaluate("() => lab.picture.tried")
    page.wait_for_function(CLIMBED)
    tried = page.evaluate("() => lab.tally.tried")
    assert tried > before
    assert f"{tried} settings tried" in page.inner_text("#tries")


def test_what_is_no_net_cannot_be_loaded(page, lab):
    look(page, lab, view="ladder")
    page.wait_for_function(CLIMBED)
    assert page.locator(".ladder li[data-name] button").count() == 5
    assert page.locator(".ladder [data-name=ridge] button").count() == 0


def test_it_is_told_in_korean_at_once(page, lab):
    look(page, lab, view="ladder")
    page.wait_for_function(CLIMBED)
    page.click("#language")
    page.wait_for_function("() => document.querySelector('.ladder-view .answer').textContent.includes('중요한 단')")
    page.wait_for_function(CLIMBED)
    assert "지속성" in page.inner_text("#view-ladder") or "내일 = 오늘" in page.inner_text("#view-ladder")
