"""Persistence: the next close is the last close."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np

from nextclose.baselines.baseline import CLOSE
from nextclose.core.types import Float64s


@dataclass(frozen=True, kw_only=True)
class Persistence:
    """yhat = close."""

    needs: int = 1

    def fit(self, ohlc: Float64s, horizon: int = 1) -> Self:
        """Nothing to learn."""
        return self

    def predict(self, windows: Float64s) -> Float64s:
        """The last close of each window, (n, 1, 4) -> (n,)."""
        return windows[:, -1, CLOSE]

    def ahead(self, windows: Float64s, horizon: int) -> Float64s:
        """The last close again and again, (n, 1, 4) -> (n, K)."""
        return np.repeat(windows[:, -1, CLOSE, None], horizon, axis=1)
