"""The section on intervals: sentences, picture and table of what was judged."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
from rich.console import Console
from tests.report.conftest import figures_of, make_judgement, make_result, without_scripts

from nextclose.judging.judge import judge
from nextclose.report.judgement import render_judgement
from nextclose.report.page import render
from nextclose.report.terminal import print_judgement, print_study


def section_of(page):
    (found,) = re.findall(r'<section id="intervals">.*?</section>', without_scripts(page), flags=re.DOTALL)
    return found


@pytest.mark.parametrize("symbols", [1, 3])
def test_a_judged_file_shows_each_models_intervals(symbols):
    judged = make_judgement(symbols=symbols)
    page = render_judgement(judged, "en")
    section = section_of(page)
    traces = {trace["name"]: trace for trace in figures_of(page)["intervals"]["data"]}
    assert len(judged.intervals) == len(traces) == 2
    for row in judged.intervals:
        assert row.sentence in section
        assert f"{row.worst.date}<small>{100 * row.worst.coverage:.0f} %</small>" in section
        shares = [100.0 * third.coverage for third in (row.calm, row.middle, row.wild)]
        assert traces[row.model]["y"] == pytest.approx(shares, rel=1e-6)
    (claimed,) = figures_of(page)["intervals"]["layout"]["shapes"]
    assert claimed["y0"] == 90.0
    assert f"Up to {20 * symbols} forecasts of a model" in section


def test_a_study_shows_sentences_of_recipes_and_a_row_of_everything():
    result = make_result()
    judged = judge(result.table, kinds={"persistence": "baseline"})
    page = render(replace(result, intervals=judged.intervals), "en")
    section = section_of(page)
    assert section.count("<dt>") == 2
    assert len(re.findall(r"<tr", section)) == 1 + len(judged.intervals)
    assert "persistence" in {trace["name"] for trace in figures_of(page)["intervals"]["data"]}


def test_without_intervals_there_is_no_section_and_no_line():
    judged = make_judgement(intervals=False)
    assert 'id="intervals"' not in render_judgement(judged, "en")
    console = Console(width=100, record=True, file=None)
    with console.capture() as captured:
        print_judgement(judged, console, "en")
    assert "intervals cover" not in captured.get()


def test_few_sessions_have_a_table_with_reasons_and_no_picture():
    page = render_judgement(make_judgement(n=12), "en")
    section = section_of(page)
    assert "intervals" not in figures_of(page)
    assert "returns of its symbol behind it" in section
    assert "nan" not in section.lower()


def test_the_terminal_says_a_line_a_recipe_after_the_verdicts():
    result = make_result()
    rows = judge(result.table, kinds={"persistence": "baseline"}).intervals
    console = Console(width=400)
    with console.capture() as captured:
        print_study(replace(result, intervals=rows), console)
    text = captured.get()
    lines = [line.rstrip() for line in text.splitlines()]
    sentences = {row.model: row.sentence for row in rows}
    assert sentences["tutorial"] in lines
    assert sentences["default"] in lines
    assert sentences["persistence"] not in lines
    assert text.index(result.models[0].sentence[:40]) < text.index(sentences["default"])


def test_korean_pages_speak_korean_of_intervals():
    section = section_of(render_judgement(make_judgement(symbols=2, lang="ko"), "ko"))
    for word in ("예측 구간", "잔잔함", "최악의 거래일", "가장 나빴던 거래일"):
        assert word in section
    assert not re.search(r"\b(calm|worst|score)\b", section)


def test_intervals_of_one_model_alone_are_not_drawn_for_the_others():
    table = make_judgement(models=("net", "ridge")).table
    lo = np.where(table.model == "ridge", np.nan, table.lo)
    judged = judge(table.replace(lo=lo))
    page = render_judgement(judged, "en")
    assert [trace["name"] for trace in figures_of(page)["intervals"]["data"]] == ["net"]
