"""Measures of a forecast: arrays of equal length in, one number out, or one a row; NaN where it is undefined."""

from __future__ import annotations

import numpy as np

from nextclose.core.types import Bools, Float64s

NAN = float("nan")


def rmse(y: Float64s, yhat: Float64s) -> float:
    """Root mean squared error, in the unit of y."""
    return float(np.sqrt(np.mean((y - yhat) ** 2))) if len(y) else NAN


def mae(y: Float64s, yhat: Float64s) -> float:
    """Mean absolute error, in the unit of y."""
    return float(np.mean(np.abs(y - yhat))) if len(y) else NAN


def mape(y: Float64s, yhat: Float64s) -> float:
    """Mean absolute percentage error, in percent of y."""
    return float(100.0 * np.mean(np.abs((y - yhat) / y))) if len(y) else NAN


def skill(error: Float64s, naive: Float64s) -> float:
    """1 - sum e^2 / sum e_persistence^2; NaN where persistence makes no error at all."""
    worst = float(np.sum(naive**2))
    return 1.0 - float(np.sum(error**2)) / worst if worst > 0.0 else NAN


def rises(price: Float64s, last_close: Float64s) -> Bools:
    """Whether each price lies above the last close; a tie is not a rise."""
    return price > last_close


def coverage(y: Float64s, lo: Float64s, hi: Float64s) -> float:
    """Share of truths inside [lo, hi], over the rows that have an interval."""
    known = np.isfinite(lo) & np.isfinite(hi)
    return float(np.mean((lo[known] <= y[known]) & (y[known] <= hi[known]))) if known.any() else NAN


def interval_score(y: Float64s, lo: Float64s, hi: Float64s, level: Float64s | float) -> float:
    """The mean of `interval_scores`, over the rows that have one; lower is better."""
    scores = interval_scores(y, lo, hi, level)
    known = ~np.isnan(scores)
    return float(np.mean(scores[known])) if known.any() else NAN


def interval_scores(y: Float64s, lo: Float64s, hi: Float64s, level: Float64s | float) -> Float64s:
    """(n,) width plus 2/alpha times how far the truth lies outside (Gneiting & Raftery 2007, eq. 43).

    NaN where there is no interval or no level below 1.
    """
    level = np.asarray(level, dtype=np.float64)
    known = np.isfinite(lo) & np.isfinite(hi) & (level < 1.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        outside = np.maximum(lo - y, 0.0) + np.maximum(y - hi, 0.0)
        scores: Float64s = np.where(known, hi - lo + 2.0 / (1.0 - level) * outside, NAN)
    return scores


def pinball(y: Float64s, quantile: Float64s, level: float) -> float:
    """Mean of max(level (y - q), (level - 1)(y - q)) (Koenker & Bassett 1978); lower is better."""
    known = np.isfinite(quantile)
    off = y[known] - quantile[known]
    return float(np.mean(np.maximum(level * off, (level - 1.0) * off))) if known.any() else NAN
