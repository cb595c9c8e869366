"""The pictures of a market: bars that count every symbol, groups of equal size, curves that end at the skill."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from tests.report.synthetic_market import make_view

from nextclose.report.document import Pictures
from nextclose.report.html import void
from nextclose.report.market_deciles import DOTS, GROUPS, decile_figure
from nextclose.report.market_skill import skill_figure, skill_section
from nextclose.report.market_time import monthly, time_figure
from nextclose.report.market_view import SessionSums
from nextclose.report.market_words import compact
from nextclose.report.words import percent

NAN = float("nan")


def test_bars_and_words_count_every_symbol():
    view = make_view(symbols=2_000)
    own = view.by_symbol["default"]
    drawn = sum(sum(trace["y"]) for trace in skill_figure(own, "en")["data"])
    low, high = skill_figure(own, "en")["layout"]["xaxis"]["range"]
    below, above = (int(np.count_nonzero(beyond)) for beyond in (own.skill < low, own.skill >= high))
    assert drawn + below + above == 2_000
    assert below > 0
    page = skill_section(view, Pictures("en"))
    assert f"{below} symbols below the picture, the lowest at {own.skill.min():+.3f}." in page


def test_bars_are_split_by_verdict_at_zero():
    own = make_view(symbols=500).by_symbol["default"]
    figure = skill_figure(own, "en")
    counts = {trace["name"]: sum(trace["y"]) for trace in figure["data"]}
    assert set(counts) == {"beats persistence", "worse", "no difference"}
    for trace in figure["data"]:
        centres = np.array(trace["x"])[np.array(trace["y"]) > 0]
        if trace["name"] == "beats persistence":
            assert (centres > 0.0).all()
        if trace["name"] == "worse":
            assert (centres < 0.0).all()


@pytest.mark.parametrize("skill", [[0.0], [NAN, 0.2], [-82.0, -82.0], [-1e-9, 1e-9, 1e9]])
def test_odd_skills_have_a_picture(skill):
    own = make_view(symbols=len(skill)).by_symbol["default"]
    figure = skill_figure(replace(own, skill=np.array(skill)), "en")
    low, high = figure["layout"]["xaxis"]["range"]
    assert low < 0.0 < high


def test_groups_hold_each_known_symbol_once_lowest_first():
    view = make_view(symbols=213)
    value = view.value.copy()
    value[::7] = NAN
    figure, groups = decile_figure(view, value, str, "axis")
    assert sorted(np.concatenate(groups).tolist()) == np.flatnonzero(np.isfinite(value)).tolist()
    assert {len(group) for group in groups} <= {18, 19}
    assert all(value[a].max() <= value[b].min() for a, b in itertools.pairwise(groups))
    diamonds = [
        trace for trace in figure["data"] if trace["marker"].get("symbol") == "diamond" and trace["visible"] is True
    ]
    (shown,) = diamonds
    assert shown["name"] == "default"
    medians = [np.median(view.by_symbol["default"].skill[group]) for group in groups]
    assert shown["y"] == pytest.approx(medians, rel=1e-6)
    assert len(figure["layout"]["xaxis"]["ticktext"]) == GROUPS


def test_dots_are_thinned():
    view = make_view(symbols=6_000)
    figure, _ = decile_figure(view, view.volatility, percent, "axis")
    dots = [trace for trace in figure["data"] if trace["marker"].get("opacity")]
    assert [trace["legendgroup"] for trace in dots] == ["tutorial", "default"]
    assert all(len(trace["x"]) == len(trace["y"]) <= DOTS for trace in dots)


def test_the_curve_ends_at_the_skill_and_a_month_is_its_own():
    view = make_view()
    for trace in time_figure(view)["data"]:
        sums = view.by_session[trace["name"]]
        if "yaxis" not in trace:
            assert trace["y"][-1] == pytest.approx(1.0 - sums.lost.sum() / sums.base.sum(), rel=1e-5)
            assert trace["visible"] == (True if trace["name"] == "default" else "legendonly")
    dates = np.array(["2024-01-30", "2024-01-31", "2024-02-01"], dtype="datetime64[D]")
    sums = SessionSums(
        dates=dates, lost=np.array([1.0, 2.0, 3.0]), base=np.array([2.0, 2.0, 0.0]), n=np.ones(3, np.int64)
    )
    months, skill = monthly(sums)
    assert months.astype(str).tolist() == ["2024-01", "2024-02"]
    np.testing.assert_array_equal(skill, [0.25, NAN])


@pytest.mark.parametrize(
    ("value", "en", "ko"),
    [
        (932.4e9, "932B", "9,324억"), (1.234e12, "1.23T", "1.23조"), (12.0, "12", "12"), (99_960.0, "100K", "10만"),
        (4.7e7, "47M", "4,700만"), (NAN, "—", "—"), (0.0, "0", "0"),
    ],
)  # fmt: skip
def test_money_is_written_in_units_of_the_language(value, en, ko):
    assert (compact(value, "en"), compact(value, "ko")) == (en, ko)


def test_an_element_without_an_end_is_escaped_too():
    assert (
        void("input", type="search", placeholder='"><b>') == '<input type="search" placeholder="&quot;&gt;&lt;b&gt;">'
    )
