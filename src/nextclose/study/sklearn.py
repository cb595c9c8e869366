"""A scikit-learn regressor as a forecaster."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import numpy as np

from nextclose.bars.bars import Bars
from nextclose.core.errors import BarsError, NextcloseError, SettingsError
from nextclose.core.settings import Scaling, Target, WindowSettings
from nextclose.windows import Scaler, fit_scaler, make_dataset


class SklearnForecaster:
    """Fits anything with scikit-learn's fit(X, y) and predict(X) on windows of bars, and says the next close.

    Parameters
    ----------
    regressor : an unfitted regressor; it is copied, never changed. Each window is one row of X, (N, L * F), the oldest
        session first; y is (N,).
    seq_len : sessions in a window (L).
    features : columns of a step (F).
    scaling, target : as a recipe's settings; by default log-ratios to the last close and the log return, both in units of
        the volatility known at the origin, so that 0 is persistence.
    name : what it is called in tables; the regressor's class by default.

    Raises
    ------
    SettingsError : no regressor, or settings that do not exist.
    """

    def __init__(
        self,
        regressor: Any,
        *,
        seq_len: int = 4,
        features: tuple[str, ...] = ("open", "high", "low", "close"),
        scaling: Scaling = "log-ratio-volatility",
        target: Target = "volatility-return",
        name: str | None = None,
    ) -> None:
        if not (callable(getattr(regressor, "fit", None)) and callable(getattr(regressor, "predict", None))):
            raise SettingsError(
                "expected a regressor with fit(X, y) and predict(X), got {kind}", kind=type(regressor).__name__
            )
        self.regressor = regressor
        self.windows = WindowSettings(seq_len=seq_len, features=tuple(features), scaling=scaling, target=target)
        self.name = name or type(regressor).__name__
        self._scaler: Scaler | None = None

    def fit(self, bars: Bars) -> SklearnForecaster:
        """Fit a copy of the regressor on every window of `bars`, and return this forecaster.

        Raises
        ------
        BarsError : too few bars for two windows.
        """
        data = make_dataset(bars, self.windows)
        windows = data.train_windows(0, len(bars))
        if windows.stop - windows.start < 2:
            raise BarsError("{name}: {got} bars are too few to fit on", name=self.name, got=len(bars))
        self._scaler = fit_scaler(data, 0, len(bars))
        X = self._scaler.x.forward(data.X[windows])
        self._fitted = deepcopy(self.regressor)
        self._fitted.fit(X.reshape(len(X), -1), self._scaler.y.forward(data.y[windows])[:, 0])
        return self

    def predict(self, bars: Bars) -> float:
        """The close of the session after the last of `bars`. Raises NextcloseError before `fit`."""
        if self._scaler is None:
            raise NextcloseError("this forecaster is not fitted yet: call fit(bars) first")
        data = make_dataset(bars, self.windows)
        X = self._scaler.x.forward(data.X[data.latest]).reshape(1, -1)
        output = np.asarray(self._fitted.predict(X), dtype=np.float64).reshape(1, 1)
        return float(data.prices(self._scaler.y.backward(output), data.latest)[0, 0])
