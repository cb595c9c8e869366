"""The pages of a market run: what they say, what they weigh, and that nothing a user wrote becomes markup."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from html import escape

import numpy as np
import pytest
from tests.report.conftest import figures_of, without_scripts
from tests.report.synthetic_market import BASELINES, RECIPES, make_charts, make_view

from nextclose.core.errors import SettingsError
from nextclose.report import write_market_pages
from nextclose.report.market_page import render_market

SECTIONS = ("verdict", "contest", "skill", "where", "time", "symbols", "table", "tests", "left", "how")
EVIL = "</script><script>alert(1)</script><marquee onload='x'>\"&amp;"
NAN = float("nan")


def columns_in(folder):
    """The columns that the page's table is filled from."""
    return handed_over(folder / "symbols.js")[1]


def handed_over(path):
    """Name and value of a script beside the page."""
    text = path.read_text(encoding="utf-8")
    assert text.startswith("nextclose.receive(")
    return json.loads(f"[{text.removeprefix('nextclose.receive(').removesuffix(');' + chr(10))}]")


def test_sections_stand_in_the_order_a_reader_asks():
    view = make_view()
    page = without_scripts(render_market(view))
    places = [page.index(f'id="{name}"') for name in SECTIONS]
    assert places == sorted(places)
    for row in view.models:
        if row.kind == "recipe":
            assert escape(row.sentence, quote=False) in page


def test_the_head_says_how_much_was_judged_and_how():
    page = without_scripts(render_market(make_view(symbols=60)))
    assert "Can the next close of 60 symbols be predicted?" in page
    assert "clustered by session" in page
    assert "3 of the set left out" in page
    assert "2 recipes, 4 baselines" in page
    assert "a net of its own for each symbol" in page
    assert "one net for all symbols" in render_market(make_view(scope="market"))


@pytest.mark.parametrize(
    ("ended", "said", "boxed"),
    [
        (0, "Every symbol of this set still traded at its end", True),
        (7, "7 symbols of the set end before its last session", False),
        (None, "is not known", False),
    ],
)
def test_a_set_of_survivors_is_called_so(ended, said, boxed):
    page = without_scripts(render_market(make_view(ended_early=ended)))
    assert said in page
    assert ("Survivors only" in page) == boxed


def test_recipes_stand_beside_each_plainer_forecast():
    page = without_scripts(render_market(make_view()))
    (rivals,) = re.findall(r"Beside plainer forecasts</h3>(.*?)</table>", page, flags=re.DOTALL)
    rows = re.findall(r"<tr class=.*?</tr>", rivals, flags=re.DOTALL)
    told = [re.sub(r"<[^>]+>", "|", row) for row in rows]
    assert len(told) == len(RECIPES) * 2
    assert all(("pooled-mean" in row) == ("▼ less accurate" in row) for row in told)
    assert all(("ridge" in row) == ("▲ more accurate" in row) for row in told)
    assert "mean return over every symbol's train span" in page


def test_what_was_left_out_is_counted_by_kind_with_each_reason():
    page = without_scripts(render_market(make_view()))
    assert "<summary><b>too few bars</b> <span>2 symbols</span></summary>" in page
    assert "<summary><b>strange</b> <span>1 symbol</span></summary>" in page
    for text in ("900002", "80 bars, 120 needed", "for a reason of its own"):
        assert text in page
    assert page.index("a price is missing") < page.index("a suspended day")


def test_a_long_list_of_symbols_left_out_is_cut_and_says_so():
    (own, *_) = make_view().left_out
    many = tuple(replace(own, symbol=f"L{number}") for number in range(450))
    page = render_market(make_view(left_out=many))
    assert "250 more are in the run's symbols.parquet." in page
    assert "L199" in page
    assert "L200" not in without_scripts(page)


def test_how_it_was_made_can_be_read():
    page = without_scripts(render_market(make_view()))
    assert "nextclose market run krx_all.parquet --seeds 3" in page
    for text in ("2016-01-04 to 2020-12-30", "refitted every 21 sessions, 5 folds", "fused", "data/krx_all.parquet"):
        assert text in page


def test_the_page_needs_nothing_but_what_lies_beside_it(tmp_path):
    path = write_market_pages(make_view(), tmp_path / "pages", make_charts(make_view(), count=40))
    page = path.read_text(encoding="utf-8")
    assert re.findall(r"\b(?:src|href)\s*=\s*\"([^\"]*)\"", page) == ["plotly.js"]
    assert "http" not in re.sub(r'<script type="application/json".*?</script>', "", page, flags=re.DOTALL)
    assert re.findall(r"@import|url\(|fetch\(|XMLHttpRequest", page) == []
    names = sorted(entry.relative_to(path.parent).as_posix() for entry in path.parent.rglob("*.*"))
    assert names == ["charts/00000.js", "charts/00001.js", "index.html", "plotly.js", "symbols.js"]


def test_the_index_of_three_thousand_symbols_stays_light(tmp_path):
    view = make_view(symbols=3_000, sessions=690)
    path = write_market_pages(view, tmp_path, ())
    assert path.stat().st_size < 500_000
    assert (tmp_path / "symbols.js").stat().st_size < 1_500_000


