"""Intervals and probabilities from a model's own past errors.

Split conformal prediction (Vovk, Gammerman & Shafer 2005; Lei et al. 2018) on a rolling window: the score of a past
forecast is its error in units of the volatility known at its origin, s = (y - yhat) / (last_close * sigma). Only
matured errors enter: those whose target session had closed when the forecast was made.
"""

from __future__ import annotations

from math import ceil

import numpy as np

from nextclose.core.types import Float64s, Ints

WINDOW = 250
"""Latest matured scores that enter."""
AT_LEAST = 20
"""Scores without which there is no interval."""


def rolling_conformal(
    yhat: Float64s,
    last_close: Float64s,
    y: Float64s,
    volatility: Float64s,
    origins: Ints,
    targets: Ints,
    *,
    past: Float64s | None = None,
    level: float = 0.9,
) -> tuple[Float64s, Float64s, Float64s]:
    """Interval and probability of a rise for each forecast of one model at one step, oldest first.

    Parameters
    ----------
    yhat, last_close, y, volatility : (n,); y is NaN while it has not happened; volatility is that of the step's return.
    origins, targets : (n,) session numbers, increasing.
    past : (m,) scores that had matured before the first forecast, oldest first: a calibration span's.
    level : the coverage to aim at.

    Returns
    -------
    lo, hi, p_up : (n,), NaN before `AT_LEAST` matured errors.
    """
    before = np.empty(0) if past is None else past
    scores = np.concatenate([before, (y - yhat) / (last_close * volatility)])
    matured = len(before) + np.searchsorted(targets, origins, side="right")
    rows = [
        live_interval(yhat[i], last_close[i], volatility[i], scores[:count], level=level)
        for i, count in enumerate(matured)
    ]
    lo, hi, p_up = np.array(rows, dtype=np.float64).reshape(-1, 3).T
    return lo, hi, p_up


def live_interval(
    yhat: float, last_close: float, volatility: float, scores: Float64s, *, level: float = 0.9
) -> tuple[float, float, float]:
    """(lo, hi, p_up) of one forecast from past scores, oldest first; NaN where they are too few.

    lo and hi lie q * sigma * last_close around yhat (lo not below 0), q the ceil((m + 1) * level)-th smallest |s| of m scores.
    p_up is the share of scores that would lift yhat above the last close, (k + 1/2) / (m + 1).
    """
    past = scores[np.isfinite(scores)][-WINDOW:]
    m = len(past)
    rank = ceil((m + 1) * level)
    if m < AT_LEAST or rank > m:
        return float("nan"), float("nan"), float("nan")
    unit = last_close * volatility
    q = float(np.partition(np.abs(past), rank - 1)[rank - 1])
    rises = int(np.count_nonzero(yhat + past * unit > last_close))
    return max(float(yhat - q * unit), 0.0), float(yhat + q * unit), (rises + 0.5) / (m + 1)
