"""The volatility that is known at each close."""

from __future__ import annotations

import numpy as np

from nextclose.core.types import Float64s

DECAY = 0.94
"""RiskMetrics' decay for daily data (J.P. Morgan 1996, RiskMetrics Technical Document, ch. 5)."""
FLOOR = 1e-4
"""One basis point a day: flat prices must not divide by zero."""


def ewma_volatility(close: Float64s, decay: float = DECAY) -> Float64s:
    """Standard deviation of the daily log return as known at each close, (N,).

    sigma_t^2 = sum_i decay^i r_{t-i}^2 / sum_i decay^i over the returns up to and including bar t.
    The first bar has no return; it takes `FLOOR`, as does anything smaller.
    """
    squares = np.diff(np.log(close)) ** 2
    volatility = np.full(len(close), FLOOR)
    weighted, weight = 0.0, 0.0
    for t, square in enumerate(squares.tolist(), start=1):
        weighted = decay * weighted + square
        weight = decay * weight + 1.0
        volatility[t] = weighted / weight
    volatility[1:] = np.maximum(np.sqrt(volatility[1:]), FLOOR)
    return volatility
