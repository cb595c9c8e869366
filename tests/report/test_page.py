from __future__ import annotations

import json
import re
from html import escape

import pytest
from tests.report.conftest import make_result

from nextclose.core.errors import SettingsError
from nextclose.report import write_report
from nextclose.report.html import Markup, tag
from nextclose.report.page import render
from nextclose.report.words import DASH, percent, price, pvalue, signed

SECTIONS = ("verdict", "tomorrow", "ladder", "forecast", "error", "bars", "learning", "table", "data", "settings")


def without_scripts(page: str) -> str:
    return re.sub(r"<(script|style).*?</\1>", "", page, flags=re.DOTALL)


def test_sections_stand_in_the_order_a_reader_asks(result):
    page = without_scripts(render(result, "en"))
    places = [page.index(f'id="{name}"') for name in SECTIONS]
    assert places == sorted(places)
    assert escape(result.models[0].sentence, quote=False) in page


def test_the_page_needs_nothing_from_outside(result):
    page = render(result, "en")
    assert "Plotly.react" in page
    assert re.findall(r'(?:src|href)\s*=\s*["\']', without_scripts(page)) == []
    (style,) = re.findall(r"<style>.*?</style>", page, flags=re.DOTALL)
    assert re.findall(r"@import|url\(", style) == []


def test_every_figure_has_its_data(result):
    page = render(result, "en")
    wanted = re.findall(r'data-figure="([^"]+)"', page)
    found = dict(re.findall(r'<script type="application/json" id="([^"]+)">(.*?)</script>', page, flags=re.DOTALL))
    assert sorted(wanted) == sorted(found)
    for text in found.values():
        assert json.loads(text)["data"]


def test_a_users_text_never_becomes_markup():
    evil = "</script><script>alert(1)</script><b>"
    page = render(make_result(symbol=evil, note=evil), "en")
    assert "<script>alert" not in page
    assert "<b>" not in without_scripts(page)
    assert "&lt;b&gt;" in page


def test_the_same_study_gives_the_same_bytes(result):
    assert render(result, "en") == render(make_result(), "en")


def test_korean_pages_speak_korean():
    page = without_scripts(render(make_result(lang="ko"), "ko"))
    assert 'lang="ko"' in page
    for word in ("판정", "내일", "사다리", "예측과 실제", "지속성 예측"):
        assert word in page
    assert "Verdict" not in page


def test_what_is_not_known_is_a_dash_with_its_reason(result):
    page = without_scripts(render(result, "en"))
    assert f'<td class="num">{DASH}</td>' in page
    assert "tutorial: too few errors" in page
    assert "nan" not in page.lower()


@pytest.mark.parametrize("odd", [{"n": 1}, {"ladder": False}, {"losses": False}, {"dated": False}])
def test_odd_studies_have_a_page_too(odd):
    page = render(make_result(**odd), "en")
    assert page.startswith("<!doctype html>")
    assert ('id="ladder"' in page) == odd.get("ladder", True)


def test_a_report_is_written_whole_or_not_at_all(result, tmp_path):
    path = write_report(result, tmp_path / "보고서.html", lang="ko")
    assert path.read_text(encoding="utf-8").endswith("</html>\n")
    (tmp_path / "file").write_text("x", encoding="utf-8")
    with pytest.raises(SettingsError, match="cannot write the report"):
        write_report(result, tmp_path / "file" / "r.html")
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["file", "보고서.html"]


def test_numbers_are_written_as_people_write_them():
    assert [price(value) for value in (71_700.0, 430.47, 0.5, float("nan"), None)] == [
        "71,700",
        "430.47",
        "0.5000",
        DASH,
        DASH,
    ]
    assert [signed(value) for value in (0.0012, -976.2, float("inf"))] == ["+0.001", "-976", DASH]
    assert [pvalue(value) for value in (0.0004, 0.05, float("nan"))] == ["< 0.001", "0.050", DASH]
    assert percent(0.5449) == "54.5 %"


def test_tags_escape_all_but_markup():
    assert (
        tag("p", "a < b", Markup("<b>c</b>"), class_="x", data_n='"')
        == '<p class="x" data-n="&quot;">a &lt; b<b>c</b></p>'
    )
