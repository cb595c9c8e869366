"""Many tests at once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nextclose.core.types import Float64s


def holm(pvalues: Sequence[float]) -> tuple[float, ...]:
    """Holm's step-down adjustment (1979): reject those below alpha and one false rejection in the family has
    probability at most alpha. NaN stays NaN and counts as no test."""
    p = np.asarray(pvalues, dtype=np.float64)
    adjusted = np.full(len(p), np.nan)
    known = np.flatnonzero(np.isfinite(p))
    order = known[np.argsort(p[known], kind="stable")]
    steps = p[order] * np.arange(len(order), 0, -1)
    adjusted[order] = np.minimum(np.maximum.accumulate(steps), 1.0)
    return tuple(adjusted.tolist())


def benjamini_hochberg(pvalues: Float64s) -> Float64s:
    """Benjamini & Hochberg's adjustment (1995), (m,) -> (m,): of those rejected below alpha, a share of at most alpha is
    false on average. NaN stays NaN and counts as no test."""
    adjusted = np.full(len(pvalues), np.nan)
    known = np.flatnonzero(np.isfinite(pvalues))
    order = known[np.argsort(pvalues[known], kind="stable")]
    steps = pvalues[order] * len(order) / np.arange(1, len(order) + 1)
    adjusted[order] = np.minimum(np.minimum.accumulate(steps[::-1])[::-1], 1.0)
    return adjusted
