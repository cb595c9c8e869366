"""Intervals: how much they cover in calm and in wild times, and whether a plain constant does as well."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nextclose.core.lang import Lang, say
from nextclose.core.results import IntervalRow, ModelRow
from nextclose.report.document import Pictures
from nextclose.report.drawn import drawn, first_step
from nextclose.report.footnotes import Footnotes
from nextclose.report.html import Markup, section, table, tag, two_lines
from nextclose.report.traces import NAIVE, Figure, figure, level, numbers
from nextclose.report.words import DASH, percent, step_name

ROOM = 4.0
"""Percentage points above and below what the picture shows."""


def interval_section(
    intervals: Sequence[IntervalRow], rows: Sequence[ModelRow], told: Sequence[ModelRow], pictures: Pictures
) -> Markup:
    """The sentences of the rows `told`, the picture of the nearest step, and the table; nothing without intervals."""
    lang = pictures.lang
    if not intervals:
        return Markup("")
    lead = say(
        "An interval should hold what it claims in calm times and in wild ones, and be narrower for it than a plain constant: "
        "so many EWMA volatilities above and below the last close. A third of the forecasts each is called calm, middle and "
        "wild, by that volatility.",
        lang,
    )
    made = interval_figure(intervals, rows, lang)
    picture = pictures.place("intervals", made) if made["data"] else Markup("")
    names = {(row.name, row.step) for row in told}
    said = [row for row in intervals if (row.model, row.step) in names]
    parts = [_sentences(said, lang), picture, *_table(intervals, rows, lang)]
    return section(say("Intervals", lang), lead, *parts, id_="intervals")


def interval_figure(intervals: Sequence[IntervalRow], rows: Sequence[ModelRow], lang: Lang) -> Figure:
    """Coverage of each third of the volatility, a line a model; the dotted line is what they claim."""
    step = first_step(rows)
    found = {row.model: row for row in intervals if row.step == step and row.compared}
    shown = [(name, colour) for name, colour, _ in drawn(rows) if name in found]
    if "persistence" in found and not any(name == "persistence" for name, _ in shown):
        shown.append(("persistence", NAIVE))
    traces = [_line(found[name], name, colour, lang) for name, colour in shown]
    made = figure(traces, y=say("coverage, %", lang), dates=False, height=320)
    made["layout"]["xaxis"] = {"type": "category", "showgrid": False, "range": [-0.3, 2.3]}
    claimed = sorted({100.0 * row.level for row in found.values() if np.isfinite(row.level)})
    made["layout"]["shapes"] = [level(value) for value in claimed]
    seen = [value for trace in traces for value in trace["y"] if value is not None] + claimed
    if seen:
        made["layout"]["yaxis"]["range"] = [min(seen) - ROOM, min(max(seen) + ROOM, 101.0)]
    return made


def _line(row: IntervalRow, name: str, colour: str, lang: Lang) -> Figure:
    thirds = (row.calm, row.middle, row.wild)
    return {
        "type": "scatter", "mode": "lines+markers", "x": [say("calm", lang), say("middle", lang), say("wild", lang)],
        "y": numbers(np.array([100.0 * third.coverage for third in thirds])), "name": name,
        "line": {"color": colour, "width": 2}, "marker": {"color": colour, "size": 9},
        "text": [f"n = {third.n:,}" for third in thirds], "hoverinfo": "x+y+text+name",
    }  # fmt: skip


def _sentences(rows: Sequence[IntervalRow], lang: Lang) -> Markup:
    told = [tag("div", tag("dt", step_name(row.model, row.step, lang)), tag("dd", row.sentence)) for row in rows]
    return tag("dl", *told, class_="told") if told else Markup("")


def _table(intervals: Sequence[IntervalRow], rows: Sequence[ModelRow], lang: Lang) -> list[Markup]:
    """A row a model, then what the columns are and why some numbers are missing."""
    head = [
        say("model", lang), "n", two_lines(say("coverage", lang), say("90 % interval", lang)), say("claimed", lang),
        say("calm", lang), say("middle", lang), say("wild", lang),
        two_lines(say("worst session", lang), say("inside", lang)), say("width", lang),
        two_lines(say("score", lang), say("/ constant's", lang)), two_lines(say("Brier", lang), say("base", lang)),
    ]  # fmt: skip
    footnotes = Footnotes()
    plain = {(row.name, row.step) for row in rows if row.kind == "baseline"}
    cells = [_cells(row, footnotes, lang) for row in intervals]
    drawn_table = table(
        head, cells, quiet=[(row.model, row.step) in plain for row in intervals], words=(0,), class_="board"
    )
    explained = say(
        "Score: the interval score in percent of the last close, width plus a penalty for each miss; below 1, it beats the "
        "constant's. Worst session: one symbol's largest move, or of several symbols where the least was inside. The Brier base "
        "gives the share of rises, known in hindsight.",
        lang,
    )
    left_out = max(row.n - row.compared for row in intervals)
    if left_out:
        explained += " " + say(
            "Up to {count} forecasts of a model have fewer than 20 returns behind them in this table: they are left out of calm, "
            "middle, wild and the comparison.",
            lang,
            count=f"{left_out:,}",
        )
    return [drawn_table, tag("p", explained, class_="notes"), footnotes.listed()]


def _cells(row: IntervalRow, footnotes: Footnotes, lang: Lang) -> Sequence[str]:
    def known(shown: str, *fields: str) -> str:
        return footnotes.explain(shown, row.reasons, *fields)

    worst = row.worst
    return (
        step_name(row.model, row.step, lang),
        f"{row.n:,}",
        two_lines(percent(row.coverage), f"{100.0 * row.coverage_lo:.1f} .. {100.0 * row.coverage_hi:.1f}"),
        known(percent(row.level, 0), "level"),
        known(percent(row.calm.coverage), "calm"),
        known(percent(row.middle.coverage), "middle"),
        known(percent(row.wild.coverage), "wild"),
        known(DASH, "worst") if worst is None else two_lines(worst.date, percent(worst.coverage, 0)),
        percent(row.width, 2),
        two_lines(known(percent(row.score, 2), "score"), known(_digits(row.score_ratio, 3), "score_ratio")),
        two_lines(known(_digits(row.brier, 4), "brier"), _digits(row.brier_base, 4)),
    )


def _digits(value: float, digits: int) -> str:
    return f"{value:.{digits}f}" if np.isfinite(value) else DASH
