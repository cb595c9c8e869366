"""Every row of models with every number, best skill first."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from nextclose.core.lang import Lang, say
from nextclose.core.results import ModelRow
from nextclose.report.footnotes import Footnotes
from nextclose.report.html import Markup, bullets, table, tag, two_lines
from nextclose.report.verdicts import MARKS
from nextclose.report.words import (
    DASH,
    by_skill,
    information_word,
    interval,
    model_name,
    percent,
    price,
    pvalue,
    signed,
    skill_digits,
    verdict_word,
)

Column = tuple[str, str, Callable[[float], str]]
"""Title, field of `ModelRow`, and how it is written."""


def leaderboard(models: Sequence[ModelRow], lang: Lang) -> list[Markup]:
    """The table, what its columns are, why some numbers are missing, and the table of further measures."""
    head = [
        say("model", lang), "n", "RMSE", "MAE", "MAPE %", two_lines(say("skill", lang), say("90 % interval", lang)),
        two_lines(say("direction", lang), say("always up", lang)), "DM p", "CW p", "PT p", say("coverage", lang),
        two_lines(say("verdict", lang), say("information", lang)),
    ]  # fmt: skip
    rows = by_skill(models)
    footnotes = Footnotes()
    cells = [_cells(row, footnotes, lang) for row in rows]
    drawn = table(head, cells, words=(0, 11), quiet=[row.kind == "baseline" for row in rows], class_="board")
    explained = say(
        "DM: Diebold-Mariano with the Harvey-Leybourne-Newbold correction, two-sided. CW: Clark-West, one-sided. "
        "PT: Pesaran-Timmermann, two-sided. A tie is not a rise; {ties} of the sessions closed unchanged.",
        lang,
        ties=percent(rows[0].ties) if rows else DASH,
    )
    return [drawn, tag("p", explained, class_="notes"), footnotes.listed(), *_measures(rows, lang)]


def _cells(row: ModelRow, footnotes: Footnotes, lang: Lang) -> Sequence[str]:
    def known(shown: str, *fields: str) -> str:
        return footnotes.explain(shown, row.reasons, *fields)

    return (
        model_name(row, lang),
        f"{row.n:,}",
        known(price(row.rmse), "rmse"),
        known(price(row.mae), "mae"),
        known(f"{row.mape:.2f}" if np.isfinite(row.mape) else DASH, "mape"),
        two_lines(known(signed(row.skill, skill_digits(row)), "skill"), known(_interval(row), "skill_lo", "skill_hi")),
        two_lines(known(percent(row.directional_accuracy), "directional_accuracy"), percent(row.always_up)),
        known(pvalue(row.dm.pvalue), "dm"),
        known(pvalue(row.cw.pvalue), "cw"),
        known(pvalue(row.pt.pvalue), "pt"),
        known(percent(row.coverage), "coverage"),
        _verdict(row, lang),
    )


def _interval(row: ModelRow) -> str:
    return DASH if row.name == "persistence" else interval(row.skill_lo, row.skill_hi, skill_digits(row))


def _verdict(row: ModelRow, lang: Lang) -> str:
    if row.name == "persistence":
        return DASH
    mark, _ = MARKS[row.verdict]
    return two_lines(f"{mark} {verdict_word(row.verdict, lang)}", information_word(row.information, lang))


def _measures(rows: Sequence[ModelRow], lang: Lang) -> list[Markup]:
    """Errors over the last close, intervals and probabilities; columns that no row has are left out, with the reason."""
    columns = _columns(lang)
    there = [column for column in columns if any(np.isfinite(getattr(row, column[1])) for row in rows)]
    if not there:
        return []
    footnotes = Footnotes()
    cells = [
        (model_name(row, lang), *(footnotes.explain(show(getattr(row, field)), row.reasons, field)
                                  for _, field, show in there))
        for row in rows
    ]  # fmt: skip
    drawn = table(
        [say("model", lang), *(title for title, _, _ in there)],
        cells,
        quiet=[row.kind == "baseline" for row in rows],
        class_="board",
    )
    explained = say(
        "All but the Brier score are in percent of the last close or relative to persistence. The interval score is the width "
        "plus a penalty for each miss; pinball is the mean loss of the quantiles; the Brier base is the forecast 'the share of "
        "rises'. Smaller is better; coverage should be what is claimed.",
        lang,
    )
    parts = [tag("h3", say("Further measures", lang)), drawn, tag("p", explained, class_="notes"), footnotes.listed()]
    return [*parts, bullets(_left_out([column for column in columns if column not in there], rows))]


def _columns(lang: Lang) -> list[Column]:
    return [
        (say("RMSE of e", lang), "rmse_e", lambda value: percent(value, 3)),
        (say("MAE of e", lang), "mae_e", lambda value: percent(value, 3)),
        (say("MAE / persistence", lang), "relative_mae", lambda value: _digits(value, 3)),
        (say("coverage claimed", lang), "level", lambda value: percent(value, 0)),
        (say("coverage", lang), "coverage", percent),
        (say("interval width", lang), "interval_width", lambda value: percent(value, 2)),
        (say("interval score", lang), "interval_score", lambda value: percent(value, 2)),
        (say("pinball", lang), "pinball", lambda value: percent(value, 3)),
        (say("Brier", lang), "brier", lambda value: _digits(value, 4)),
        (say("Brier, base", lang), "brier_base", lambda value: _digits(value, 4)),
    ]


def _digits(value: float, digits: int) -> str:
    return f"{value:.{digits}f}" if np.isfinite(value) else DASH


def _left_out(columns: Sequence[Column], rows: Sequence[ModelRow]) -> list[str]:
    """`title, title: reason`, once a reason."""
    grouped: dict[str, list[str]] = {}
    for title, field, _ in columns:
        why = next((row.reasons[field] for row in rows if field in row.reasons), None)
        if why is not None:
            grouped.setdefault(why, []).append(title)
    return [f"{', '.join(titles)}: {why}" for why, titles in grouped.items()]
