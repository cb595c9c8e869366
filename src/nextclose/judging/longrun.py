"""Long-run variances: of one series, or of many that lie one behind the other."""

from __future__ import annotations

import numpy as np

from nextclose.core.types import Float64s, Ints


def long_run_variance(d: Float64s, lag: int) -> float:
    """Variance of sqrt(T) times the mean of d (T,): gamma_0 + 2 sum gamma_k, k = 1..lag.

    The autocovariances count in full (the rectangular kernel, as Diebold & Mariano have it for forecasts of lag + 1
    steps); with Bartlett's weights 1 - k / (lag + 1) where the sum is not positive.
    """
    return float(long_run_variances(d, np.zeros(1, dtype=np.int64), lag)[0])


def long_run_variances(d: Float64s, starts: Ints, lag: int) -> Float64s:
    """`long_run_variance` of each of the series in d (n,) that begin at `starts` (S,); (S,)."""
    counts = np.diff(starts, append=len(d))
    centred = d - np.repeat(np.add.reduceat(d, starts) / counts, counts)
    gammas = [np.add.reduceat(centred**2, starts) / counts]
    place = np.arange(len(d)) - np.repeat(starts, counts)
    for k in range(1, lag + 1):
        product = np.zeros(len(d))
        product[k:] = centred[k:] * centred[: len(d) - k]
        gammas.append(np.add.reduceat(np.where(place >= k, product, 0.0), starts) / counts)
    variance = gammas[0] + 2.0 * sum(gammas[1:], np.zeros(len(starts)))
    weighted = gammas[0] + 2.0 * sum(
        ((1.0 - k / (lag + 1)) * gamma for k, gamma in enumerate(gammas[1:], start=1)), np.zeros(len(starts))
    )
    return np.where(variance > 0.0, variance, weighted)
