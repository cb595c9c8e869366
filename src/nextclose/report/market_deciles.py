"""Skill against what is known of a symbol before the test span: how much of it is traded, and how much it moves."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from nextclose.core.lang import say
from nextclose.core.types import Float64s, Ints
from nextclose.report.document import Pictures
from nextclose.report.drawn import Drawn, best_model, drawn
from nextclose.report.html import Markup, section, tag
from nextclose.report.market_view import MarketView
from nextclose.report.market_words import compact, nearest, recipe_names
from nextclose.report.traces import Figure, figure, level, numbers
from nextclose.report.words import percent, signed

GROUPS = 10
DOTS = 1_200
"""Symbols that are drawn as dots, at most: more would weigh the page down and cover each other."""
EDGES = (2.0, 98.0)
"""Percentiles of the skills whose dots are drawn."""
FEWEST = 20
"""Symbols without which no groups are made."""


def decile_section(view: MarketView, pictures: Pictures) -> Markup:
    """Two pictures side by side; nothing where too few symbols are known."""
    lang = view.lang
    money: Callable[[float], str] = lambda value: compact(value, lang)  # noqa: E731
    pairs = [
        _part(view, view.value, money, pictures, say("By liquidity", lang),
              say("median close × volume of a session before the test span", lang)),
        _part(view, view.volatility, lambda value: percent(value, 1), pictures, say("By volatility", lang),
              say("standard deviation of the daily log return before the test span", lang)),
    ]  # fmt: skip
    parts = [part for part in pairs if part]
    if not parts:
        return Markup("")
    lead = say(
        "The symbols in ten groups of equal size. The diamond is a group's median skill, the thick bar its middle half, the "
        "thin one its middle four fifths; faint dots are symbols.",
        lang,
    )
    title = say("Where the skill lies", lang)
    return section(title, lead, tag("div", *parts, class_="multiples"), id_="where")


def decile_figure(
    view: MarketView, values: Float64s, shown: Callable[[float], str], axis: str
) -> tuple[Figure, list[Ints]]:
    """The picture of every model over the groups of `values` (S,), and the groups: rows of the view, lowest first."""
    ranked = np.flatnonzero(np.isfinite(values))
    ranked = ranked[np.argsort(values[ranked], kind="stable")]
    groups = np.array_split(ranked, GROUPS)
    names = recipe_names(view)
    traces: list[Figure] = []
    for own in drawn(nearest(view)):
        if own.name in view.by_symbol:
            skill = view.by_symbol[own.name].skill
            traces += [*_dots(own, skill, ranked, wanted=own.name in names), *_spread(own, skill, groups)]
    made = figure(traces, y=say("skill", view.lang), dates=False, height=360)
    middles = [float(np.median(values[group])) for group in groups]
    made["layout"]["xaxis"] = {
        "title": {"text": axis}, "range": [0.4, GROUPS + 0.6], "showgrid": False,
        "tickvals": list(range(1, GROUPS + 1)), "ticktext": [shown(value) for value in middles],
        "tickfont": {"size": 11},
    }  # fmt: skip
    made["layout"]["shapes"] = [level(0.0)]
    made["layout"]["hovermode"] = "closest"
    return made, groups


def _part(
    view: MarketView, values: Float64s, shown: Callable[[float], str], pictures: Pictures, title: str, axis: str
) -> Markup:
    if np.count_nonzero(np.isfinite(values)) < FEWEST or not nearest(view):
        return Markup("")
    made, groups = decile_figure(view, values, shown, axis)
    place = pictures.place(f"where-{len(pictures.figures)}", made)
    said = _ends(view, values, groups, shown)
    return tag("div", tag("h3", title), place, *([tag("p", said, class_="notes")] if said else []))


def _ends(view: MarketView, values: Float64s, groups: Sequence[Ints], shown: Callable[[float], str]) -> str:
    """The best recipe's median skill at both ends, in words."""
    name = best_model(nearest(view))
    if name not in view.by_symbol:
        return ""
    skill = view.by_symbol[name].skill
    low, high = (_median(skill[group]) for group in (groups[0], groups[-1]))
    return say(
        "{model}: median skill {low} in the lowest tenth (up to {low_end}), {high} in the highest (from {high_end}).",
        view.lang,
        model=name,
        low=signed(low),
        high=signed(high),
        low_end=shown(float(values[groups[0]].max())),
        high_end=shown(float(values[groups[-1]].min())),
    )


def _median(skill: Float64s) -> float:
    known = skill[np.isfinite(skill)]
    return float(np.median(known)) if len(known) else float("nan")


def _dots(own: Drawn, skill: Float64s, ranked: Ints, *, wanted: bool) -> list[Figure]:
    """Symbols by their place in the ranking, evenly thinned; the outermost are left to the bars."""
    known = np.isfinite(skill[ranked])
    if not wanted or not known.any():
        return []
    low, high = np.percentile(skill[ranked][known], EDGES)
    places = np.unique(np.linspace(0, len(ranked) - 1, DOTS).astype(np.int64))
    places = places[(skill[ranked][places] >= low) & (skill[ranked][places] <= high)]
    x = 0.5 + GROUPS * (places + 0.5) / len(ranked)
    return [
        {
            "type": "scatter", "mode": "markers", "x": np.round(x, 2).tolist(),
            "y": np.round(skill[ranked][places], 4).tolist(), "legendgroup": own.name, "showlegend": False,
            "hoverinfo": "skip", "visible": own.visible,
            "marker": {"color": own.colour, "size": 4, "opacity": 0.16, "line": {"width": 0}},
        }
    ]  # fmt: skip


def _spread(own: Drawn, skill: Float64s, groups: Sequence[Ints]) -> list[Figure]:
    """Median, quartiles and outer tenths of each group."""
    five = np.array([_five(skill[group]) for group in groups]).T
    shared = {
        "type": "scatter", "mode": "markers", "x": list(range(1, GROUPS + 1)), "y": numbers(five[2]), "name": own.name,
        "legendgroup": own.name, "visible": own.visible,
    }  # fmt: skip
    bare = {"marker": {"color": own.colour, "size": 1}, "showlegend": False, "hoverinfo": "skip"}
    return [
        {**shared, **bare, "error_y": _bar(own, five[2] - five[0], five[4] - five[2], 1.5)},
        {**shared, **bare, "error_y": _bar(own, five[2] - five[1], five[3] - five[2], 7)},
        {**shared, "marker": {"color": own.colour, "size": 11, "symbol": "diamond", "line": {"color": "paper", "width": 1.5}},
         "hovertemplate": "%{x}: %{y:+.4f}<extra></extra>"},
    ]  # fmt: skip


def _five(skill: Float64s) -> Float64s:
    """10, 25, 50, 75 and 90 % points, (5,)."""
    known = skill[np.isfinite(skill)]
    if not len(known):
        return np.full(5, np.nan)
    points: Float64s = np.percentile(known, (10.0, 25.0, 50.0, 75.0, 90.0))
    return points


def _bar(own: Drawn, down: Float64s, up: Float64s, thickness: float) -> Figure:
    lengths = [np.where(np.isfinite(length), length, 0.0) for length in (down, up)]
    return {
        "type": "data", "symmetric": False, "arrayminus": numbers(lengths[0]), "array": numbers(lengths[1]),
        "color": own.colour + "99", "thickness": thickness, "width": 0,
    }  # fmt: skip
