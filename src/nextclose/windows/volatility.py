"""The volatility that is known at each close."""

from __future__ import annotations

from functools import cache
from itertools import accumulate
from weakref import WeakKeyDictionary

import numpy as np

from nextclose.bars.bars import Bars
from nextclose.core.types import Float64s

DECAY = 0.94
"""RiskMetrics' decay for daily data (J.P. Morgan 1996, RiskMetrics Technical Document, ch. 5)."""
FLOOR = 1e-4
"""One basis point a day: flat prices must not divide by zero."""


_KNOWN: WeakKeyDictionary[Bars, tuple[Float64s, Float64s]] = WeakKeyDictionary()


def volatilities(bars: Bars) -> tuple[Float64s, Float64s]:
    """`ewma_volatility` and `range_volatility` of some bars, (N,) each; computed once, so not to be written to."""
    if bars not in _KNOWN:
        found = ewma_volatility(bars.close), range_volatility(bars.high, bars.low, bars.close)
        for values in found:
            values.flags.writeable = False
        _KNOWN[bars] = found
    return _KNOWN[bars]


def recall(bars: Bars, latest: Float64s) -> None:
    """Let `volatilities` of some bars say what it said before, of the latest rows alone, (m, 2); NaN in front of them."""
    found = np.full((2, len(bars)), np.nan)
    found[:, len(bars) - len(latest) :] = latest.T
    found.flags.writeable = False
    _KNOWN[bars] = found[0], found[1]


def ewma_volatility(close: Float64s, decay: float = DECAY) -> Float64s:
    """Standard deviation of the daily log return as known at each close, (N,).

    sigma_t^2 = sum_i decay^i r_{t-i}^2 / sum_i decay^i over the returns up to and including bar t.
    The first bar has no return; it takes `FLOOR`, as does anything smaller.
    """
    squares = np.diff(np.log(close)) ** 2
    volatility = np.full(len(close), FLOOR)
    volatility[1:] = np.maximum(np.sqrt(_decaying_mean(squares, decay)), FLOOR)
    return volatility


FAST, SLOW, FAST_SHARE = 0.9, 0.997, 0.7
"""Decays of the two means of `range_volatility` and the first one's share; chosen on 2016 by `bench/intervals.py`."""
RANGE = 1.596
"""Expected range of a Brownian motion over a session, in standard deviations of its close: sqrt(8 / pi) (Feller 1951)."""


def range_volatility(high: Float64s, low: Float64s, close: Float64s) -> Float64s:
    """A standard deviation of the daily return as known at each close, from the sessions' ranges, (N,).

    The true range log(max(high, close before) / min(low, close before)) sees more of a session than its return does
    (Parkinson 1980; Wilder 1978). Its mean over about ten sessions is drawn towards the mean over about a year, since
    volatility comes back to its usual size; and one wild session weighs less than its square would.
    The first bar has no range; it takes `FLOOR`, as does anything smaller.
    """
    before = close[:-1]
    top, bottom = np.maximum(np.maximum(high, close)[1:], before), np.minimum(np.minimum(low, close)[1:], before)
    ranges = np.log(top / bottom)
    volatility = np.full(len(close), FLOOR)
    mixed = FAST_SHARE * _decaying_mean(ranges, FAST) + (1.0 - FAST_SHARE) * _decaying_mean(ranges, SLOW)
    volatility[1:] = np.maximum(mixed / RANGE, FLOOR)
    return volatility


def _decaying_mean(values: Float64s, decay: float) -> Float64s:
    """sum_i decay^i v_{t-i} / sum_i decay^i at each t, (n,)."""
    n = len(values)
    means: Float64s = _decaying_sum(values.tolist(), decay) / _weights(max(1 << (n - 1).bit_length(), 1), decay)[:n]
    return means


def _decaying_sum(values: list[float], decay: float) -> Float64s:
    return np.fromiter(accumulate(values, lambda before, value: decay * before + value), np.float64, len(values))


@cache
def _weights(n: int, decay: float) -> Float64s:
    """sum_i decay^i at each t, (n,): the same for every symbol."""
    return _decaying_sum([1.0] * n, decay)
