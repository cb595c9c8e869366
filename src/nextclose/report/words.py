"""Numbers as a reader sees them; what is not known is a dash."""

from __future__ import annotations

import numpy as np

from nextclose.core.lang import Lang, say
from nextclose.core.results import Information, Verdict

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


def pvalue(value: float | None) -> str:
    """Three decimals."""
    return DASH if value is None or not np.isfinite(value) else "< 0.001" if value < 0.001 else f"{value:.3f}"


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
