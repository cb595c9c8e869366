"""Symbol by symbol: how the models fare on each symbol of a table of several."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

import numpy as np

from nextclose.core.lang import Lang, say
from nextclose.core.results import ModelRow, SymbolRow
from nextclose.core.types import Float64s
from nextclose.report.drawn import best_model, drawn, first_step
from nextclose.report.footnotes import Footnotes
from nextclose.report.html import Markup, table, tag, two_lines
from nextclose.report.sketch import sketch
from nextclose.report.traces import BLUE, NAIVE, Figure, figure, level, numbers
from nextclose.report.verdicts import MARKS
from nextclose.report.words import (
    information_word,
    interval,
    percent,
    price,
    pvalue,
    signed,
    step_name,
    verdict_word,
)

LIMIT = 50
"""Rows of the table of symbols, at most."""
FEWEST = 2
"""Rows of a model in it, at least."""
EDGES = (2.0, 98.0)
"""Percentiles of the intervals' ends that the picture shows."""
Series = tuple[str, int]
"""A model and a step."""


def symbol_figure(rows: Sequence[ModelRow], symbols: Sequence[SymbolRow], lang: Lang) -> Figure:
    """Each model's skills from the best symbol to the worst, with their 90 % intervals; far ends are cut off."""
    step = first_step(rows)
    found = {name: _ranked(symbols, (name, step)) for name, *_ in drawn(rows)}
    traces = [_marks(found[name], name, colour, visible) for name, colour, visible in drawn(rows)]
    made = figure(traces, y=say("skill", lang), dates=False, height=420)
    made["layout"]["shapes"] = [level(0.0)]
    made["layout"]["xaxis"] = {"title": {"text": say("symbols, best first", lang)}, "rangemode": "tozero"}
    limits = _limits(found[best_model(rows)])
    if limits is not None:
        made["layout"]["yaxis"]["range"] = numbers(np.array(limits))
    return made


def symbol_sketch(rows: Sequence[ModelRow], symbols: Sequence[SymbolRow]) -> Markup:
    """The best model's skills as a plain line above or below 0."""
    ranked = _ranked(symbols, (best_model(rows), first_step(rows)))
    skills = np.array([row.skill for row in ranked])
    return sketch(((NAIVE, np.zeros(len(skills))), (BLUE, skills)))


def symbol_counts(symbols: Sequence[SymbolRow], lang: Lang) -> Markup:
    """How often each verdict fell, a row a model."""
    head = [
        say("model", lang), say("symbols", lang), say("median skill", lang), say("better", lang), say("worse", lang),
        say("no difference", lang), say("too few to tell", lang), say("information seen", lang),
    ]  # fmt: skip
    cells = []
    for model, step in _series(symbols):
        own = [row for row in symbols if (row.model, row.step) == (model, step)]
        known = [row.skill for row in own if np.isfinite(row.skill)]
        verdicts: list[str] = [row.verdict for row in own]
        counts = (verdicts.count(verdict) for verdict in MARKS)
        seen = sum(row.information == "seen" for row in own)
        shown = [f"{count:,}" for count in (*counts, seen)]
        cells.append((step_name(model, step, lang), f"{len(own):,}", signed(median(known) if known else None), *shown))
    return table(head, cells)


