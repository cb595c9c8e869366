"""How far the skill could have fallen out otherwise."""

from __future__ import annotations

import numpy as np

from nextclose.core.types import Float64s

RESAMPLES = 1_000
LEVEL = 0.9


def skill_interval(error: Float64s, naive: Float64s, *, seed: int = 0) -> tuple[float, float]:
    """90 % percentile interval of the skill by a circular block bootstrap over sessions; NaN below two sessions.

    Politis & Romano 1992, "A circular block-resampling procedure for stationary data"; blocks of n^(1/3) sessions
    keep calm and wild days together.
    """
    n = len(error)
    if n < 2 or not np.any(naive):
        return float("nan"), float("nan")
    block = max(round(n ** (1 / 3)), 1)
    rng = np.random.Generator(np.random.PCG64(seed))
    starts = rng.integers(0, n, (RESAMPLES, -(-n // block)))
    rows = ((starts[:, :, None] + np.arange(block)) % n).reshape(RESAMPLES, -1)[:, :n]
    lost, base = (error**2)[rows].sum(axis=1), (naive**2)[rows].sum(axis=1)
    skills = 1.0 - lost[base > 0.0] / base[base > 0.0]
    lo, hi = np.quantile(skills, [(1.0 - LEVEL) / 2.0, (1.0 + LEVEL) / 2.0])
    return float(lo), float(hi)
