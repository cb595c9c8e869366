"""Numbers as a reader sees them; what is not known is a dash."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from nextclose.core.lang import Lang, say
from nextclose.core.results import Information, ModelRow, SplitDates, Verdict

DASH = "—"


def price(value: float | None) -> str:
    """A price or an error in its unit: no decimals from 1,000 on, two from 1, four below."""
    if value is None or not np.isfinite(value):
        return DASH
    return (
        f"{value:,.0f}"
        if value == 0.0 or abs(value) >= 1_000
        else f"{value:,.2f}"
        if abs(value) >= 1
        else f"{value:.4f}"
    )


def signed(value: float | None, digits: int = 3) -> str:
    """With its sign; large skills lose decimals."""
    if value is None or not np.isfinite(value):
        return DASH
    return f"{value:+.{digits}f}" if abs(value) < 100 else f"{value:+,.0f}"


def percent(value: float | None, digits: int = 1) -> str:
    """A share as percent."""
    return DASH if value is None or not np.isfinite(value) else f"{100.0 * value:.{digits}f} %"


def skill_digits(row: ModelRow) -> int:
    """Decimals of a row's skill: over many symbols the fourth can be told from 0."""
    return 3 if row.symbols <= 1 else 4


def change(value: float, before: float) -> str:
    """The relative change in percent, signed."""
    shown = signed(100.0 * (value / before - 1.0), 2)
    return shown if shown == DASH else f"{shown} %"


def pvalue(value: float | None) -> str:
    """Three decimals."""
    return DASH if value is None or not np.isfinite(value) else "< 0.001" if value < 0.001 else f"{value:.3f}"


def interval(lo: float, hi: float, digits: int = 3) -> str:
    """Two signed ends."""
    return f"{signed(lo, digits)} .. {signed(hi, digits)}" if np.isfinite(lo) and np.isfinite(hi) else DASH


def verdict_word(verdict: Verdict, lang: Lang) -> str:
    """A verdict in `lang`."""
    words = {
        "beats persistence": say("beats persistence", lang),
        "worse than persistence": say("worse", lang),
        "no difference found": say("no difference", lang),
        "too few to tell": say("too few to tell", lang),
    }
    return words[verdict]


def information_word(information: Information, lang: Lang) -> str:
    """Whether information was seen, in `lang`."""
    return {"seen": say("seen", lang), "not seen": say("not seen", lang)}[information]


def model_name(row: ModelRow, lang: Lang) -> str:
    """A row's name, and its step where it looks further than one session."""
    return step_name(row.name, row.step, lang)


def step_name(name: str, step: int, lang: Lang) -> str:
    """A model's name, and its step where it looks further than one session."""
    return name if step == 1 else say("{name}, step {step}", lang, name=name, step=step)


def counted_models(count: int, lang: Lang) -> str:
    """`1 model`, `3 models`."""
    return say("1 model", lang) if count == 1 else say("{count} models", lang, count=f"{count:,}")


def counted_symbols(count: int, lang: Lang) -> str:
    """`1 symbol`, `40 symbols`."""
    return say("1 symbol", lang) if count == 1 else say("{count} symbols", lang, count=f"{count:,}")


def counted_sessions(count: int, lang: Lang) -> str:
    """`1 session`, `250 sessions`."""
    return say("1 session", lang) if count == 1 else say("{n} sessions", lang, n=f"{count:,}")


def by_skill(rows: Iterable[ModelRow]) -> list[ModelRow]:
    """Rows by step, best skill first, unknown skill last."""
    return sorted(rows, key=lambda row: (row.step, -row.skill if np.isfinite(row.skill) else np.inf))


def refit_words(split: SplitDates, lang: Lang) -> str:
    """How often the models are fitted again."""
    if split.refit_every is None:
        return say("fitted once", lang)
    n, folds = split.refit_every, len(split.folds)
    if split.rolling is not None:
        return say(
            "refitted every {n} sessions on the latest {sessions}, {folds} folds",
            lang,
            n=n,
            sessions=split.rolling,
            folds=folds,
        )
    return say("refitted every {n} sessions, {folds} folds", lang, n=n, folds=folds)
