"""Persistence: the next close is the last close."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from nextclose.baselines.baseline import CLOSE
from nextclose.core.types import Float64s


@dataclass(frozen=True, kw_only=True)
class Persistence:
    """yhat = close."""

    needs: int = 1

    def fit(self, ohlc: Float64s) -> Self:
        """Nothing to learn."""
        return self

    def predict(self, windows: Float64s) -> Float64s:
        """The last close of each window, (n, 1, 4) -> (n,)."""
        return windows[:, -1, CLOSE]
