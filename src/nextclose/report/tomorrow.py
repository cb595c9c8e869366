"""The next close: a row a model, with its interval drawn on one scale."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nextclose.core.lang import Lang, say
from nextclose.core.results import StudyResult, Tomorrow
from nextclose.report.footnotes import Footnotes
from nextclose.report.html import Markup, bullets, table, tag
from nextclose.report.strip import Scale, bar, dot, strip
from nextclose.report.words import DASH, change, percent, price


def tomorrow_parts(study: StudyResult, lang: Lang) -> list[Markup]:
    """The heading with date and last close, the table, what the reader must know, and why numbers are missing."""
    rows = study.tomorrow
    if not rows:
        return [bullets(study.notes)]
    footnotes = Footnotes()
    scale = _scale(rows)
    head = [
        say("model", lang), say("date", lang), say("forecast", lang), say("change", lang),
        say("{level} interval", lang, level=percent(rows[0].level, 0)), say("probability of a rise", lang), "",
    ]  # fmt: skip
    plain = {row.name for row in study.models if row.kind == "baseline"}
    cells = [_cells(row, scale, footnotes) for row in rows]
    quiet = [row.model in plain for row in rows]
    drawn = table(head, cells, words=(0, 1, 6), quiet=quiet, class_="tomorrow")
    return [_last(rows[0], lang), drawn, footnotes.listed(), bullets(study.notes)]


def _last(row: Tomorrow, lang: Lang) -> Markup:
    text = say("Last close, on {origin}:", lang, origin=row.origin)
    return tag("p", text, " ", tag("strong", price(row.last_close)))


def _cells(row: Tomorrow, scale: Scale, footnotes: Footnotes) -> Sequence[str]:
    interval = f"{price(row.lo)} .. {price(row.hi)}" if np.isfinite(row.lo) else DASH
    return (
        row.model,
        footnotes.explain(row.target_date or DASH, row.reasons, "target_date"),
        footnotes.explain(price(row.yhat), row.reasons, "yhat"),
        footnotes.explain(change(row.yhat, row.last_close), row.reasons, "yhat"),
        footnotes.explain(interval, row.reasons, "lo", "hi"),
        footnotes.explain(percent(row.p_up, 0), row.reasons, "p_up"),
        _picture(row, scale),
    )


def _picture(row: Tomorrow, scale: Scale) -> Markup:
    marks = [dot(scale, row.last_close, "level")]
    if np.isfinite(row.lo):
        marks.append(bar(scale, row.lo, row.hi, "interval"))
    if np.isfinite(row.yhat):
        marks.append(dot(scale, row.yhat, "point"))
    return strip(*marks)


def _scale(rows: Sequence[Tomorrow]) -> Scale:
    """From the lowest to the highest number of any row, with a margin."""
    values = [value for row in rows for value in (row.lo, row.hi, row.yhat, row.last_close) if np.isfinite(value)]
    margin = 0.03 * (max(values) - min(values))
    return Scale(low=min(values) - margin, high=max(values) + margin)
