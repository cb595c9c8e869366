from __future__ import annotations

import os
import re
from dataclasses import replace
from html import escape

import numpy as np
import pytest
from tests.report.conftest import figures_of, make_judgement, without_scripts

from nextclose.core.errors import SettingsError
from nextclose.core.forecasts import Forecasts
from nextclose.judging.judge import judge
from nextclose.report import write_judgement
from nextclose.report.drawn import shared_rows
from nextclose.report.judgement import render_judgement
from nextclose.report.symbols import LIMIT

NAN = float("nan")
SHAPES = [
    {"models": ("net",)},
    {"models": ("a", "b", "c", "d", "e", "f", "g")},
    {"symbols": 12, "models": ("a", "b", "c", "ridge")},
    {"n": 6},
    {"n": 1},
    {"intervals": False},
    {"steps": 3},
    {"steps": 3, "symbols": 2},
    {"models": ("persistence",)},
]


def seen(page):
    """The words of a page."""
    return re.sub(r"<[^>]*>", " ", without_scripts(page))


def places(page, *names):
    return [page.index(f'id="{name}"') for name in names]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("lang", ["en", "ko"])
def test_every_shape_of_a_table_has_a_page(shape, lang):
    judged = make_judgement(lang=lang, **shape)
    page = render_judgement(judged, lang)
    words = seen(page)
    assert "nan" not in words.lower()
    assert figures_of(page).keys() == set(re.findall(r'data-figure="data-([^"]+)"', page))
    for row in judged.models:
        if row.name != "persistence" or len(judged.models) == 1:
            assert escape(row.sentence, quote=False) in page
        if row.name != "persistence" and row.shift is not None:
            assert escape(row.shift.sentence, quote=False) in page
    for contest in judged.contests:
        assert escape(contest.sentence, quote=False) in page


def test_sections_stand_in_the_order_a_reader_asks():
    page = without_scripts(render_judgement(make_judgement(), "en"))
    found = places(page, "verdict", "shift", "forecast", "error", "contest", "table", "tests")
    assert found == sorted(found)
    assert 'id="alarm"' not in page
    assert 'id="symbols"' not in page
    assert "<code>예측.csv</code> · 2 models · 1 symbol · 60 sessions · " in page


def test_several_symbols_are_shown_symbol_by_symbol_instead_of_as_curves():
    page = without_scripts(render_judgement(make_judgement(symbols=3), "en"))
    found = places(page, "verdict", "shift", "symbols", "error", "table")
    assert found == sorted(found)
    assert 'id="forecast"' not in page


def test_the_curve_of_skill_ends_at_the_tables_skill_over_several_symbols():
    judged = make_judgement(symbols=4)
    skills = {row.name: row.skill for row in judged.models}
    traces = figures_of(render_judgement(judged, "en"))["error"]["data"]
    ends = {trace["name"]: trace["y"][-1] for trace in traces if "yaxis" not in trace}
    assert ends == pytest.approx(skills, rel=1e-6)


def test_a_model_that_missed_sessions_is_drawn_on_those_that_all_made():
    judged = make_judgement()
    whole = judged.table
    part = whole.where((whole.model == "net") | (np.arange(len(whole)) % 2 == 0))
    rows = shared_rows(part.where(np.arange(len(part))[::-1]), 1)
    assert [len(own) for own in rows.values()] == [30, 30]
    for own in rows.values():
        assert (np.diff(own.target_date) > np.timedelta64(0)).all()


def test_the_nearest_bar_is_full_and_the_closes_stand_in_the_order_of_time():
    (row,) = (judged := make_judgement(models=("net",))).models
    (bars,) = figures_of(render_judgement(judged, "en"))["shift"]["data"]
    assert bars["x"] == ["3 before", "2 before", "1 before", "last close", "target", "session after"]
    assert bars["y"] == pytest.approx(row.shift.distances[::-1], rel=1e-6)
    full = [word for word, opacity in zip(bars["x"], bars["marker"]["opacity"], strict=True) if opacity == 1.0]
    assert full == ["last close"]


def test_an_alarm_shows_the_forecasts_dated_otherwise():
    table = make_judgement(models=("net",)).table
    leak = judge(table.replace(yhat=table.y * 1.0001))
    page = without_scripts(render_judgement(leak, "en"))
    (alarm,) = re.findall(r'<section id="alarm">.*?</section>', page, flags=re.DOTALL)
    assert leak.models[0].rejudged
    for found in leak.models[0].rejudged:
        assert f"{found.skill:+.3f}<small>n = {found.n}</small>" in alarm


