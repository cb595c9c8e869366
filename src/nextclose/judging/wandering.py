"""Where an announced change wanders, Dickey and Fuller's distribution takes the place of the normal one.

A net that pulls towards the price level of its train span announces c - P_t, a walk. Then the sum behind Clark-West
and Diebold-Mariano, change times announced change, is that of a unit-root test: on a random walk its 5 % point is
1.94, not 1.645, and the normal tail believes such forecasts in 9 of 100 walks (`nextclose bench judge` counts).
Dickey and Fuller's distribution bounds the tail for everything between a walk and a stationary series (Phillips 1987,
"Towards a unified asymptotic theory for autoregression").
"""

from __future__ import annotations

import numpy as np
from scipy.special import ndtr

from nextclose.core.types import Bools, Float64s, Ints
from nextclose.judging.tally import Tally

MEMORY = 50.0
"""An announced change wanders where T (1 - rho) is below this, rho its autocorrelation: above, the normal tail holds.

With fewer than 50 sessions that is nearly every forecast, as it should be: for so few the normal tail is too thin anyway.
"""
ASIDE = 7.0
"""... unless its mean is this many standard deviations from 0: a constant announces, it does not wander."""
_START, _POLYNOMIAL = -1.04, (0.6344, 1.2378, 0.032496)
"""MacKinnon 1994, "Approximate asymptotic distribution functions for unit-root tests", no constant, lower tail."""
_LEAST = -19.04
"""His smallest statistic: the polynomial turns upwards below."""


def wanders(tally: Tally) -> bool:
    """Whether the announced changes follow paths that hardly return to their mean within the sessions judged.

    The mean is that of all symbols; a product of neighbours centred on it is c c' - mean (c + c') + mean^2.
    """
    n, pairs = tally.forecasts, int(tally.pairs.sum())
    if pairs < 2:
        return False
    mean = float(np.sum(tally.announced)) / n
    variance = float(np.sum(tally.announced_squares)) / n - mean * mean
    products = float(np.sum(tally.pair_products)) - mean * float(np.sum(tally.pair_sums))
    return bool(_wander(pairs, mean, variance, products / pairs + mean * mean, tally.sessions))


def wandering_series(change: Float64s, starts: Ints) -> Bools:
    """The same for each of the series in change (n,) that begin at `starts` (S,); (S,)."""
    T = np.diff(starts, append=len(change))
    mean = np.add.reduceat(change, starts) / T
    centred = change - np.repeat(mean, T)
    product = centred * np.roll(centred, 1)
    product[starts] = 0.0
    variance, together = (np.add.reduceat(values, starts) for values in (centred**2, product))
    found: Bools = _wander(T - 1, mean, variance / T, together / np.maximum(T - 1, 1), T)
    return found


def _wander(
    pairs: Ints | int, mean: Float64s | float, variance: Float64s | float, together: Float64s | float, T: Ints | int
) -> Bools:
    """`together`: the mean product of neighbours, of which there are `pairs`; T sessions."""
    moves = (pairs >= 2) & (variance > 0.0) & (np.abs(mean) < ASIDE * np.sqrt(np.maximum(variance, 0.0)))
    rho = np.divide(together, variance, where=moves, out=np.ones(np.shape(variance)))
    found: Bools = moves & (T * (1.0 - rho) < MEMORY)
    return found


def upper_tail(statistic: Float64s | float) -> Float64s:
    """Probability of a statistic this high under Dickey and Fuller's distribution, mirrored; 1 below its start."""
    mirrored = -np.asarray(statistic, dtype=np.float64)
    tail = ndtr(np.polynomial.polynomial.polyval(np.maximum(mirrored, _LEAST), _POLYNOMIAL))
    found: Float64s = np.where(np.isnan(mirrored), np.nan, np.where(mirrored <= _START, tail, 1.0))
    return found


def guarded(pvalue: Float64s | float, statistic: Float64s | float) -> Float64s:
    """The larger of a p-value and the upper tail of its statistic here; NaN where there is no p-value."""
    larger: Float64s = np.where(np.isfinite(pvalue), np.fmax(pvalue, upper_tail(statistic)), np.nan)
    return larger
