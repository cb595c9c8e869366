"""The tests: what each supposes, and a row a model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nextclose.core.lang import Lang, say
from nextclose.core.results import ModelRow, Regression, Statistic
from nextclose.report.footnotes import Footnotes
from nextclose.report.html import Markup, tag, two_lines
from nextclose.report.words import interval, model_name, pvalue, signed


@dataclass(frozen=True, kw_only=True)
class _Test:
    """One test: the field of `ModelRow` that holds it, and how it is called."""

    field: str
    name: str
    tails: str


def hypotheses(rows: Sequence[ModelRow], lang: Lang) -> list[Markup]:
    """The table, why some numbers are missing, and whose p-values need more care; nothing where nothing was tested."""
    footnotes = Footnotes()
    groups = [_group(test, rows, footnotes, lang) for test in _tests(lang) if _told(test, rows)]
    if not groups:
        return []
    numbers = (say("statistic", lang), "p", say("lag", lang), say("sessions", lang))
    head = tag(
        "tr",
        *(tag("th", text, class_="word", scope="col") for text in (say("the test", lang), say("model", lang))),
        *(tag("th", text, class_="num", scope="col") for text in numbers),
    )
    drawn = tag("div", tag("table", tag("thead", head), *groups, class_="tests"), class_="scroll")
    return [drawn, footnotes.listed(), *_wandering(rows, lang)]


def _tests(lang: Lang) -> list[_Test]:
    one, two = say("one-sided", lang), say("two-sided", lang)
    return [
        _Test(field="dm", name=say("Diebold-Mariano on e^2", lang), tails=two),
        _Test(field="dm_abs", name=say("Diebold-Mariano on |e|", lang), tails=two),
        _Test(field="cw", name="Clark-West", tails=one),
        _Test(field="pt", name="Pesaran-Timmermann", tails=two),
        _Test(field="mz", name="Mincer-Zarnowitz", tails=say("Wald", lang)),
    ]


def _told(test: _Test, rows: Sequence[ModelRow]) -> bool:
    """Whether any row holds the test: results saved before it was made do not."""
    found: list[Statistic] = [getattr(row, test.field) for row in rows]
    return any(np.isfinite(one.pvalue) or one.null for one in found)


def _group(test: _Test, rows: Sequence[ModelRow], footnotes: Footnotes, lang: Lang) -> Markup:
    """The rows of one test, its name and hypotheses beside them all."""
    first: Statistic = getattr(rows[0], test.field)
    said = [tag("small", test.tails)]
    if first.null:
        said.append(tag("small", say("null: {null}", lang, null=first.null)))
        said.append(tag("small", say("alternative: {alternative}", lang, alternative=first.alternative)))
    name = tag("th", test.name, *said, class_="word", scope="rowgroup", rowspan=str(len(rows)))
    lines = []
    for number, row in enumerate(rows):
        cells = [tag("td", model_name(row, lang), class_="word")]
        cells += [tag("td", cell, class_="num") for cell in _cells(row, test.field, footnotes, lang)]
        kind = "quiet" if row.kind == "baseline" else "own"
        lines.append(tag("tr", *([name] if number == 0 else []), *cells, class_=kind))
    return tag("tbody", *lines)


def _cells(row: ModelRow, field: str, footnotes: Footnotes, lang: Lang) -> list[str]:
    found: Statistic = getattr(row, field)
    statistic: str = footnotes.explain(signed(found.statistic, 2), row.reasons, field)
    if isinstance(found, Regression) and np.isfinite(found.statistic):
        ends = interval(found.slope_lo, found.slope_hi, 2)
        slope = say("slope {slope}", lang, slope=f"{signed(found.slope, 2)} ({ends})")
        statistic = two_lines(f"{found.statistic:,.2f}", slope)
    return [statistic, pvalue(found.pvalue), f"{found.lag}", f"{found.n:,}"]


def _wandering(rows: Sequence[ModelRow], lang: Lang) -> list[Markup]:
    names = [model_name(row, lang) for row in rows if row.wanders]
    if not names:
        return []
    said = say(
        "The changes announced by {names} wander like a walk. The p-values above are the ordinary ones; the verdicts rest on "
        "those of Dickey and Fuller, which are larger.",
        lang,
        names=", ".join(names),
    )
    return [tag("p", said, class_="notes")]
