"""Settings and scores of a sweep as a reader sees them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from nextclose.core.lang import Lang, say
from nextclose.core.sweep import Span, shown
from nextclose.report.words import DASH


def four_digits(value: float) -> str:
    """Four significant digits."""
    return f"{value:#.4g}".rstrip(".") if np.isfinite(value) else DASH


def three_decimals(value: float) -> str:
    """Three decimals."""
    return f"{value:.3f}" if np.isfinite(value) else DASH


def settings_words(settings: Mapping[str, Any]) -> str:
    """`lr=0.001, num_layers=2`."""
    return ", ".join(f"{name}={shown(value)}" for name, value in settings.items())


def values_words(values: tuple[Any, ...] | Span, lang: Lang) -> str:
    """The values of an axis; of a range its ends, and how it is searched."""
    if isinstance(values, Span):
        return say("{span}, by factors", lang, span=values) if values.log else str(values)
    lists = any(isinstance(value, tuple) for value in values)
    return (" | " if lists else ", ").join(map(shown, values))
