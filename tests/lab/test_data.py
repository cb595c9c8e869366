"""The bars on the table, chosen in a browser: by keys, from a set, from files good and broken."""

from __future__ import annotations

import pandas as pd
import pytest
from tests.conftest import walk_bars
from tests.lab.conftest import settle, visit

from nextclose.lab.serve import open_lab

pytestmark = pytest.mark.slow


def sheet(n=200, seed=2, **more):
    return walk_bars(n, seed=seed).to_pandas().drop(columns="symbol", errors="ignore").assign(**more)


def payload(name, frame, encoding="utf-8"):
    return {"name": name, "mimeType": "text/csv", "buffer": frame.to_csv(index=False).encode(encoding)}


def opens(page, symbol):
    page.wait_for_function("symbol => window.lab.bars?.symbol === symbol", arg=symbol)
    settle(page)


def drop(page, files):
    """Drag files over the page and let go."""
    handle = page.evaluate_handle(
        """files => {
            const carried = new DataTransfer();
            for (const [name, text] of files) carried.items.add(new File([text], name));
            return carried;
        }""",
        files,
    )
    page.dispatch_event("body", "dragover", {"dataTransfer": handle})
    assert page.locator("#drop").is_visible()
    page.dispatch_event("body", "drop", {"dataTransfer": handle})
    assert page.locator("#drop").is_hidden()


def test_a_sample_is_chosen_by_keys(page, lab):
    visit(page, lab, train_start="2001-01-03")
    page.locator("#bars").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    opens(page, "IBM")
    page.wait_for_url("**?source=sample%3AIBM")
    assert page.locator("#sources").is_hidden()
    page.wait_for_load_state("networkidle")
    page.reload()
    opens(page, "IBM")


def test_a_file_that_the_lab_has_no_longer_leads_back_to_the_sample(page, lab):
    page.goto(lab.url + "?source=upload:0123456789abcdef&test_start=2024-01-03")
    page.wait_for_selector("#instead-bars")
    assert "drop it on the page again" in page.inner_text("#problem")
    assert "upload" not in page.inner_text("#bars")
    page.click("#instead-bars")
    opens(page, "AAPL")
    assert page.is_hidden("#problem")
    assert page.evaluate("() => lab.choices()") == {}


def test_a_file_is_dropped(page, lab):
    visit(page, lab)
    drop(page, [["mine.csv", sheet().to_csv(index=False)]])
    opens(page, "mine")
    assert page.evaluate("lab.bars.rows") == 200
    page.click("#bars")
    assert page.locator("#source-list li").first.inner_text().split() == ["mine", "mine.csv"]


def test_a_korean_file_is_opened_from_the_button(page, lab):
    visit(page, lab, lang="ko")
    names = {"date": "일자", "open": "시가", "high": "고가", "low": "저가", "close": "종가", "volume": "거래량"}
    frame = sheet().rename(columns=names)[list(names.values())]
    page.set_input_files("#file", payload("삼성전자.csv", frame, "cp949"))
    opens(page, "삼성전자")


def test_a_broken_file_is_told_so_and_the_bars_stay(page, lab):
    visit(page, lab)
    drop(page, [["broken.csv", "date,close\nyesterday,five\n"]])
    page.wait_for_selector("#file-problem")
    assert "no column for open" in page.locator("#file-problem").inner_text()
    page.keyboard.press("Escape")
    assert page.evaluate("lab.bars.symbol") == "AAPL"


def test_faulty_rows_are_left_out_when_one_says_so(page, lab):
    visit(page, lab)
    frame = sheet()
    frame.loc[5, "low"] = -3.0
    page.set_input_files("#file", payload("faulty.csv", frame))
    page.click("#leave-out")
    opens(page, "faulty")
    assert page.evaluate("lab.bars.rows") == 199


def test_a_file_that_is_too_large_is_not_sent(page, lab):
    visit(page, lab)
    page.evaluate("lab.state.spec.most_bytes = 2048")
    page.set_input_files("#file", payload("large.csv", sheet()))
    page.wait_for_selector("#file-problem")
    assert "at most 0" in page.locator("#file-problem").inner_text()


def test_a_symbol_of_a_file_of_several_is_chosen(page, lab):
    visit(page, lab)
    frame = pd.concat([sheet(seed=seed, symbol=name) for seed, name in enumerate(("AA", "BB", "CC"))])
    page.set_input_files("#file", payload("set.csv", frame))
    page.wait_for_function("() => document.querySelectorAll('#source-list li').length === 3")
    page.click("#source-1")
    opens(page, "BB")


def test_a_set_is_searched(page, tmp_path):
    names = [f"S{number:03}" for number in range(300)]
    pd.concat([sheet(80, seed=seed, symbol=name) for seed, name in enumerate(names)]).to_parquet(
        tmp_path / "set.parquet"
    )
    with open_lab(str(tmp_path / "set.parquet"), port=0) as lab:
        visit(page, lab)
        assert page.evaluate("lab.bars.symbol") == "S000"
        page.click("#bars")
        assert page.locator("#source-list li").count() == 200
        page.keyboard.type("s28")
        assert page.locator("#source-list li").count() == 10
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Enter")
        opens(page, "S281")


def test_a_reload_keeps_the_token(chromium):
    with open_lab(walk_bars(200, seed=3), port=0, framed=True) as lab:
        page = chromium.new_page()
        page.goto(lab.url)
        settle(page)
        page.evaluate("lab.state.set({ lr: '0.02' })")
        page.wait_for_url("**?lr=0.02")
        page.reload()
        settle(page)
        assert "token" not in page.url
        page.close()


def test_without_its_token_the_page_says_why(chromium):
    with open_lab(walk_bars(200, seed=3), port=0, framed=True) as lab:
        page = chromium.new_page()
        page.goto(lab.url.partition("?")[0])
        page.wait_for_selector("#problem:not([hidden])")
        assert "takes a token" in page.locator("#problem").inner_text()
        page.close()
