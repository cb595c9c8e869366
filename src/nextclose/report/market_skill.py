"""How skill is spread over the symbols of a market."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from nextclose.core.lang import Lang, say
from nextclose.core.results import Verdict
from nextclose.core.types import Bools, Float64s
from nextclose.report.document import Pictures
from nextclose.report.html import Markup, join, section, table, tag, two_lines
from nextclose.report.market_view import MarketView, SymbolColumns
from nextclose.report.market_words import nearest, recipe_names
from nextclose.report.traces import GREEN, NAIVE, RED, Figure, figure, numbers
from nextclose.report.verdicts import MARKS
from nextclose.report.words import DASH, counted_symbols, interval, percent, signed, verdict_word

BINS = 44
"""Bars of a picture, about."""
EDGES = (1.0, 99.0)
"""Percentiles of the skills that a picture spans; what lies beyond is counted in words."""
SHADES: Mapping[Verdict, tuple[str, float]] = {
    "worse than persistence": (RED, 0.85),
    "no difference found": (NAIVE, 0.5),
    "too few to tell": (NAIVE, 0.22),
    "beats persistence": (GREEN, 0.85),
}
"""Verdict -> colour and opacity, from the bottom of a stack to its top."""


def skill_section(view: MarketView, pictures: Pictures) -> Markup:
    """A histogram a recipe, its bars split by verdict, and the counts of every model."""
    lang = view.lang
    names = [name for name in recipe_names(view) if name in view.by_symbol and _known(view.by_symbol[name]).any()]
    if not names:
        return Markup("")
    lead = say(
        "One skill a symbol; right of 0 is better than repeating the last close. Among many symbols some look good or bad by "
        "chance: coloured are those that remain after Benjamini-Hochberg, which holds the share of false finds below 5 %.",
        lang,
    )
    drawn = tag("div", *(_picture(name, view.by_symbol[name], pictures) for name in names), class_="multiples")
    return section(say("Skill symbol by symbol", lang), lead, _key(lang), drawn, skill_counts(view), id_="skill")


def skill_figure(own: SymbolColumns, lang: Lang) -> Figure:
    """How many symbols have which skill: bars stacked by verdict, the median dotted."""
    edges = _edges(own.skill[_known(own)])
    traces = [_bars(own, verdict, edges, lang) for verdict in SHADES]
    made = figure([trace for trace in traces if any(trace["y"])], y=say("symbols", lang), dates=False, height=270)
    middle = float(np.median(own.skill[_known(own)]))
    made["layout"] |= {
        "barmode": "stack", "bargap": 0.06, "showlegend": False, "hovermode": "closest",
        "shapes": [_upright(0.0, "solid"), _upright(middle, "dot")], "margin": {"l": 60, "r": 16, "t": 12, "b": 44},
    }  # fmt: skip
    made["layout"]["xaxis"] = {"title": {"text": say("skill", lang)}, "range": [edges[0], edges[-1]], "showgrid": False}
    made["layout"]["yaxis"]["nticks"] = 5
    return made


def skill_counts(view: MarketView) -> Markup:
    """How often each verdict fell and where the skills lie, a row a model."""
    lang = view.lang
    head = [
        say("model", lang), say("symbols", lang), two_lines(say("median skill", lang), say("middle four fifths", lang)),
        say("above 0", lang), say("better", lang), say("worse", lang), say("no difference", lang),
        say("too few to tell", lang), say("information seen", lang),
    ]  # fmt: skip
    rows = [row for row in nearest(view) if row.name != "persistence" and row.name in view.by_symbol]
    cells = [(row.name, *_counts(view.by_symbol[row.name])) for row in rows]
    return table(head, cells, quiet=[row.kind == "baseline" for row in rows], class_="board")


def _picture(name: str, own: SymbolColumns, pictures: Pictures) -> Markup:
    """The histogram of a recipe under its name, with what the picture cannot show below."""
    lang = pictures.lang
    place = pictures.place(f"skill-{len(pictures.figures)}", skill_figure(own, lang))
    beyond = _beyond(own, lang)
    return tag("div", tag("h3", name), place, *([tag("p", beyond, class_="notes")] if beyond else []))


def _beyond(own: SymbolColumns, lang: Lang) -> str:
    """How many symbols lie outside the picture, and how far."""
    skill = own.skill[_known(own)]
    edges = _edges(skill)
    below, above = skill[skill < edges[0]], skill[skill >= edges[-1]]
    said = []
    if len(below):
        said.append(
            say("{symbols} below the picture, the lowest at {skill}.", lang,
                symbols=counted_symbols(len(below), lang), skill=signed(float(below.min())))
        )  # fmt: skip
    if len(above):
        said.append(
            say("{symbols} above it, the highest at {skill}.", lang,
                symbols=counted_symbols(len(above), lang), skill=signed(float(above.max())))
        )  # fmt: skip
    return " ".join(said)


def _known(own: SymbolColumns) -> Bools:
    known: Bools = np.isfinite(own.skill)
    return known


def _edges(skill: Float64s) -> Float64s:
    """Ends of round bars, one of them 0, that hold nearly every skill."""
    low, high = (float(edge) for edge in np.percentile(skill, EDGES))
    low, high = min(low, 0.0), max(high, 0.0)
    width = _round((high - low) / BINS or 0.01)
    edges: Float64s = width * np.arange(np.floor(low / width) - 1, np.ceil(high / width) + 2)
    return edges


def _round(width: float) -> float:
    """The next 1, 2 or 5 times a power of ten."""
    power = 10.0 ** np.floor(np.log10(width))
    return float(next(step * power for step in (1.0, 2.0, 5.0, 10.0) if step * power >= width * (1.0 - 1e-9)))


def _bars(own: SymbolColumns, verdict: Verdict, edges: Float64s, lang: Lang) -> Figure:
    counts, _ = np.histogram(own.skill[_known(own) & (own.verdict == verdict)], edges)
    colour, opacity = SHADES[verdict]
    word = verdict_word(verdict, lang)
    return {
        "type": "bar", "x": numbers((edges[:-1] + edges[1:]) / 2.0), "y": counts.tolist(), "name": word,
        "marker": {"color": colour, "opacity": opacity}, "hovertemplate": f"%{{x}}: %{{y}}<extra>{word}</extra>",
    }  # fmt: skip


def _upright(value: float, dash: str) -> Figure:
    return {
        "type": "line", "yref": "paper", "y0": 0, "y1": 1, "x0": value, "x1": value, "layer": "above",
        "line": {"color": "truth", "width": 1, "dash": dash},
    }  # fmt: skip


def _key(lang: Lang) -> Markup:
    """What the colours and lines mean, once for all pictures."""
    swatches = [
        tag("span", tag("i", class_=MARKS[verdict][1]), f"{MARKS[verdict][0]} {verdict_word(verdict, lang)}")
        for verdict in SHADES
    ]
    median = tag("span", tag("i", class_="dotted"), say("median", lang))
    return tag("p", join([*swatches, median]), class_="notes key swatches", aria_hidden="true")


def _counts(own: SymbolColumns) -> Sequence[str]:
    skill = own.skill[_known(own)]
    judged = own.n > 0
    counts = [int(np.count_nonzero(own.verdict == verdict)) for verdict in MARKS]
    seen = DASH if own.information is None else f"{np.count_nonzero(judged & (own.information == 'seen')):,}"
    middle, low, high = np.percentile(skill, (50.0, 10.0, 90.0)).tolist() if len(skill) else [np.nan] * 3
    above = percent(float(np.mean(skill > 0.0))) if len(skill) else DASH
    return (
        f"{np.count_nonzero(judged):,}", two_lines(signed(middle, 4), interval(low, high)), above,
        *(f"{count:,}" for count in counts), seen,
    )  # fmt: skip
