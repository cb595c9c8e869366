"""Words and units of the pages of a market run."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nextclose.core.lang import Lang, say
from nextclose.core.results import ModelRow
from nextclose.report.drawn import first_step
from nextclose.report.market_view import MarketView
from nextclose.report.words import DASH

UNITS: dict[Lang, Sequence[tuple[float, str]]] = {
    "en": ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "K")),
    "ko": ((1e12, "조"), (1e8, "억"), (1e4, "만")),
}
"""Large amounts of money, the largest unit first."""


def compact(value: float, lang: Lang) -> str:
    """An amount in at least three digits and a unit: `12.3B`, `9,324억`."""
    if not np.isfinite(value):
        return DASH
    size, unit = next(((size, unit) for size, unit in UNITS[lang] if abs(value) >= size), (1.0, ""))
    return (f"{value / size:,.0f}" if abs(value) / size >= 99.95 else f"{value / size:.3g}") + unit


def kind_word(kind: str, lang: Lang) -> str:
    """Why a symbol was left out, in two or three words; an unknown code as it is."""
    words = {
        "too-short": say("too few bars", lang),
        "faulty": say("faulty bars", lang),
        "no-test": say("no bars in the test span", lang),
        "failed": say("the computation failed", lang),
    }
    return words.get(kind, kind)


def scope_words(view: MarketView) -> str:
    """Whether a net serves a symbol or the market."""
    if view.scope == "market":
        return say("one net for all symbols", view.lang)
    return say("a net of its own for each symbol", view.lang)


def schedule_words(view: MarketView) -> str:
    """How often the nets are fitted again."""
    if view.refit_every is None:
        return say("fitted once", view.lang)
    facts = {"n": view.refit_every, "folds": view.folds}
    if view.rolling is None:
        return say("refitted every {n} sessions, {folds} folds", view.lang, **facts)
    return say(
        "refitted every {n} sessions on the latest {sessions}, {folds} folds",
        view.lang,
        sessions=view.rolling,
        **facts,
    )


def recipe_names(view: MarketView) -> list[str]:
    """The recipes that were judged at the nearest step."""
    return [row.name for row in nearest(view) if row.kind == "recipe"]


def nearest(view: MarketView) -> list[ModelRow]:
    """The rows of the nearest step."""
    return [row for row in view.models if row.step == first_step(view.models)] if view.models else []
