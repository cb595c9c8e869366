"""How far the skill could have fallen out otherwise."""

from __future__ import annotations

from functools import lru_cache

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
    """
    if len(lost) < 2 or not np.any(base):
        return float("nan"), float("nan")
    sums = resampled_sums(np.column_stack([lost, base]), seed=seed)
    known = sums[:, 1] > 0.0
    if not known.any():
        return float("nan"), float("nan")
    skills = 1.0 - sums[known, 0] / sums[known, 1]
    lo, hi = np.quantile(skills, [(1.0 - LEVEL) / 2.0, (1.0 + LEVEL) / 2.0])
    return float(lo), float(hi)


def resampled_sums(values: Float64s, *, seed: int = 0) -> Float64s:
    """Sums of `RESAMPLES` circular block bootstraps of the rows of values (T, M); (RESAMPLES, M).

    Politis & Romano 1992, "A circular block-resampling procedure for stationary data"; blocks of T^(1/3) sessions
    keep calm and wild days together, the last of a resample is shorter to make T.
    """
    T, draws, sums = len(values), _draws(len(values), seed), np.empty((RESAMPLES, values.shape[1]))
    block = block_length(T)
    rest = T - (draws.shape[1] - 1) * block
    running = np.concatenate(
        [np.zeros((1, values.shape[1])), np.cumsum(np.concatenate([values, values[:block]]), axis=0)]
    )
    blocks = np.concatenate([running[length : length + T] - running[:T] for length in (block, rest)])
    for column, own in enumerate(blocks.T):
        sums[:, column] = own[draws].sum(axis=1)
    return sums


@lru_cache(maxsize=4)
def _draws(T: int, seed: int) -> Ints:
    """Where the blocks of each resample start, (RESAMPLES, blocks), among the T whole blocks, then the T shorter ones."""
    rng = np.random.Generator(np.random.PCG64(seed))
    starts: Ints = rng.integers(0, T, (RESAMPLES, -(-T // block_length(T))))
    starts[:, -1] += T
    starts.setflags(write=False)
    return starts
