"""Measures of a series of returns: arrays in, numbers out, NaN where they are undefined."""

from __future__ import annotations

from math import exp, sqrt
from typing import NamedTuple

import numpy as np

from nextclose.core.types import Float64s

YEAR = 252
"""Sessions of a year."""
NAN = float("nan")
LARGEST = 700.0
"""Logarithm of the largest growth that is written as a number."""


class Drawdown(NamedTuple):
    """The largest loss from a peak."""

    loss: float
    """Share of the peak."""
    peak: int
    """Sessions after the start; 0 is the start."""
    trough: int


def annual_return(log_growth: float, sessions: int) -> float:
    """Growth of a year of `YEAR` sessions, less 1."""
    yearly = log_growth * YEAR / sessions
    return exp(yearly) - 1.0 if yearly < LARGEST else NAN


def volatility(returns: Float64s) -> float:
    """Standard deviation of a year's return, for independent returns (T,)."""
    return float(np.std(returns, ddof=1)) * sqrt(YEAR) if len(returns) > 1 else NAN


def sharpe(returns: Float64s) -> tuple[float, float]:
    """A year's Sharpe ratio and its standard error, for independent returns (T,).

    With SR = mean / standard deviation of a session's return the standard error is sqrt((1 + SR^2 / 2) / T); both are
    multiplied by sqrt(252). Lo (2002), The Statistics of Sharpe Ratios, Financial Analysts Journal 58(4).
    """
    spread = float(np.std(returns, ddof=1)) if len(returns) > 1 else 0.0
    if spread == 0.0:
        return NAN, NAN
    each = float(np.mean(returns)) / spread
    return sqrt(YEAR) * each, sqrt(YEAR * (1.0 + 0.5 * each**2) / len(returns))


def mean_error(returns: Float64s) -> tuple[float, float]:
    """The mean of (T,) independent values and its standard error."""
    error = float(np.std(returns, ddof=1)) / sqrt(len(returns)) if len(returns) > 1 else NAN
    return float(np.mean(returns)), error


def drawdown(equity: Float64s) -> Drawdown:
    """The largest loss of an equity (T,) that starts at 1."""
    curve = np.concatenate([[1.0], equity])
    lost = 1.0 - curve / np.maximum.accumulate(curve)
    trough = int(np.argmax(lost))
    return Drawdown(loss=float(lost[trough]), peak=int(np.argmax(curve[: trough + 1])), trough=trough)
