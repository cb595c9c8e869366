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

from nextclose.judging.panel import Panel

MEMORY = 50.0
"""An announced change wanders where T (1 - rho) is below this, rho its autocorrelation: above, the normal tail holds."""
ASIDE = 7.0
"""... unless its mean is this many standard deviations from 0: a constant announces, it does not wander."""
_START, _POLYNOMIAL = -1.04, (0.6344, 1.2378, 0.032496)
"""MacKinnon 1994, "Approximate asymptotic distribution functions for unit-root tests", no constant, lower tail."""
_LEAST = -19.04
"""His smallest statistic: the polynomial turns upwards below."""


def wanders(panel: Panel) -> bool:
    """Whether the announced changes follow a path that hardly returns to its mean within the sessions judged."""
    order = panel.by_symbol
    change = panel.announced[order]
    inside = np.diff(panel.symbol[order], prepend=-1) == 0
    if np.count_nonzero(inside) < 2:
        return False
    mean = float(np.mean(change))
    centred = change - mean
    variance = float(np.mean(centred**2))
    if not variance > 0.0 or abs(mean) >= ASIDE * np.sqrt(variance):
        return False
    together = float(np.mean(centred[1:][inside[1:]] * centred[:-1][inside[1:]]))
    return panel.sessions.count * (1.0 - together / variance) < MEMORY


def upper_tail(statistic: float) -> float:
    """Probability of a statistic this high under Dickey and Fuller's distribution, mirrored; 1 below its start."""
    if not -statistic <= _START:
        return float("nan") if np.isnan(statistic) else 1.0
    return float(ndtr(np.polynomial.polynomial.polyval(max(-statistic, _LEAST), _POLYNOMIAL)))


def guarded(pvalue: float, statistic: float) -> float:
    """The larger of a p-value and the upper tail of its statistic here."""
    return float(np.fmax(pvalue, upper_tail(statistic))) if np.isfinite(pvalue) else pvalue
