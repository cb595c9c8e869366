"""Intervals from a net's own quantiles, corrected by how far past truths lay outside them.

Conformalised quantile regression (Romano, Patterson & Candès 2019) on a rolling window: the miss of a past forecast is
max(lower - y, y - upper) in units of the volatility known at its origin, last_close * sigma; below 0 where y lay
inside. Both ends move by the same number of units, inwards too where the quantiles were too wide. Only matured misses
enter, as in `intervals`.
"""

from __future__ import annotations

from math import ceil

import numpy as np

from nextclose.core.types import Float64s, Ints
from nextclose.judging.intervals import AT_LEAST, WINDOW, live_interval


def misses(lower: Float64s, upper: Float64s, y: Float64s, unit: Float64s) -> Float64s:
    """How far y lies outside [lower, upper], in units; below 0 inside, NaN where y has not happened, (n,)."""
    return np.maximum(lower - y, y - upper) / unit


def rolling_cqr(
    yhat: Float64s,
    lower: Float64s,
    upper: Float64s,
    last_close: Float64s,
    y: Float64s,
    volatility: Float64s,
    origins: Ints,
    targets: Ints,
    *,
    past: tuple[Float64s, Float64s] | None = None,
    level: float = 0.9,
) -> tuple[Float64s, Float64s, Float64s]:
    """Interval and probability of a rise for each forecast of one model at one step, oldest first.

    Parameters
    ----------
    yhat, lower, upper : (n,) the median and the outer quantiles.
    last_close, y, volatility : (n,); y is NaN while it has not happened; volatility is that of the step's return.
    origins, targets : (n,) session numbers, increasing.
    past : (m,) scores and (m,) misses that had matured before the first forecast, oldest first.
    level : the coverage to aim at; the quantiles' own levels may be others.

    Returns
    -------
    lo, hi, p_up : (n,), NaN before `AT_LEAST` matured misses.
    """
    unit = last_close * volatility
    before = (np.empty(0), np.empty(0)) if past is None else past
    scores = np.concatenate([before[0], (y - yhat) / unit])
    missed = np.concatenate([before[1], misses(lower, upper, y, unit)])
    matured = len(before[0]) + np.searchsorted(targets, origins, side="right")
    rows = [
        live_cqr(yhat[i], lower[i], upper[i], last_close[i], volatility[i], scores[:count], missed[:count], level=level)
        for i, count in enumerate(matured)
    ]
    lo, hi, p_up = np.array(rows, dtype=np.float64).reshape(-1, 3).T
    return lo, hi, p_up


def live_cqr(
    yhat: float,
    lower: float,
    upper: float,
    last_close: float,
    volatility: float,
    scores: Float64s,
    missed: Float64s,
    *,
    level: float = 0.9,
) -> tuple[float, float, float]:
    """(lo, hi, p_up) of one forecast from past scores and misses, oldest first; NaN where they are too few.

    [lower - q * unit, upper + q * unit], unit = sigma * last_close, q the ceil((m + 1) * level)-th smallest of m misses.
    It never excludes yhat, however far q pulls it in, and lo is not below 0. p_up is that of `live_interval`.
    """
    latest = missed[np.isfinite(missed)][-WINDOW:]
    m = len(latest)
    rank = ceil((m + 1) * level)
    if m < AT_LEAST or rank > m:
        return float("nan"), float("nan"), float("nan")
    _, _, p_up = live_interval(yhat, last_close, volatility, scores, level=level)
    widened = float(np.partition(latest, rank - 1)[rank - 1]) * last_close * volatility
    lo, hi = min(float(lower - widened), yhat), max(float(upper + widened), yhat)
    return max(lo, 0.0), hi, p_up
