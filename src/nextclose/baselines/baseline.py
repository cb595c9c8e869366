"""What every baseline can do."""

from __future__ import annotations

from typing import Protocol, Self

from nextclose.core.types import Float64s

CLOSE = 3
"""Column of the close in (open, high, low, close)."""


class Baseline(Protocol):
    """A frozen value; `fit` returns a fitted copy."""

    @property
    def needs(self) -> int:
        """Bars that a window must hold."""

    def fit(self, ohlc: Float64s, horizon: int = 1) -> Self:
        """Learn from the train span's bars, (T, 4), to forecast `horizon` closes (K)."""

    def predict(self, windows: Float64s) -> Float64s:
        """The close after each window, (n, needs, 4) -> (n,)."""

    def ahead(self, windows: Float64s, horizon: int) -> Float64s:
        """The K closes after each window, (n, needs, 4) -> (n, K)."""
