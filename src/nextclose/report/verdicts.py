"""The verdicts: a card for each model, its sentence first, the numbers behind it below; and the alarm."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nextclose.core.lang import Lang, say
from nextclose.core.results import ModelRow, Rejudged
from nextclose.report.html import Markup, table, tag, two_lines
from nextclose.report.words import (
    DASH,
    information_word,
    interval,
    model_name,
    percent,
    pvalue,
    signed,
    skill_digits,
    verdict_word,
)

MARKS = {
    "beats persistence": ("▲", "beats"),
    "worse than persistence": ("▼", "worse"),
    "no difference found": ("=", "even"),
    "too few to tell": ("?", "few"),
}


def verdict_cards(rows: Sequence[ModelRow], lang: Lang) -> list[Markup]:
    """A card a row, in their order."""
    return [_card(row, lang) for row in rows]


def alarm_table(rows: Sequence[ModelRow], lang: Lang) -> Markup:
    """The skills of rows that raised the alarm, as dated and as if dated one session later and earlier."""
    head = [say("model", lang), say("as dated", lang), say("one session later", lang), say("one session earlier", lang)]
    cells = []
    for row in rows:
        shifted = {found.shift: found for found in row.rejudged}
        own = Rejudged(shift=0, n=row.n, skill=row.skill)
        cells.append((model_name(row, lang), *(_skill(found) for found in (own, shifted.get(1), shifted.get(-1)))))
    return table(head, cells)


def _skill(found: Rejudged | None) -> str:
    return DASH if found is None else two_lines(signed(found.skill), f"n = {found.n:,}")


def _card(row: ModelRow, lang: Lang) -> Markup:
    mark, kind = MARKS[row.verdict]
    pill = tag("span", f"{mark} {verdict_word(row.verdict, lang)}", class_="pill")
    head = tag("h3", model_name(row, lang), *([] if row.name == "persistence" else [" ", pill]))
    return tag("article", head, tag("p", row.sentence), _facts(row, lang), class_=f"verdict {kind}")


def _facts(row: ModelRow, lang: Lang) -> Markup:
    ratio, digits = row.rmse_ratio, skill_digits(row)
    information = information_word(row.information, lang)
    tested = pvalue(row.information_pvalue)
    facts = (
        (say("error / persistence", lang), f"{ratio:.2f}" if np.isfinite(ratio) else DASH, f"n = {row.n:,}"),
        (say("skill", lang), signed(row.skill, digits), interval(row.skill_lo, row.skill_hi, digits)),
        (
            say("direction", lang),
            percent(row.directional_accuracy),
            say("always up {share}", lang, share=percent(row.always_up)),
        ),
        (say("p, adjusted", lang), pvalue(row.pvalue_adjusted), "Diebold-Mariano"),
        (say("information", lang), information, "Clark-West" if tested == DASH else f"Clark-West, p {tested}"),
    )
    return tag(
        "dl", *(tag("div", tag("dt", name), tag("dd", value), tag("small", more)) for name, value, more in facts)
    )
