"""Forecasters that the judge is tried on. Each learns from the train span and says the next close of every test session."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from typing import Protocol

import numpy as np

from nextclose.baselines import Baseline
from nextclose.baselines.ar import AutoRegression
from nextclose.baselines.drift import Drift
from nextclose.baselines.ridge import Ridge
from nextclose.baselines.train_mean import TrainMean
from nextclose.bench.simulated import Series
from nextclose.core.types import Float64s
from nextclose.recipes import Recipe, load_recipe
from nextclose.training.fold import fit_folds
from nextclose.training.resolve import Engine, resolve_engine
from nextclose.windows import make_dataset


class Forecaster(Protocol):
    """A frozen value."""

    @property
    def name(self) -> str:
        """Its name in the table that is judged."""

    def forecast(self, series: Series, rng: np.random.Generator) -> Float64s:
        """The close of every test session as seen from the one before, (n,); NaN where there is no forecast."""


@dataclass(frozen=True, kw_only=True)
class Noise:
    """Announces a change drawn at random."""

    name: str = "noise"
    size: float = 0.3
    """Standard deviation of the change announced, in those of the train span's returns."""
    around_mean: bool = False
    """Around the train span's mean return instead of 0."""

    def forecast(self, series: Series, rng: np.random.Generator) -> Float64s:
        """The last close, moved at random."""
        close = series.bars.close[: series.train]
        returns = close[1:] / close[:-1] - 1.0
        centre = float(np.mean(returns)) if self.around_mean else 0.0
        return series.last * (1.0 + centre + self.size * np.std(returns) * rng.standard_normal(len(series.last)))


@dataclass(frozen=True, kw_only=True, eq=False)
class Fitted:
    """One of the project's own baselines, fitted once on the train span."""

    name: str
    baseline: Baseline

    def forecast(self, series: Series, rng: np.random.Generator) -> Float64s:
        """From the windows that end before each test session."""
        ohlc, needs = series.ohlc, self.baseline.needs
        fitted = self.baseline.fit(ohlc[: series.train])
        windows = np.lib.stride_tricks.sliding_window_view(ohlc, needs, axis=0).swapaxes(1, 2)
        return fitted.predict(windows[series.train - needs : len(ohlc) - needs])


@dataclass(frozen=True, kw_only=True)
class Repeats:
    """The forecaster that knows how an AR(1) world works: a share of the last return comes again."""

    phi: float
    name: str = "true coefficient"

    def forecast(self, series: Series, rng: np.random.Generator) -> Float64s:
        """close (1 + phi r)."""
        before = series.bars.close[series.train - 2 : -2]
        closes: Float64s = series.last * (1.0 + self.phi * (series.last / before - 1.0))
        return closes


@dataclass(frozen=True, kw_only=True)
class Pull:
    """Expects the price to return to a moving average."""

    sessions: int
    """Closes averaged."""
    strength: float
    """Share of the distance that is announced."""

    @property
    def name(self) -> str:
        """With its settings."""
        return f"pull {self.sessions} {self.strength}"

    def forecast(self, series: Series, rng: np.random.Generator) -> Float64s:
        """close + strength (average - close)."""
        windows = np.lib.stride_tricks.sliding_window_view(series.bars.close, self.sessions)
        average: Float64s = windows[series.train - self.sessions : -1].mean(axis=1)
        return series.last + self.strength * (average - series.last)


@dataclass(frozen=True, kw_only=True)
class Level:
    """Expects the price to return to the mean of its train span, as a net on min-max scaled prices tends to."""

    strength: float

    @property
    def name(self) -> str:
        """With its setting."""
        return f"level {self.strength}"

    def forecast(self, series: Series, rng: np.random.Generator) -> Float64s:
        """close + strength (mean - close)."""
        mean = np.mean(series.bars.close[: series.train])
        return series.last + self.strength * (mean - series.last)


@dataclass(frozen=True, kw_only=True)
class Momentum:
    """Expects some of the mean return of the last sessions to go on."""

    sessions: int
    strength: float

    @property
    def name(self) -> str:
        """With its settings."""
        return f"momentum {self.sessions} {self.strength}"

    def forecast(self, series: Series, rng: np.random.Generator) -> Float64s:
        """close (1 + strength (close / close k ago - 1) / k)."""
        before = series.bars.close[series.train - 1 - self.sessions : -1 - self.sessions]
        return series.last * (1.0 + self.strength * (series.last / before - 1.0) / self.sessions)


@dataclass(frozen=True, kw_only=True)
class Net:
    """A recipe with one seed, fitted once on the train span by the project's own pipeline."""

    name: str

    def forecast(self, series: Series, rng: np.random.Generator) -> Float64s:
        """Sessions that the recipe's windows do not reach have no forecast."""
        recipe, engine = ready(self.name)
        data = make_dataset(series.bars, recipe.windows)
        fitted = fit_folds(recipe, data, [(0, series.train)], engine)[0]
        windows = data.test_windows(series.train, len(series.bars) - 1, series.train)
        closes = np.full(len(series.bars), np.nan)
        origins = data.origins(windows)
        closes[origins.start + 1 : origins.stop + 1] = fitted.forecast(data, windows, engine).mean(axis=0)[:, 0]
        return closes[series.train :]


@cache
def ready(name: str) -> tuple[Recipe, Engine]:
    """The recipe as it is tried here, and the engine, compiled."""
    recipe = replace(load_recipe(name), seeds=1, refit_every=0)
    return recipe, resolve_engine("fused", recipe)


def autoregression(lags: int) -> Fitted:
    """AR(lags) by least squares."""
    return Fitted(name=f"AR({lags})", baseline=AutoRegression(lags=lags))


NETS = ("tutorial", "default")
ALONE: tuple[Forecaster, ...] = (Noise(), autoregression(4), *(Net(name=name) for name in NETS))
"""Judged one by one."""
TWENTY: tuple[Forecaster, ...] = (
    *(Noise(name=f"noise {size}", size=size) for size in (0.1, 0.3, 1.0)),
    *(autoregression(lags) for lags in (1, 2, 3, 4, 5, 6)),
    *(Pull(sessions=k, strength=s) for k, s in ((2, 0.5), (5, 0.2), (20, 0.1), (60, 0.05), (250, 0.02))),
    Level(strength=0.02),
    Momentum(sessions=5, strength=0.5),
    Momentum(sessions=20, strength=1.0),
    Fitted(name="mean return", baseline=TrainMean()),
    Fitted(name="mean change", baseline=Drift()),
    Fitted(name="ridge 4", baseline=Ridge(seq_len=4)),
)
"""Judged as one family."""
