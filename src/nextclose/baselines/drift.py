"""Drift: the last close plus the train span's mean daily change."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from nextclose.baselines.baseline import CLOSE
from nextclose.core.types import Float64s


@dataclass(frozen=True, kw_only=True)
class Drift:
    """yhat = close + (c_T - c_1) / (T - 1) (Hyndman & Athanasopoulos, Forecasting: Principles and Practice, 5.2)."""

    needs: int = 1
    step: float = 0.0
    """Mean change a session, in the price's unit."""

    def fit(self, ohlc: Float64s, horizon: int = 1) -> Self:
        """The mean change between the span's first and last close, (T, 4)."""
        close = ohlc[:, CLOSE]
        return replace(self, step=float(close[-1] - close[0]) / max(len(close) - 1, 1))

    def predict(self, windows: Float64s) -> Float64s:
        """(n, 1, 4) -> (n,)."""
        return windows[:, -1, CLOSE] + self.step

    def ahead(self, windows: Float64s, horizon: int) -> Float64s:
        """A step more each session, (n, 1, 4) -> (n, K)."""
        forecast: Float64s = windows[:, -1, CLOSE, None] + self.step * np.arange(1, horizon + 1)
        return forecast
