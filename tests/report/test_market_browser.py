"""The pages of a market run in a real browser: search, sort, filter, pages, charts, and no complaint."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from html import unescape

import numpy as np
import pytest
from tests.report.synthetic_market import make_charts, make_view
from tests.report.test_browser import FLAGS

from nextclose.report import write_market_pages

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("chromium") is None, reason="Chromium is not installed here"),
]
EVIL = "<script>alert(1)</script>\"'&"
HELPERS = """
  const byId = (id) => document.getElementById(id);
  const shown = () => [...document.querySelectorAll(".open")].map((own) => own.textContent);
  const type = (text) => { byId("symbol-search").value = text; byId("symbol-search").dispatchEvent(new Event("input")); };
  const press = (key) => document.activeElement.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
  const later = (ms) => new Promise((done) => setTimeout(done, ms));
  const told = {};
"""


def played(path, script):
    """What `script` puts into `told` on a page; fails where the page complains."""
    ending = """
      const box = document.createElement("pre");
      box.id = "told";
      box.textContent = JSON.stringify(told);
      document.body.append(box);
    """
    play = (
        f'<script>addEventListener("load", async () => {{ await later(200); {script} {ending} }}); {HELPERS}</script>'
    )
    copy = path.with_name("played.html")
    copy.write_text(path.read_text(encoding="utf-8").replace("</body>", f"{play}</body>"), encoding="utf-8")
    done = subprocess.run(
        ["chromium", *FLAGS, f"--user-data-dir={path.parent / 'profile'}", "--dump-dom", copy.as_uri()],
        capture_output=True, text=True, timeout=90,
    )  # fmt: skip
    assert [line for line in done.stderr.splitlines() if "CONSOLE" in line] == []
    (found,) = re.findall(r'<pre id="told">(.*?)</pre>', done.stdout, flags=re.DOTALL)
    return json.loads(unescape(found)), done.stdout


@pytest.fixture
def view():
    return make_view(names=[*(f"{number:06d}" for number in range(60)), "삼성전자", EVIL])


@pytest.fixture
def page(view, tmp_path):
    return write_market_pages(view, tmp_path / "쪽", make_charts(view, count=62))


def test_the_page_opens_with_every_figure_and_the_most_traded_symbols(view, page):
    told, html = played(page, """
      told.shown = shown();
      told.status = byId("symbol-status").textContent;
      told.page = byId("symbol-page").textContent;
    """)  # fmt: skip
    wanted = len(re.findall(r'data-figure="', html))
    assert wanted == 5
    assert len(re.findall(r'class="main-svg"[^>]*>\s*<defs', html)) >= wanted
    most = [view.symbols[i] for i in np.argsort(-view.value)[:25]]
    assert told == {"shown": most, "status": "62 symbols", "page": "1 to 25 of 62"}


def test_search_finds_symbols_and_says_what_was_left_out(page):
    told, _ = played(page, """
      type("삼성"); told.korean = shown();
      type("<SCRIPT"); told.evil = shown(); told.alerts = document.querySelectorAll("#symbol-rows script").length;
      type("90000"); told.none = shown(); told.left = byId("symbol-status").textContent;
      type("00001"); told.few = shown().sort(); told.status = byId("symbol-status").textContent;
    """)  # fmt: skip
    assert told["korean"] == ["삼성전자"]
    assert told["evil"] == [EVIL]
    assert told["alerts"] == 0
    assert told["none"] == []
    assert told["left"].startswith("No symbol matches. · Left out: 900001 (12 bars, 120 needed)")
    assert told["few"] == ["000001", *(f"{number:06d}" for number in range(10, 20))]
    assert told["status"].startswith("11 of 62 symbols")


def test_columns_sort_both_ways_and_pages_turn(view, page):
    told, _ = played(page, """
      const title = document.querySelector('[data-sort="skill/1"]');
      title.click(); told.best = shown(); told.down = title.parentElement.getAttribute("aria-sort");
      title.click(); told.worst = shown(); told.up = title.parentElement.getAttribute("aria-sort");
      document.querySelector('[data-sort="symbol"]').click(); told.first = shown()[0];
      byId("symbol-next").click(); byId("symbol-next").click(); told.last = shown().length;
      told.page = byId("symbol-page").textContent; told.end = byId("symbol-next").disabled;
    """)  # fmt: skip
    order = np.argsort(view.by_symbol["default"].skill)
    assert told["worst"] == [view.symbols[i] for i in order[:25]]
    assert told["best"] == [view.symbols[i] for i in order[::-1][:25]]
    assert (told["down"], told["up"], told["last"], told["page"], told["end"]) == (
        "descending", "ascending", 12, "51 to 62 of 62", True,
    )  # fmt: skip


def test_the_filter_keeps_one_verdict(view, page):
    told, _ = played(page, """
      byId("symbol-filter").value = "1/1"; byId("symbol-filter").dispatchEvent(new Event("change"));
      told.marks = [...document.querySelectorAll("#symbol-rows tr")].map((row) => row.cells[2].querySelector(".mark").title);
      told.status = byId("symbol-status").textContent;
    """)  # fmt: skip
    worse = int(np.count_nonzero(view.by_symbol["default"].verdict == "worse than persistence"))
    assert 0 < worse < 62
    assert set(told["marks"]) == {"worse"}
    assert told["status"] == f"{worse} of 62 symbols"


def test_a_click_opens_the_chart_of_the_symbol_and_another_closes_it(view, page):
    told, _ = played(page, """
      type("삼성전자"); document.querySelector(".open").click(); await later(1500);
      const traces = document.querySelector(".chart").data;
      told.names = [...new Set(traces.filter((own) => own.showlegend !== false).map((own) => own.name))];
      told.truth = traces.find((own) => own.name === "the close that came").y;
      told.forecast = traces.find((own) => own.name === "default" && !own.yaxis && own.showlegend !== false).y;
      told.bands = traces.filter((own) => own.fill === "tonexty").length;
      told.edges = document.querySelector(".chart").layout.shapes.length;
      told.lines = [...document.querySelectorAll(".detail tbody th")].map((own) => own.textContent);
      told.expanded = document.querySelector(".open").getAttribute("aria-expanded");
      document.querySelector(".open").click(); told.closed = document.querySelectorAll(".detail").length;
    """)  # fmt: skip
    (chart,) = [own for own in make_charts(view) if own.symbol == "삼성전자"]
    assert told["names"] == [*view.by_symbol, "last close (persistence)", "the close that came"]
    assert told["truth"] == pytest.approx(chart.y, rel=1e-6)
    assert told["forecast"] == pytest.approx(chart.models["default"].yhat, rel=2e-5)
    assert (told["bands"], told["edges"], told["expanded"], told["closed"]) == (2, len(chart.folds), "true", 0)
    assert told["lines"] == list(view.by_symbol)


def test_the_keyboard_walks_through_the_symbols(page):
    told, _ = played(page, """
      const all = [...document.querySelectorAll(".open")];
      all[0].focus(); press("ArrowDown"); press("ArrowDown"); told.down = all.indexOf(document.activeElement);
      press("ArrowUp"); told.up = all.indexOf(document.activeElement);
      document.activeElement.click(); told.opened = document.querySelectorAll(".detail").length;
      press("Escape"); told.closed = document.querySelectorAll(".detail").length;
    """)  # fmt: skip
    assert told == {"down": 2, "up": 1, "opened": 1, "closed": 0}


def test_a_symbol_without_a_chart_and_a_missing_file_say_so(view, tmp_path):
    page = write_market_pages(view, tmp_path, make_charts(view, count=1))
    told, _ = played(page, """
      type("000001"); document.querySelector(".open").click(); await later(300);
      told.none = document.querySelector(".detail .notes").textContent;
      told.rows = document.querySelectorAll(".detail tbody tr").length;
    """)  # fmt: skip
    assert told == {"none": "This symbol has no chart.", "rows": 5}
    for name in ("charts/00000.js", "plotly.js"):
        (tmp_path / name).unlink()
    told, _ = played(page, """
      type("000000"); document.querySelector(".open").click(); await later(500);
      told.chart = document.querySelector(".detail .notes").textContent;
      told.figures = [...document.querySelectorAll(".figure")].map((own) => own.textContent);
    """)  # fmt: skip
    assert told["chart"] == "charts/00000.js is not beside this page: keep the folder together."
    assert set(told["figures"]) == {"plotly.js is not beside this page: keep the folder together."}
    (tmp_path / "symbols.js").unlink()
    told, _ = played(page, "told.status = byId('symbol-status').textContent;")
    assert told["status"] == "symbols.js is not beside this page: keep the folder together."


@pytest.mark.parametrize("lang", ["en", "ko"])
@pytest.mark.parametrize("symbols", [0, 1])
def test_hardly_any_symbol_is_no_complaint(tmp_path, symbols, lang):
    view = make_view(symbols=symbols, lang=lang)
    told, _ = played(write_market_pages(view, tmp_path, make_charts(view)), "told.shown = shown();")
    assert told["shown"] == list(view.symbols)
