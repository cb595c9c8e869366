"""Prints the coefficients of engine/polynomials.py's float32 tanh and how far they are off.

tanh(x) = x P(x^2) / Q(x^2) with P and Q of degree 4, relative error minimised on [0, BOUND] in extended
precision: linearised least squares, reweighted towards the largest error (Lawson 1961) until it is level.
"""

from __future__ import annotations

import mpmath
import numpy as np

BOUND = 8.0
"""Here tanh is 4 units in the last place below 1 in float32; what rounding adds stays below 1."""
DEGREE = 4


def fit() -> tuple[list[float], list[float], float]:
    """P and Q, lowest power first, Q[0] = 1, and the largest relative error."""
    nodes = BOUND * (1.0 - np.cos(np.pi * (np.arange(800) + 0.5) / 800)) / 2.0
    x = nodes.astype(np.longdouble)
    s = x * x
    target = np.array([float(mpmath.tanh(float(v)) / float(v)) for v in nodes]).astype(np.longdouble)
    weights, denominator = np.ones_like(x), np.ones_like(x)
    best = ([], [], np.inf)
    for _ in range(400):
        scaled = (s / s.max())[:, None] ** np.arange(DEGREE + 1)
        rows = np.concatenate([scaled / target[:, None], -scaled[:, 1:]], axis=1)
        pull = np.sqrt(weights) / denominator
        solution, *_ = np.linalg.lstsq((rows * pull[:, None]).astype(np.float64), pull.astype(np.float64), rcond=None)
        powers = s.max() ** np.arange(DEGREE + 1)
        p = solution[: DEGREE + 1] / powers
        q = np.concatenate([[1.0], solution[DEGREE + 1 :]]) / powers
        denominator = np.abs((s[:, None] ** np.arange(DEGREE + 1)) @ q)
        error = np.abs((s[:, None] ** np.arange(DEGREE + 1)) @ p / denominator / target - 1.0)
        if error.max() < best[2]:
            best = ([float(v) for v in p], [float(v) for v in q], float(error.max()))
        weights = weights * (error + 1e-3 * error.max())
        weights /= weights.mean()
    return best


if __name__ == "__main__":
    p, q, error = fit()
    print("P =", ", ".join(f"{value:.9e}" for value in p))
    print("Q =", ", ".join(f"{value:.9e}" for value in q))
    print(f"largest relative error before rounding: {error:.2e}")
