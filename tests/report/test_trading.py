"""The last section of a report, the curves in it, and the table on the terminal."""

from __future__ import annotations

import io
import re
from dataclasses import replace

import numpy as np
import pytest
from rich.cells import cell_len
from rich.console import Console
from tests.report.conftest import figures_of, full_result, make_judgement, make_result, without_scripts

from nextclose.core.trading import TradingRules
from nextclose.judging.trading import trade
from nextclose.report.judgement import render_judgement
from nextclose.report.page import render
from nextclose.report.terminal import print_judgement
from nextclose.report.trading import equity_figure


def traded_judgement(*, lang="en", **more):
    judged = make_judgement(lang=lang, **more)
    return replace(judged, trading=trade(judged.table, TradingRules(entry="close"), lang=lang))


def test_a_study_ends_with_its_trades_by_the_default_rules():
    page = render(full_result(), "en")
    seen = without_scripts(page)
    sections = re.findall(r'<section id="(\w+)"', seen)
    assert sections[-1] == "trading"
    section = seen[seen.index('id="trading"') :]
    assert "traded at the next open" in section
    assert "Costs: 5 bp" in section
    for name in ("tutorial", "default", "buy-and-hold"):
        assert f'scope="row">{name}<' in section
    assert 'scope="row">ridge<' not in section
    assert figures_of(page)["trading"]["data"][0]["name"] == "buy-and-hold"


def test_a_study_without_a_truth_has_no_trades():
    study = make_result()
    blank = study.table.replace(y=np.full(len(study.table), np.nan))
    assert 'id="trading"' not in without_scripts(render(replace(study, table=blank), "en"))


def test_a_judged_page_has_trades_only_where_they_were_asked():
    assert 'id="trading"' not in render_judgement(make_judgement(), "en")
    assert 'id="trading"' in render_judgement(traded_judgement(), "en")
    assert "덧붙임: 거래" in render_judgement(traded_judgement(lang="ko"), "ko")


def test_the_curve_starts_at_one_and_ends_at_the_tables_equity():
    traded = traded_judgement().trading
    figure = equity_figure(traded, traded.rows, "en")
    for row in (*traded.rows, traded.buy_and_hold):
        (curve,) = (t for t in figure["data"] if t["name"] == row.name and t.get("showlegend", True))
        assert (curve["x"][0], curve["y"][0]) == (traded.start, 1.0)
        assert curve["y"][-1] == pytest.approx(row.final, rel=1e-6)
    undated = equity_figure(replace(traded, start=""), traded.rows, "en")
    assert len(undated["data"][0]["x"]) == len(traded.dates)


@pytest.mark.parametrize("lang", ["en", "ko"])
@pytest.mark.parametrize("width", [80, 100])
def test_the_terminal_keeps_every_word(lang, width):
    stream, judged = io.StringIO(), traded_judgement(lang=lang)
    print_judgement(judged, Console(file=stream, width=width, highlight=False), lang)
    text = stream.getvalue()
    shown = text[text.index({"en": "An afterthought", "ko": "덧붙임"}[lang]) :]
    assert max(cell_len(line) for line in shown.splitlines()) <= width
    assert "…" not in shown
    for word in ("net", "ridge", {"en": "buy-and-hold", "ko": "매수 후 보유"}[lang]):
        assert re.search(rf"^ {word}  ", shown, flags=re.MULTILINE), word
    assert "".join(judged.trading.told.split()) in "".join(shown.split())
    assert "persistence" not in shown