def test_every_figure_has_its_data():
    page = render_market(make_view())
    wanted = re.findall(r'data-figure="data-([^"]+)"', page)
    found = figures_of(page)
    assert sorted(wanted) == sorted(name for name in found if name != "market-words")
    assert len(wanted) == len(RECIPES) + 2 + 1
    assert all(found[name]["data"] for name in wanted)


def test_the_columns_hold_every_symbol_and_model(tmp_path):
    view = make_view(symbols=7)
    write_market_pages(view, tmp_path, make_charts(view, count=5))
    columns = columns_in(tmp_path)
    assert columns["symbols"] == list(view.symbols)
    assert columns["chart"] == [0, 1, 2, 3, 4, -1, -1]
    assert [own["name"] for own in columns["models"]] == [
        *RECIPES,
        *(name for name in BASELINES if name != "persistence"),
    ]
    assert [own["recipe"] for own in columns["models"]] == [True, True, False, False, False]
    for own in columns["models"]:
        given = view.by_symbol[own["name"]]
        assert own["skill"] == pytest.approx(given.skill, rel=1e-4, abs=1e-6)
        assert own["n"] == given.n.tolist()
    assert columns["leftOut"][0] == ["900001", "12 bars, 120 needed"]


def test_a_users_text_never_becomes_markup(tmp_path):
    view = make_view(names=(EVIL, "삼성전자"), source=f"a/{EVIL}", notes=(EVIL,), command=EVIL)
    left = tuple(replace(own, symbol=EVIL, kind=EVIL, reason=EVIL) for own in view.left_out)
    faults = tuple(replace(own, text=EVIL) for own in view.faults)
    path = write_market_pages(replace(view, left_out=left, faults=faults), tmp_path, make_charts(view))
    page = path.read_text(encoding="utf-8")
    assert "<script>alert" not in page
    assert "<marquee" not in page
    assert columns_in(tmp_path)["symbols"] == [EVIL, "삼성전자"]
    assert [entry.name for entry in (tmp_path / "charts").iterdir()] == ["00000.js"]


def test_korean_pages_speak_korean(tmp_path):
    view = make_view(lang="ko", names=("삼성전자", "카카오"))
    page = without_scripts(write_market_pages(view, tmp_path, ()).read_text(encoding="utf-8"))
    assert 'lang="ko"' in page
    for word in ("판정", "살아남은 종목뿐", "종목별 스킬", "시간에 따라", "모든 종목", "만든 방법", "종목 2개"):
        assert word in page
    for word in ("Verdict", "Survivors", "symbols", "Left out"):
        assert word not in re.sub(r"<[^>]*>", " ", page)
    assert columns_in(tmp_path)["symbols"] == ["삼성전자", "카카오"]


def test_a_market_of_which_nothing_is_known_has_a_page(tmp_path):
    view = make_view(symbols=40)
    blank = np.full(40, NAN)
    columns = {
        name: replace(own, n=np.zeros(40, np.int64), verdict=np.full(40, "", dtype=object), information=None,
                      **dict.fromkeys(("rmse", "skill", "skill_lo", "skill_hi", "directional_accuracy", "coverage"), blank))
        for name, own in view.by_symbol.items()
    }  # fmt: skip
    sums = {name: replace(own, lost=own.lost * NAN, base=own.base * 0.0) for name, own in view.by_session.items()}
    path = write_market_pages(
        replace(view, by_symbol=columns, by_session=sums, value=blank, volatility=blank), tmp_path, ()
    )
    page = without_scripts(path.read_text(encoding="utf-8"))
    assert "nan" not in re.sub(r"<[^>]*>", " ", page).lower()
    assert 'id="skill"' not in page
    assert 'id="where"' not in page
    assert columns_in(tmp_path)["models"][0]["skill"] == [None] * 40


def test_one_symbol_has_a_page(tmp_path):
    view = make_view(symbols=1)
    page = without_scripts(write_market_pages(view, tmp_path, make_charts(view)).read_text(encoding="utf-8"))
    assert "Can the next close of 1 symbol be predicted?" in page
    assert 'id="skill"' in page
    assert 'id="where"' not in page


@pytest.mark.parametrize("lang", ["en", "ko"])
def test_no_symbol_usable_has_a_page_that_says_why(tmp_path, lang):
    view = make_view(symbols=0, lang=lang)
    page = without_scripts(write_market_pages(view, tmp_path, ()).read_text(encoding="utf-8"))
    assert ("No symbol could be used" in page) == (lang == "en")
    for name in SECTIONS:
        assert (f'id="{name}"' in page) == (name in ("left", "how"))
    assert "80 bars, 120 needed" in page


def test_a_market_of_baselines_alone_has_a_page(tmp_path):
    view = make_view(noise=BASELINES)
    page = write_market_pages(view, tmp_path, ()).read_text(encoding="utf-8")
    assert 'id="symbols"' in page
    assert 'id="verdict"' not in page


def test_the_same_view_gives_the_same_bytes():
    assert render_market(make_view()) == render_market(make_view())


def test_pages_are_written_whole_or_not_at_all(tmp_path):
    (tmp_path / "file").write_text("x", encoding="utf-8")
    with pytest.raises(SettingsError, match="cannot write the report"):
        write_market_pages(make_view(symbols=1), tmp_path / "file", ())
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]
