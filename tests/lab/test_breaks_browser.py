"""Breaking it on purpose in a browser: switches, the alarm, the warning on top and the way out."""

from __future__ import annotations

import pytest
from tests.lab.conftest import known, look

from nextclose.lab.faults import FAULTS

pytestmark = pytest.mark.slow
QUICK = {"recipe": "default", "seeds": "2"}
ANSWERED = """(names) => names.every((name) => {
  const row = document.querySelector(`.fault.${name}`);
  return row && !row.hidden && !row.classList.contains('old') && row.querySelector('.pill');
})"""


def opened(page, lab, **choices):
    look(page, lab, view="breaks", **(QUICK | choices))
    page.wait_for_function(ANSWERED, arg=["honest", *FAULTS])


def test_the_leak_sets_off_the_alarm_and_the_others_do_not(page, lab):
    opened(page, lab)
    assert page.locator(".alarm").count() == 1
    assert "Look for a leak or a date off by one" in page.inner_text(".fault.leak .alarm")
    cells = page.locator(".fault.leak .alarm td").all_inner_texts()
    assert float(cells[1]) > 0.5
    assert all(abs(float(cell.replace("−", "-"))) < 0.3 for cell in (cells[0], cells[2]))
    assert "nothing" in page.inner_text(".fault.scaler .found")


def test_a_switch_is_a_choice_everywhere_and_the_header_says_so(page, lab):
    opened(page, lab)
    assert page.is_hidden("#faults")
    page.focus("#fault-leak")
    page.keyboard.press("Space")
    known(page)
    assert page.evaluate("() => document.activeElement.id") == "fault-leak"
    assert page.evaluate("() => lab.choices()") == QUICK | {"leak": "on"}
    assert "1 fault switched on" in page.inner_text("#faults")
    page.click("#tab-train")
    assert "leak" in page.inner_text("#sentence")
    assert page.is_visible("#faults")
    page.click("#mend")
    known(page)
    assert page.evaluate("() => lab.choices()") == QUICK
    assert page.is_hidden("#faults")


def test_the_best_of_twenty_is_one_switch(page, lab):
    opened(page, lab, lr="0.01")
    page.click("#fault-pick")
    known(page)
    assert page.evaluate("() => lab.choices()") == QUICK | {"lr": "0.01"} | FAULTS["pick"]
    assert "luck alone" in page.inner_text(".fault.pick .luck")
    page.click("#fault-pick")
    known(page)
    assert page.evaluate("() => lab.choices()") == {"recipe": "default", "lr": "0.01"}


def test_several_together_have_a_row(page, lab):
    opened(page, lab, leak="on")
    assert page.locator(".fault.together:visible").count() == 0
    page.click("#fault-days")
    page.wait_for_function(ANSWERED, arg=["together", "honest", *FAULTS])
    assert "2 faults switched on" in page.inner_text("#faults")
    assert page.inner_text(".fault.together .score") != page.inner_text(".fault.leak .score")
    page.click("#mend")
    page.wait_for_function("() => document.querySelector('.fault.together').hidden")


def test_a_state_is_carried_only_in_the_order_of_time(page, lab):
    opened(page, lab, split="shuffled")
    page.click("#fault-h0")
    known(page)
    assert page.evaluate("() => lab.choices()") == QUICK | {"h0": "carried"}


def test_a_net_that_shows_no_leak_offers_one_that_does(page, lab):
    look(page, lab, view="breaks")
    page.click("#better-net")
    known(page)
    assert page.evaluate("() => lab.choices()") == {"recipe": "tutorial-return"}
    page.wait_for_selector(".fault.leak .alarm")
    assert page.locator("#better-net").count() == 0


def test_a_fault_that_the_net_cannot_have_is_told_and_cannot_be_switched_on(page, lab):
    look(page, lab, view="breaks", recipe="mlp")
    page.wait_for_function("() => document.querySelector('.fault.h0 .judge').textContent.includes('cell=mlp')")
    assert page.is_disabled("#fault-h0")


def test_every_fault_has_words_in_both_languages(page, lab):
    opened(page, lab)
    words = "async () => (await import('/page/faults.js')).faultWords()"
    english = page.evaluate(words)
    page.click("#language")
    page.wait_for_function("() => document.documentElement.lang === 'ko'")
    page.wait_for_function("() => /[가-힣]/.test(document.querySelector('.fault.h0 .found')?.textContent)")
    korean = page.evaluate(words)
    assert set(english) == set(korean) == set(FAULTS)
    assert all(english[name] != korean[name] for name in FAULTS)
    assert page.inner_text(".fault.leak h3") == korean["leak"][0]
