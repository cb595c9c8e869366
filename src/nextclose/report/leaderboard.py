"""Every row of models with every number, best skill first."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nextclose.core.lang import Lang, say
from nextclose.core.results import ModelRow, StudyResult
from nextclose.report.footnotes import Footnotes
from nextclose.report.html import Markup, table, tag, two_lines
from nextclose.report.verdicts import MARKS
from nextclose.report.words import (
    DASH,
    by_skill,
    information_word,
    model_name,
    percent,
    price,
    pvalue,
    signed,
    verdict_word,
)


def leaderboard(study: StudyResult, lang: Lang) -> list[Markup]:
    """The table, what its columns are, and why some numbers are missing."""
    head = [
        say("model", lang), "n", "RMSE", "MAE", "MAPE %", two_lines(say("skill", lang), say("90 % interval", lang)),
        two_lines(say("direction", lang), say("always up", lang)), "DM p", "CW p", "PT p", say("coverage", lang),
        two_lines(say("verdict", lang), say("information", lang)),
    ]  # fmt: skip
    rows = by_skill(study.models)
    footnotes = Footnotes()
    cells = [_cells(row, footnotes, lang) for row in rows]
    drawn = table(head, cells, words=(0, 11), quiet=[row.kind == "baseline" for row in rows], class_="board")
    explained = say(
        "DM: Diebold-Mariano with the Harvey-Leybourne-Newbold correction, two-sided. CW: Clark-West, one-sided. "
        "PT: Pesaran-Timmermann, two-sided. A tie is not a rise; {ties} of the sessions closed unchanged.",
        lang,
        ties=percent(rows[0].ties) if rows else DASH,
    )
    return [drawn, tag("p", explained, class_="notes"), footnotes.listed()]


def _cells(row: ModelRow, footnotes: Footnotes, lang: Lang) -> Sequence[str]:
    def known(shown: str, *fields: str) -> str:
        return footnotes.explain(shown, row.reasons, *fields)

    return (
        model_name(row, lang),
        f"{row.n:,}",
        known(price(row.rmse), "rmse"),
        known(price(row.mae), "mae"),
        known(f"{row.mape:.2f}" if np.isfinite(row.mape) else DASH, "mape"),
        two_lines(known(signed(row.skill), "skill"), known(_interval(row), "skill_lo", "skill_hi")),
        two_lines(known(percent(row.directional_accuracy), "directional_accuracy"), percent(row.always_up)),
        known(pvalue(row.dm.pvalue), "dm"),
        known(pvalue(row.cw.pvalue), "cw"),
        known(pvalue(row.pt.pvalue), "pt"),
        known(percent(row.coverage), "coverage"),
        _verdict(row, lang),
    )


def _interval(row: ModelRow) -> str:
    finite = np.isfinite(row.skill_lo) and row.name != "persistence"
    return f"{signed(row.skill_lo)} .. {signed(row.skill_hi)}" if finite else DASH


def _verdict(row: ModelRow, lang: Lang) -> str:
    if row.name == "persistence":
        return DASH
    mark, _ = MARKS[row.verdict]
    return two_lines(f"{mark} {verdict_word(row.verdict, lang)}", information_word(row.information, lang))
