"""AR(p): the next log return as a linear function of the last p."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Self

import numpy as np

from nextclose.baselines.baseline import CLOSE
from nextclose.core.types import Float64s


@dataclass(frozen=True, kw_only=True, eq=False)
class AutoRegression:
    """r_{t+1} = c + sum_j phi_j r_{t+1-j}, fitted by least squares; yhat = close * exp(r)."""

    lags: int
    """p: the returns inside a window of p + 1 closes."""
    coefficients: Float64s = field(default_factory=lambda: np.zeros(1))
    """(1 + p,): c, phi_1 (the latest return) .. phi_p."""

    @property
    def needs(self) -> int:
        """Closes that p returns take."""
        return self.lags + 1

    def fit(self, ohlc: Float64s, horizon: int = 1) -> Self:
        """Least squares over the span's returns, (T, 4); zero where there are too few to fit."""
        returns = np.diff(np.log(ohlc[:, CLOSE]))
        if len(returns) < 2 * (self.lags + 1):
            return replace(self, coefficients=np.zeros(1 + self.lags))
        past = np.lib.stride_tricks.sliding_window_view(returns[:-1], self.lags)[:, ::-1]
        design = np.column_stack([np.ones(len(past)), past])
        coefficients, *_ = np.linalg.lstsq(design, returns[self.lags :], rcond=None)
        return replace(self, coefficients=coefficients)

    def predict(self, windows: Float64s) -> Float64s:
        """(n, p + 1, 4) -> (n,)."""
        returns = np.diff(np.log(windows[:, :, CLOSE]), axis=1)[:, ::-1]
        expected = self.coefficients[0] + returns @ self.coefficients[1:]
        forecast: Float64s = windows[:, -1, CLOSE] * np.exp(expected)
        return forecast

    def ahead(self, windows: Float64s, horizon: int) -> Float64s:
        """By recursion: each expected return is the latest of the next, (n, p + 1, 4) -> (n, K)."""
        closes = np.array(windows[:, :, CLOSE])
        for _ in range(horizon):
            latest = np.broadcast_to(closes[:, -self.needs :, None], (len(closes), self.needs, CLOSE + 1))
            closes = np.column_stack([closes, self.predict(latest)])
        return closes[:, -horizon:]
