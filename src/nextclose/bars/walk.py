"""A simulated random walk: bars on which nothing can be predicted."""

from __future__ import annotations

import numpy as np

from nextclose.bars.bars import Bars
from nextclose.core.errors import SourceError

SESSIONS = 2_000
START = np.datetime64("2015-01-01")
DAILY_VOLATILITY = 0.015
OVERNIGHT = 0.4
"""Share of the daily variance that falls between close and open."""
STEPS = 20
"""Prices a session from which high and low are taken."""


def simulated_walk(seed: str, source: str) -> Bars:
    """2,000 weekday sessions of a geometric random walk without drift, from a whole-number seed.

    Raises
    ------
    SourceError : a seed that is no whole number of at least 0.
    """
    if not seed.isdigit():
        raise SourceError("walk:SEED takes a whole number, such as walk:7; got '{seed}'", seed=seed)
    rng = np.random.Generator(np.random.PCG64(int(seed)))
    night = np.sqrt(OVERNIGHT) * DAILY_VOLATILITY * rng.standard_normal(SESSIONS)
    day = np.sqrt((1.0 - OVERNIGHT) / STEPS) * DAILY_VOLATILITY * rng.standard_normal((SESSIONS, STEPS))
    within = np.cumsum(day, axis=1)
    before = np.concatenate([[0.0], np.cumsum(night + within[:, -1])[:-1]])
    opened = before + night
    path = opened[:, None] + np.concatenate([np.zeros((SESSIONS, 1)), within], axis=1)
    return Bars(
        symbol=f"WALK{seed}",
        dates=np.busday_offset(START, np.arange(SESSIONS), roll="forward"),
        open=100.0 * np.exp(opened),
        high=100.0 * np.exp(path.max(axis=1)),
        low=100.0 * np.exp(path.min(axis=1)),
        close=100.0 * np.exp(path[:, -1]),
        volume=rng.integers(100_000, 1_000_000, SESSIONS).astype(np.float64),
        exchange="24/5",
        source=source,
    )
