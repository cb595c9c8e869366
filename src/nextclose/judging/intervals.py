"""Intervals and probabilities from a model's own past errors.

Split conformal prediction (Vovk, Gammerman & Shafer 2005; Lei et al. 2018) on a rolling window: the score of a past
forecast is its error in units of the volatility known at its origin, s = (y - yhat) / (last_close * sigma). Only
matured errors enter: those whose target session had closed when the forecast was made. Compared with adaptive
variants and other scales by `bench/intervals.py`.
"""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from nextclose.bars.bars import Bars
from nextclose.core.types import Float64s, Ints
from nextclose.windows.volatility import volatilities

WINDOW = 250
"""Latest matured scores that enter."""
AT_LEAST = 20
"""Scores without which there is no interval."""
PRIOR = 100
"""Further scores, half of them rises, that p_up is drawn towards: shares of few sessions claim too much."""
NONE: Float64s = np.empty(0)


def interval_scale(bars: Bars) -> Float64s:
    """The volatility in whose units errors are scored, as known at each bar, (N,)."""
    return volatilities(bars)[1]


def rolling_conformal(
    yhat: Float64s,
    last_close: Float64s,
    y: Float64s,
    volatility: Float64s,
    origins: Ints,
    targets: Ints,
    *,
    past: Float64s = NONE,
    level: float = 0.9,
) -> tuple[Float64s, Float64s, Float64s]:
    """Interval and probability of a rise for each forecast of one model at one step, oldest first.

    Parameters
    ----------
    yhat, last_close, y, volatility : (n,); y is NaN while it has not happened; volatility is that of the step's return.
    origins, targets : (n,) session numbers, increasing.
    past : (m,) scores known before the first row, oldest first, such as a calibration span's.
    level : the coverage to aim at.

    Returns
    -------
    lo, hi, p_up : (n,), NaN before `AT_LEAST` matured errors; each row as `live_interval` gives it, bit for bit.
    """
    scores = np.concatenate([past, (y - yhat) / (last_close * volatility)])
    finite = np.isfinite(scores)
    seen = np.concatenate([[0], np.cumsum(finite)])
    counts = seen[len(past) + np.searchsorted(targets, origins, side="right")]
    lo, hi, p_up = _intervals(yhat, last_close, volatility, _latest(scores[finite])[counts], level)
    return lo, hi, p_up


def live_interval(
    yhat: float, last_close: float, volatility: float, scores: Float64s, *, level: float = 0.9
) -> tuple[float, float, float]:
    """(lo, hi, p_up) of one forecast from past scores, oldest first; NaN where they are too few.

    lo and hi lie q * sigma * last_close around yhat (lo not below 0), q the ceil((m + 1) * level)-th smallest |s| of m scores.
    p_up is the share of scores that would lift yhat above the last close, (k + PRIOR / 2) / (m + PRIOR).
    """
    window = _latest(scores[np.isfinite(scores)])[-1:]
    found = _intervals(np.array([yhat]), np.array([last_close]), np.array([volatility]), window, level)
    lo, hi, p_up = found[:, 0].tolist()
    return lo, hi, p_up


def _latest(scores: Float64s) -> Float64s:
    """(m + 1, WINDOW): the latest scores after each number of them, NaN in front where they are fewer."""
    return sliding_window_view(np.concatenate([np.full(WINDOW, np.nan), scores]), WINDOW)


def _intervals(yhat: Float64s, last_close: Float64s, volatility: Float64s, windows: Float64s, level: float) -> Float64s:
    """(3, n): lo, hi and p_up of n forecasts from the scores of each, (n, WINDOW)."""
    m = np.count_nonzero(np.isfinite(windows), axis=1)
    rank = np.ceil((m + 1) * level).astype(np.int64)
    enough = (m >= AT_LEAST) & (rank <= m)
    ordered = np.sort(np.abs(windows), axis=1)
    q = np.where(enough, ordered[np.arange(len(m)), np.where(enough, rank, 1) - 1], np.nan)
    unit = last_close * volatility
    rises = np.count_nonzero(yhat[:, None] + windows * unit[:, None] > last_close[:, None], axis=1)
    p_up = np.where(enough, (rises + PRIOR / 2.0) / (m + PRIOR), np.nan)
    return np.stack([np.maximum(yhat - q * unit, 0.0), yhat + q * unit, p_up])
