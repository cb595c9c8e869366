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
from nextclose.judging.panel import Panel

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


def wanders(panel: Panel) -> bool:
    """Whether the announced changes follow a path that hardly returns to its mean within the sessions judged."""
    if np.count_nonzero(panel.within) < 2:
        return False
    change, everything = panel.announced[panel.by_symbol], np.zeros(1, dtype=np.int64)
    return bool(_wander(change, panel.within, everything, np.array([panel.sessions.count]))[0])


def wandering_series(change: Float64s, starts: Ints) -> Bools:
    """The same for each of the series in change (n,) that begin at `starts` (S,); (S,)."""
    inside = np.ones(len(change), dtype=np.bool_)
    inside[starts] = False
    return _wander(change, inside, starts, np.diff(starts, append=len(change)))


def _wander(change: Float64s, inside: Bools, starts: Ints, sessions: Ints) -> Bools:
    """`inside` (n,): rows whose row before is the session before; `sessions` (S,) of each series."""
    rows, pairs = np.diff(starts, append=len(change)), np.add.reduceat(inside, starts, dtype=np.int64)
    mean = np.add.reduceat(change, starts) / rows
    centred = change - np.repeat(mean, rows)
    variance = np.add.reduceat(centred**2, starts) / rows
    product = np.where(inside, centred * np.roll(centred, 1), 0.0)
    together = np.add.reduceat(product, starts) / np.maximum(pairs, 1)
    moves = (pairs >= 2) & (variance > 0.0) & (np.abs(mean) < ASIDE * np.sqrt(variance))
    rho = np.divide(together, variance, where=moves, out=np.ones(len(rows)))
    found: Bools = moves & (sessions * (1.0 - rho) < MEMORY)
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
