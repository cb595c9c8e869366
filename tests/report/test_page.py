from __future__ import annotations

import re
from dataclasses import replace
from html import escape

import pytest
from tests.report.conftest import figures_of, full_result, make_result, without_scripts

from nextclose.core.errors import SettingsError, UserError
from nextclose.core.results import ModelRow
from nextclose.report import write_report
from nextclose.report.drawn import best_model
from nextclose.report.figures import error_figure, forecast_figure
from nextclose.report.page import render
from nextclose.report.shift import shift_figure

SECTIONS = (
    "verdict", "tomorrow", "ladder", "forecast", "shift", "bars", "error", "learning", "contest", "table", "tests", "data",
    "settings", "trading",
)  # fmt: skip
LARGEST = 6_000_000
"""Bytes of a report: the drawing library is most of it."""


@pytest.mark.parametrize("make", [make_result, full_result])
def test_sections_stand_in_the_order_a_reader_asks(make):
    study = make()
    page = without_scripts(render(study, "en"))
    places = [page.index(f'id="{name}"') for name in SECTIONS]
    assert places == sorted(places)
    assert escape(study.models[0].sentence, quote=False) in page
    for row in study.models:
        assert f'<th class="word" scope="row">{row.name}</th>' in page


def test_the_page_needs_nothing_from_outside(result):
    page = render(result, "en")
    assert "Plotly.react" in page
    assert re.findall(r"\b(?:src|href)\s*=", without_scripts(page)) == []
    (style,) = re.findall(r"<style>.*?</style>", page, flags=re.DOTALL)
    assert re.findall(r"@import|url\(", style) == []


def test_every_figure_has_its_data(result):
    page = render(result, "en")
    wanted = re.findall(r'data-figure="([^"]+)"', page)
    found = figures_of(page)
    assert sorted(found) == ["candles", "error", "forecast", "loss", "shift", "trading"]
    assert sorted(wanted) == [f"data-{name}" for name in sorted(found)]
    for figure in found.values():
        assert figure["data"]


def test_a_reader_without_javascript_sees_a_drawing_and_a_word(result):
    (first, *_) = re.findall(r"<noscript>(.*?)</noscript>", render(result, "en"), flags=re.DOTALL)
    assert first.count("<polyline") == 3
    assert "needs JavaScript" in first


def test_a_users_text_never_becomes_markup():
    evil = "</script><script>alert(1)</script><marquee onload='x'>\"&amp;"
    page = render(make_result(symbol=evil, note=evil), "en")
    assert "<script>alert" not in page
    assert "<marquee" not in page
    assert "&lt;marquee onload='x'&gt;\"&amp;amp;" in page


def test_the_same_study_gives_the_same_bytes(result):
    assert render(result, "en") == render(make_result(), "en")


def test_korean_pages_speak_korean():
    page = without_scripts(render(make_result(lang="ko"), "ko"))
    assert 'lang="ko"' in page
    for word in ("판정", "내일", "사다리", "예측과 실제", "지속성 예측", "상승 확률", "제외"):
        assert word in page
    assert "Verdict" not in page


def test_what_is_not_known_is_a_dash_with_its_reason(result):
    page = without_scripts(render(result, "en"))
    assert '<td class="num">—<sup>1</sup></td>' in page
    assert '<ol class="notes"><li>too few errors</li></ol>' in page
    assert "nan" not in re.sub(r"<[^>]*>", " ", page).lower()


def test_a_finding_says_what_was_done_and_when(result):
    page = without_scripts(render(result, "en"))
    (day,) = result.data.notes[0]["dates"]
    assert (
        f'a price is missing</th><td class="num">1 row</td><td class="word">left out</td><td class="word">{day}' in page
    )


def test_a_study_saved_before_there_were_more_tests_has_a_page():
    study = make_result()
    blank = ModelRow.__dataclass_fields__
    new = ("dm_abs", "mz", "shift", "rejudged", "rmse_e", "mae_e", "relative_mae", "interval_width", "interval_score",
           "brier", "brier_base", "information_pvalue")  # fmt: skip
    rows = tuple(replace(row, **{name: blank[name].default for name in new}) for row in study.models)
    page = without_scripts(render(replace(study, models=rows, contests=()), "en"))
    assert 'id="table"' in page
    assert 'id="shift"' not in page
    assert 'id="contest"' not in page
    assert "Mincer-Zarnowitz" not in page
    assert "nan" not in re.sub(r"<[^>]*>", " ", page).lower()


@pytest.mark.parametrize("odd", [{"n": 1}, {"ladder": False}, {"losses": False}, {"dated": False}, {"folds": 60}])
def test_odd_studies_have_a_page_too(odd):
    page = without_scripts(render(make_result(**odd), "en"))
    assert page.startswith("<!doctype html>")
    assert ('id="ladder"' in page) == odd.get("ladder", True)
    assert ('id="learning"' in page) == odd.get("losses", True)
    assert ("no calendar fits" in page) == (not odd.get("dated", True))
    assert ("24 of 60 folds are drawn." in page) == ("folds" in odd)


def test_the_report_says_how_large_it_is_by_being_no_larger(tmp_path):
    path = write_report(full_result(), tmp_path / "report.html")
    assert path.stat().st_size < LARGEST


def test_a_report_is_written_whole_or_not_at_all(result, tmp_path):
    path = write_report(result, tmp_path / "보고서.html", lang="ko")
    assert path.read_text(encoding="utf-8").endswith("</html>\n")
    (tmp_path / "file").write_text("x", encoding="utf-8")
    with pytest.raises(SettingsError, match="cannot write the report") as caught:
        write_report(result, tmp_path / "file" / "r.html")
    assert isinstance(caught.value, UserError)
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["file", "보고서.html"]


def test_only_the_best_recipe_is_drawn_at_first():
    study = full_result()
    assert best_model(study.models) == "default"
    figures = [draw(study.models, study.table, "en") for draw in (forecast_figure, error_figure)]
    for figure in (*figures, shift_figure(study.models, "en")):
        shown = {trace["name"]: trace["visible"] for trace in figure["data"] if trace.get("showlegend", True)}
        assert shown["default"] is True
        assert shown["tutorial"] == shown["ridge"] == "legendonly"


def test_the_curve_of_skill_ends_at_the_tables_skill():
    study = full_result()
    skills = {row.name: row.skill for row in study.models}
    for trace in error_figure(study.models, study.table, "en")["data"]:
        if trace["name"] in skills and "yaxis" not in trace:
            assert trace["y"][-1] == pytest.approx(skills[trace["name"]], rel=1e-6)
