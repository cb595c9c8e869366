"""The envelope as somebody meets it: tries are counted, it opens once, and whatever comes later is marked."""

from __future__ import annotations

import json
import re

import pytest
from tests.lab.conftest import settle, visit

from nextclose.lab.choices import SWITCHES
from nextclose.lab.opening import CHEATS
from nextclose.lab.serve import open_lab

pytestmark = pytest.mark.slow
LOOKS = "() => lab.envelope?.looks.length"


@pytest.fixture
def lab(tmp_path, monkeypatch):
    """A lab whose envelopes nobody has opened."""
    monkeypatch.setenv("NEXTCLOSE_DATA", str(tmp_path))
    with open_lab("sample:AAPL", port=0) as opened:
        yield opened


def tried(page):
    return int(
        re.search(r"exploring · (\d+) settings? tried · luck alone gives up to \+0\.\d{3}", page.inner_text("#tries"))[
            1
        ]
    )


def marks(page):
    return page.locator("#envelope tbody td:nth-child(6)").all_inner_texts()


def records(folder):
    return list(folder.rglob("*.json"))


def looked(page, count):
    page.wait_for_function(f"() => lab.envelope?.looks.length === {count}")


def test_the_line_on_top_counts_what_was_tried(page, lab):
    visit(page, lab)
    assert tried(page) == 1
    page.evaluate("() => lab.state.set({ lr: '0.02' })")
    settle(page)
    page.evaluate("() => lab.state.set({ lr: '0.03' })")
    settle(page)
    assert tried(page) == 3
    page.evaluate("() => lab.state.set({ lr: '0.02' })")
    settle(page)
    assert tried(page) == 3


def test_it_opens_once_and_says_so_ever_after(page, lab, tmp_path):
    """By keys alone; the sealed closes come to the page with the verdict and not before."""
    visit(page, lab)
    looked(page, 0)
    assert page.evaluate("() => [lab.bars.close.length === lab.bars.explored, lab.envelope.close]") == [True, None]
    page.focus("#cover")
    page.keyboard.press("Enter")
    assert page.evaluate("() => document.activeElement.id") == "close"
    page.keyboard.press("Escape")
    assert not page.is_visible("#envelope")
    assert records(tmp_path) == []
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    looked(page, 1)
    assert marks(page) == ["first look"]
    assert "persistence" in page.inner_text(".letter")
    assert page.evaluate("() => lab.envelope.close.length === lab.bars.sealed")
    page.keyboard.press("Escape")
    page.evaluate("() => lab.state.set({ lr: '0.02' })")
    settle(page)
    page.click("#tries")
    page.click("#open")
    looked(page, 2)
    assert marks(page) == ["first look", "already seen"]
    visit(page, lab)
    looked(page, 2)
    assert "envelope opened" in page.inner_text("#tries")
    (record,) = (tmp_path / "envelopes").glob("AAPL-*.json")
    assert [look["seen"] for look in json.loads(record.read_text(encoding="utf-8"))["looks"]] == ["first", "again"]


def test_the_years_behind_the_seal_are_named_once_it_is_opened(page, lab):
    page.add_init_script(
        """window.written = new Set();
        const plain = CanvasRenderingContext2D.prototype.fillText;
        CanvasRenderingContext2D.prototype.fillText = function (text, ...place) {
            window.written.add(text);
            plain.call(this, text, ...place);
        };"""
    )
    visit(page, lab)
    looked(page, 0)
    assert not page.evaluate("() => window.written.has('2012')")
    page.click("#cover")
    page.click("#open")
    looked(page, 1)
    page.wait_for_function("() => window.written.has('2012') && window.written.has('2008')")


def test_the_settings_of_a_look_come_back(page, lab):
    visit(page, lab, lr="0.02", view="train")
    page.click("#cover")
    page.click("#open")
    looked(page, 1)
    page.click("#close")
    page.evaluate("() => lab.state.set({ lr: '0.1', cell: 'gru' })")
    settle(page)
    page.click("#cover")
    page.click("#envelope tbody .link")
    settle(page)
    assert page.evaluate("() => lab.choices()") == {"lr": "0.02"}
    assert not page.is_visible("#envelope")


@pytest.mark.parametrize("name", CHEATS)
def test_it_says_that_it_stays_closed_while_the_future_is_seen(page, lab, tmp_path, name):
    """Before anybody asks, and only while it is so."""
    wrong = SWITCHES[name][1]
    visit(page, lab, **{name: wrong})
    page.click("#cover")
    assert page.inner_text("#envelope-title") == "The envelope stays closed"
    assert f"while {name}={wrong} is chosen" in page.inner_text("#envelope-problem")
    assert not page.is_enabled("#open")
    page.keyboard.press("Escape")
    page.evaluate("(name) => lab.state.set({ [name]: null })", name)
    settle(page)
    page.click("#cover")
    assert page.inner_text("#envelope-title") == "Open the envelope?"
    assert page.inner_text("#envelope-problem") == ""
    assert page.is_enabled("#open")
    assert page.evaluate(LOOKS) == 0
    assert records(tmp_path) == []


def test_once_opened_it_is_not_asked_again_by_what_sees_the_future(page, lab):
    visit(page, lab, lang="ko")
    page.click("#cover")
    page.click("#open")
    looked(page, 1)
    page.click("#close")
    page.evaluate("() => lab.state.set({ leak: 'on', axes: 'reshape' })")
    settle(page)
    page.click("#cover")
    assert "leak=on, axes=reshape" in page.inner_text("#envelope-problem")
    assert "열지 않습니다" in page.inner_text("#envelope-problem")
    assert not page.is_enabled("#open")
    assert page.is_enabled("#close")
    page.evaluate("() => lab.state.set({ leak: null, axes: null })")
    assert page.is_enabled("#open")


def test_a_restart_goes_on_counting(page, lab):
    visit(page, lab)
    visit(page, lab, lr="0.02")
    lab.close()
    with open_lab("sample:AAPL", port=0) as later:
        page.goto("about:blank")
        visit(page, later, lr="0.02")
        assert tried(page) == 2


def test_a_damaged_record_is_told_and_left_alone(page, lab, tmp_path):
    visit(page, lab)
    page.click("#cover")
    page.click("#open")
    looked(page, 1)
    (record,) = (tmp_path / "envelopes").glob("AAPL-*.json")
    record.write_text("{", encoding="utf-8")
    visit(page, lab)
    page.click("#cover")
    page.wait_for_function("() => document.querySelector('#envelope-problem').textContent.includes('is damaged')")
    assert not page.is_enabled("#open")
    assert record.read_text(encoding="utf-8") == "{"


def test_it_speaks_korean(page, lab):
    visit(page, lab, lang="ko")
    assert "설정 1개 시도" in page.inner_text("#tries")
    page.click("#cover")
    assert page.inner_text("#envelope-title") == "봉투를 열까요?"
    page.click("#open")
    looked(page, 1)
    assert marks(page) == ["처음 봄"]
    assert "지속성 예측" in page.inner_text(".letter")
