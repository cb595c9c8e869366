"""Ridge regression on the window that the nets see: the best that a line can do with it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Self

import numpy as np

from nextclose.baselines.baseline import CLOSE
from nextclose.core.types import Float64s

PENALTIES = np.logspace(-2, 6, 25)
"""Candidates for the penalty, for standardised inputs."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Ridge:
    """The next log return from log(price / last close) of every bar in the window; yhat = close * exp(r).

    The penalty minimises the leave-one-out error, which has a closed form (Hastie, Tibshirani & Friedman,
    The Elements of Statistical Learning, 7.10 and exercise 7.3).
    """

    seq_len: int
    """L, the bars in a window."""
    weights: Float64s = field(default_factory=lambda: np.zeros(0))
    """(4 L - 1,) for the raw inputs."""
    intercept: float = 0.0
    penalty: float = float("nan")
    later: tuple[Ridge, ...] = ()
    """Those for further sessions."""

    @property
    def needs(self) -> int:
        """Bars in a window."""
        return self.seq_len

    def fit(self, ohlc: Float64s, horizon: int = 1) -> Self:
        """Fit on every window of the train span, (T, 4); zero where there are fewer than three."""
        first, *later = (self._fitted(ohlc, step) for step in range(1, horizon + 1))
        return replace(first, later=tuple(later))

    def _fitted(self, ohlc: Float64s, step: int) -> Self:
        """The regression for the close `step` sessions ahead."""
        count = len(ohlc) - self.seq_len - step + 1
        if count < 3:
            return replace(self, weights=np.zeros(4 * self.seq_len - 1))
        windows = np.lib.stride_tricks.sliding_window_view(ohlc, self.seq_len, axis=0)[:count].swapaxes(1, 2)
        X = _inputs(windows)
        y = np.log(ohlc[self.seq_len + step - 1 :, CLOSE] / ohlc[self.seq_len - 1 : -step, CLOSE])
        mean = X.mean(axis=0)
        spread = X.std(axis=0, mean=mean[None])
        spread[spread == 0.0] = 1.0
        Z, centred = (X - mean) / spread, y - y.mean()
        squares, V = np.linalg.eigh(Z.T @ Z)
        Z, squares = Z @ V, np.maximum(squares, 0.0)
        penalty = PENALTIES[np.argmin(_leave_one_out(Z, squares, centred))]
        slopes = V @ ((Z.T @ centred) / (squares + penalty)) / spread
        return replace(self, weights=slopes, intercept=float(y.mean() - mean @ slopes), penalty=float(penalty))

    def predict(self, windows: Float64s) -> Float64s:
        """(n, L, 4) -> (n,)."""
        expected = _inputs(windows) @ self.weights + self.intercept
        return windows[:, -1, CLOSE] * np.exp(expected)

    def ahead(self, windows: Float64s, horizon: int) -> Float64s:
        """Directly: a regression a step, as many as were fitted, (n, L, 4) -> (n, K)."""
        steps = (self, *self.later)[:horizon]
        return np.stack([step.predict(windows) for step in steps], axis=1)


def _inputs(windows: Float64s) -> Float64s:
    """log(price / last close), without the last close itself, which is always 0: (n, L, 4) -> (n, 4 L - 1)."""
    relative = np.log(windows / windows[:, -1:, CLOSE:])
    return relative.reshape(len(windows), -1)[:, :-1]


def _leave_one_out(Z: Float64s, squares: Float64s, y: Float64s) -> Float64s:
    """Mean squared leave-one-out error of centred y for each penalty; the mean takes 1/n of each sample's leverage.

    Z : (n, p) inputs along their principal axes, `squares` (p,) the sum of squares along each.
    """
    shrink = 1.0 / (squares[:, None] + PENALTIES)
    left = y[:, None] - Z @ (shrink * (Z.T @ y)[:, None])
    left /= 1.0 - 1.0 / len(y) - (Z**2) @ shrink
    errors: Float64s = np.einsum("ij,ij->j", left, left) / len(y)
    return errors
