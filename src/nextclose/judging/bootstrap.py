"""How far the skill could have fallen out otherwise."""

from __future__ import annotations

import numpy as np

from nextclose.core.types import Float64s, Ints

RESAMPLES = 1_000
LEVEL = 0.9


def block_length(sessions: int) -> int:
    """Sessions that are drawn together: T^(1/3)."""
    return max(int(np.rint(np.cbrt(sessions))), 1)


def skill_interval(lost: Float64s, base: Float64s, *, seed: int = 0) -> tuple[float, float]:
    """90 % percentile interval of the skill by a circular block bootstrap over sessions; NaN below two sessions.

    lost, base : (T,) squared errors of the model and of persistence, summed over the symbols of each session.

    Politis & Romano 1992, "A circular block-resampling procedure for stationary data"; blocks of T^(1/3) sessions
    keep calm and wild days together.
    """
    T = len(lost)
    if T < 2 or not np.any(base):
        return float("nan"), float("nan")
    block = block_length(T)
    count = -(-T // block)
    rng = np.random.Generator(np.random.PCG64(seed))
    starts = rng.integers(0, T, (RESAMPLES, count))
    ends = starts.copy()
    ends[:, :-1] += block
    ends[:, -1] += T - (count - 1) * block
    bases = _spans(base, starts, ends)
    known = bases > 0.0
    skills = 1.0 - _spans(lost, starts, ends)[known] / bases[known]
    if len(skills) == 0:
        return float("nan"), float("nan")
    lo, hi = np.quantile(skills, [(1.0 - LEVEL) / 2.0, (1.0 + LEVEL) / 2.0])
    return float(lo), float(hi)


def _spans(values: Float64s, starts: Ints, ends: Ints) -> Float64s:
    """Sum over each resample's spans starts..ends - 1 of the values, which go on from their first after their last."""
    running = np.concatenate([[0.0], np.cumsum(np.concatenate([values, values]))])
    sums: Float64s = (running[ends] - running[starts]).sum(axis=1)
    return sums