def symbol_table(symbols: Sequence[SymbolRow], lang: Lang) -> list[Markup]:
    """The best and the worst symbols of each model: at most `LIMIT` rows, shared out evenly."""
    series = _series(symbols)[: LIMIT // FEWEST]
    each = max(LIMIT // max(len(series), 1), FEWEST)
    shown, ends, whole = [], [], True
    for own in series:
        ranked = _ranked(symbols, own)
        whole = whole and len(ranked) <= each
        shown += ranked if len(ranked) <= each else [*ranked[: each - each // 2], *ranked[-(each // 2) :]]
        ends.append(len(shown) - 1)
    head = [
        say("model", lang), say("symbol", lang), "n", "RMSE", two_lines(say("skill", lang), say("90 % interval", lang)),
        two_lines(say("direction", lang), say("always up", lang)), "DM p", "CW p", say("p, adjusted", lang),
        two_lines(say("verdict", lang), say("information", lang)),
    ]  # fmt: skip
    footnotes = Footnotes()
    drawn_table = table(
        head, [_cells(row, footnotes, lang) for row in shown], words=(0, 1, 9), class_="board", last=ends
    )
    title = (
        say("Every symbol, best first", lang)
        if whole
        else say("The best and the worst {count} symbols of each model", lang, count=each // 2)
    )
    explained = say(
        "p, adjusted: one-sided, in the direction of the skill, after Benjamini-Hochberg over the model's symbols; the verdict "
        "rests on it. The interval of a skill is the delta method's.",
        lang,
    )
    return [tag("h3", title), drawn_table, tag("p", explained, class_="notes"), footnotes.listed()]


def _cells(row: SymbolRow, footnotes: Footnotes, lang: Lang) -> Sequence[str]:
    def known(shown: str, *fields: str) -> str:
        return footnotes.explain(shown, row.reasons, *fields)

    mark, _ = MARKS[row.verdict]
    return (
        step_name(row.model, row.step, lang),
        row.symbol,
        f"{row.n:,}",
        price(row.rmse),
        two_lines(known(signed(row.skill), "skill"), interval(row.skill_lo, row.skill_hi)),
        two_lines(percent(row.directional_accuracy), percent(row.always_up)),
        known(pvalue(row.dm.pvalue), "dm"),
        known(pvalue(row.cw.pvalue), "cw"),
        pvalue(row.pvalue_adjusted),
        two_lines(f"{mark} {verdict_word(row.verdict, lang)}", information_word(row.information, lang)),
    )


def _series(symbols: Sequence[SymbolRow]) -> list[Series]:
    """Models and steps in the order of their first row, without persistence."""
    return list(dict.fromkeys((row.model, row.step) for row in symbols if row.model != "persistence"))


def _ranked(symbols: Sequence[SymbolRow], own: Series) -> list[SymbolRow]:
    """The rows of a model and step, best skill first, unknown skill last."""
    rows = [row for row in symbols if (row.model, row.step) == own]
    return sorted(rows, key=lambda row: -row.skill if np.isfinite(row.skill) else np.inf)


def _marks(ranked: Sequence[SymbolRow], name: str, colour: str, visible: bool | str) -> Figure:
    skill, lo, hi = (np.array([getattr(row, key) for row in ranked]) for key in ("skill", "skill_lo", "skill_hi"))
    return {
        "type": "scatter", "mode": "markers", "x": list(range(1, len(ranked) + 1)), "y": numbers(skill), "name": name,
        "text": [row.symbol for row in ranked], "hoverinfo": "text+y+name", "visible": visible,
        "marker": {"color": colour, "size": 6 if len(ranked) <= 200 else 3},
        "error_y": {"type": "data", "symmetric": False, "array": _reach(hi - skill), "arrayminus": _reach(skill - lo),
                    "color": colour + "66", "thickness": 1, "width": 0},
    }  # fmt: skip


def _reach(lengths: Float64s) -> list[float]:
    """Lengths of error bars; none where the interval is not known."""
    return [float(f"{length:.4g}") if np.isfinite(length) else 0.0 for length in lengths]


def _limits(ranked: Sequence[SymbolRow]) -> tuple[float, float] | None:
    """The range that holds nearly every interval, 0, and a margin."""
    ends = np.array([end for row in ranked for end in (row.skill, row.skill_lo, row.skill_hi) if np.isfinite(end)])
    if not len(ends):
        return None
    low, high = (float(edge) for edge in np.percentile(ends, EDGES))
    low, high = min(low, 0.0), max(high, 0.0)
    margin = 0.06 * (high - low) or 0.1
    return low - margin, high + margin
