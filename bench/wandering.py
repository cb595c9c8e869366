"""Where the normal tail of Clark-West fails, and what the guard makes of it: false claims of 5 % tests on simulated walks.

The forecaster announces x_t = rho x_{t-1} - r_t: between a walk against the price (rho 1) and nothing lasting. Printed
are the shares of 20,000 series in which the normal tail, Dickey and Fuller's for all, the judge's guard, and Clark-West
together with a sign test (So & Shin 1999) reject. The bounds in `judging/wandering.py` were chosen on this.

OMP_NUM_THREADS=1 python bench/wandering.py
"""

from __future__ import annotations

import numpy as np
from scipy.special import ndtr

from nextclose.judging.wandering import guarded, upper_tail, wandering_series

SERIES = 20_000
LEVEL = 0.05


def simulate(rng: np.random.Generator, sessions: int, rho: float, start: float) -> tuple[np.ndarray, np.ndarray]:
    """Returns and announced changes, (SERIES, sessions) each; `start` in standard deviations of a walk so long."""
    returns = rng.standard_normal((SERIES, sessions))
    change = np.empty((SERIES, sessions))
    last = np.full(SERIES, start * np.sqrt(sessions))
    for t in range(sessions):
        change[:, t] = last
        last = rho * last - returns[:, t]
    return returns, change


def shares(returns: np.ndarray, change: np.ndarray) -> tuple[float, ...]:
    """Of the normal tail, Dickey and Fuller's, the guard, and both tests."""
    n = returns.shape[1]
    product = returns * change
    statistic = product.mean(axis=1) / product.std(axis=1) * np.sqrt(n)
    normal = ndtr(-statistic)
    wanders = wandering_series(change.ravel(), np.arange(SERIES) * n)
    signs = (returns * np.sign(change)).sum(axis=1) / np.sqrt((returns**2).sum(axis=1))
    guard = np.where(wanders, guarded(normal, statistic), normal)
    both = np.maximum(normal, ndtr(-signs))
    return tuple(float(np.mean(p < LEVEL)) for p in (normal, upper_tail(statistic), guard, both))


def main() -> None:
    rng = np.random.Generator(np.random.PCG64(0))
    print("sessions  T(1-rho)  start   normal  Dickey-Fuller  guard   with signs")
    for sessions in (250, 1_000):
        for memory in (0, 5, 10, 20, 30, 50, 80, 125):
            show(rng, sessions, memory, 0.0)
    for start in (0.5, 1.0, 2.0, 4.0):
        show(rng, 250, 0, start)


def show(rng: np.random.Generator, sessions: int, memory: float, start: float) -> None:
    found = shares(*simulate(rng, sessions, 1.0 - memory / sessions, start))
    normal, everywhere, guard, both = (f"{100.0 * share:.1f} %" for share in found)
    print(f"{sessions:8,}  {memory:8}  {start:5}  {normal:>7}  {everywhere:>13}  {guard:>6}  {both:>10}")


if __name__ == "__main__":
    main()