@pytest.mark.parametrize(("symbols", "models"), [(4, 2), (40, 2), (3, 26)])
def test_the_table_of_symbols_has_at_most_fifty_rows(symbols, models):
    judged = make_judgement(n=8, symbols=symbols, models=tuple(f"m{number}" for number in range(models)))
    page = without_scripts(render_judgement(judged, "en"))
    (section,) = re.findall(r'<section id="symbols">.*?</section>', page, flags=re.DOTALL)
    counts, listed = re.findall(r"<tbody>(.*?)</tbody>", section, flags=re.DOTALL)
    assert counts.count("<tr") == models
    assert listed.count("<tr") == min(LIMIT, symbols * models)
    ranked = sorted((row for row in judged.symbols if row.model == "m0"), key=lambda row: row.skill)
    for row in (ranked[0], ranked[-1]):
        assert f'm0</th><td class="word">{row.symbol}</td>' in listed


def test_every_test_has_a_row_a_model_with_what_it_supposes():
    judged = make_judgement()
    page = without_scripts(render_judgement(judged, "en"))
    (section,) = re.findall(r'<section id="tests">.*?</section>', page, flags=re.DOTALL)
    groups = re.findall(r"<tbody>(.*?)</tbody>", section, flags=re.DOTALL)
    assert [group.count("<tr") for group in groups] == [2] * 5
    row = judged.models[0]
    for group, found in zip(groups, (row.dm, row.dm_abs, row.cw, row.pt, row.mz), strict=True):
        assert escape(f"null: {found.null}", quote=False) in group
        assert f'<td class="num">{found.pvalue:.3f}</td>' in group or "< 0.001" in group.replace("&lt;", "<")


def test_columns_that_nobody_has_are_left_out_with_the_reason():
    with_, without = (seen(render_judgement(make_judgement(intervals=given), "en")) for given in (True, False))
    assert "interval score: no forecast has an interval" not in with_
    assert "Brier, Brier, base: no forecast has a probability (p_up)" in without
    assert "interval score: no forecast has an interval" in without


def test_forecasts_without_any_truth_have_a_page():
    table = make_judgement().table
    judged = judge(table.replace(y=np.full(len(table), NAN)))
    page = without_scripts(render_judgement(judged, "en"))
    assert "too few to tell" in page
    assert 'id="error"' not in page
    assert judged.notes[0] in page
    assert "nan" not in seen(page).lower()


def test_a_users_text_never_becomes_markup():
    evil = "</script><script>alert(1)</script><marquee onload='x'>\"&amp;"
    table = make_judgement(symbols=2).table
    own = np.where(table.model == "net", evil, table.model).astype(object)
    symbols = np.where(table.symbol == "S00", evil, "삼성전자").astype(object)
    judged = replace(judge(table.replace(model=own, symbol=symbols)), source=evil)
    page = render_judgement(judged, "en")
    assert "<script>alert" not in page
    assert "<marquee" not in page
    assert "삼성전자" in page
    assert evil in figures_of(page)["symbols"]["data"][0]["text"]


def test_the_same_judgement_gives_the_same_bytes_and_needs_nothing_from_outside():
    page = render_judgement(make_judgement(), "en")
    assert page == render_judgement(make_judgement(), "en")
    assert re.findall(r"\b(?:src|href)\s*=", without_scripts(page)) == []


def test_korean_pages_speak_korean():
    page = without_scripts(render_judgement(make_judgement(symbols=2, lang="ko"), "ko"))
    for word in (
        "이 예측은 &#x27;내일",
        "판정",
        "마지막 종가의 복사본일까?",
        "종목별로",
        "여러 모형을 한꺼번에",
        "귀무가설",
    ):
        assert word.replace("&#x27;", "'") in page
    assert "Verdict" not in page


def test_a_page_is_written_whole_or_not_at_all(tmp_path):
    judged = make_judgement(lang="ko")
    path = write_judgement(judged, tmp_path / "판정.html")
    assert 'lang="ko"' in path.read_text(encoding="utf-8")
    write_judgement(judged, str(path), "en")
    assert 'lang="en"' in path.read_text(encoding="utf-8")
    for place in (tmp_path / "nowhere" / "r.html", tmp_path, tmp_path / ("x" * 300)):
        with pytest.raises(SettingsError, match="cannot write the report"):
            write_judgement(judged, place)
    assert [entry.name for entry in tmp_path.iterdir()] == ["판정.html"]


def test_a_table_of_steps_says_which_one_is_drawn():
    judged = make_judgement(steps=2)
    page = without_scripts(render_judgement(judged, "en"))
    assert "The picture shows step 1." in page
    assert "net, step 2" in page
    assert isinstance(judged.table, Forecasts)


def test_a_device_is_not_replaced_by_a_page(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(SettingsError, match="it is a device"):
        write_judgement(make_judgement(), pipe)
    assert pipe.is_fifo()
