"""The verdicts: a card for each recipe, its sentence first, the numbers behind it below."""

from __future__ import annotations

import numpy as np

from nextclose.core.lang import Lang, say
from nextclose.core.results import ModelRow, StudyResult
from nextclose.report.html import Markup, tag
from nextclose.report.words import DASH, information_word, model_name, percent, pvalue, signed, verdict_word

MARKS = {
    "beats persistence": ("▲", "beats"),
    "worse than persistence": ("▼", "worse"),
    "no difference found": ("=", "even"),
    "too few to tell": ("?", "few"),
}


def verdict_cards(study: StudyResult, lang: Lang) -> list[Markup]:
    """A card a recipe, in the order in which the recipes were given."""
    naive = {row.step: row.rmse for row in study.models if row.name == "persistence"}
    return [_card(row, naive.get(row.step, np.nan), lang) for row in study.models if row.kind == "recipe"]


def _card(row: ModelRow, naive: float, lang: Lang) -> Markup:
    mark, kind = MARKS[row.verdict]
    head = tag(
        "h3", model_name(row, lang), " ", tag("span", f"{mark} {verdict_word(row.verdict, lang)}", class_="pill")
    )
    return tag("article", head, tag("p", row.sentence), _facts(row, naive, lang), class_=f"verdict {kind}")


def _facts(row: ModelRow, naive: float, lang: Lang) -> Markup:
    ratio = row.rmse / naive if naive else np.nan
    interval = f"{signed(row.skill_lo)} .. {signed(row.skill_hi)}" if np.isfinite(row.skill_lo) else DASH
    facts = (
        (say("error / persistence", lang), f"{ratio:.2f}" if np.isfinite(ratio) else DASH, f"n = {row.n:,}"),
        (say("skill", lang), signed(row.skill), interval),
        (
            say("direction", lang),
            percent(row.directional_accuracy),
            say("always up {share}", lang, share=percent(row.always_up)),
        ),
        (say("p, adjusted", lang), pvalue(row.pvalue_adjusted), "Diebold-Mariano"),
        (say("information", lang), information_word(row.information, lang), "Clark-West"),
    )
    return tag(
        "dl", *(tag("div", tag("dt", name), tag("dd", value), tag("small", more)) for name, value, more in facts)
    )
