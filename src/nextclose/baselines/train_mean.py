"""Train mean: the last close grown by the train span's mean return."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from nextclose.baselines.baseline import CLOSE
from nextclose.core.types import Float64s


@dataclass(frozen=True, kw_only=True)
class TrainMean:
    """yhat = close * (1 + mean return); the constant that a forecast must beat where prices drift."""

    needs: int = 1
    mean: float = 0.0
    """Mean simple return a session."""

    def fit(self, ohlc: Float64s, horizon: int = 1) -> Self:
        """The mean of close_t / close_{t-1} - 1, (T, 4)."""
        close = ohlc[:, CLOSE]
        return replace(self, mean=float(np.mean(close[1:] / close[:-1] - 1.0)) if len(close) > 1 else 0.0)

    def predict(self, windows: Float64s) -> Float64s:
        """(n, 1, 4) -> (n,)."""
        return windows[:, -1, CLOSE] * (1.0 + self.mean)

    def ahead(self, windows: Float64s, horizon: int) -> Float64s:
        """The mean return compounded, (n, 1, 4) -> (n, K)."""
        forecast: Float64s = windows[:, -1, CLOSE, None] * (1.0 + self.mean) ** np.arange(1, horizon + 1)
        return forecast
