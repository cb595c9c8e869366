"""One simulated symbol: bars whose first part trains and whose last part is forecast."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np

from nextclose.bars.bars import Bars
from nextclose.bench.worlds import World
from nextclose.core.forecasts import Forecasts
from nextclose.core.types import Dates, Float64s

TRAIN = 750
"""Sessions before the test, three years."""
LARGEST = 0.5
"""Returns are cut off at this, either way alike, so that their mean stays and no price falls to 0."""
_GAP, _REACH = 0.003, 0.004
"""Standard deviations of the open from the close before, and of high and low beyond open and close."""
_START = np.datetime64("2000-01-03")


@dataclass(frozen=True, kw_only=True, eq=False)
class Series:
    """A train span and a test span."""

    bars: Bars
    train: int = TRAIN
    """Bars of the train span; the test span follows."""

    @property
    def ohlc(self) -> Float64s:
        """(N, 4) open, high, low, close."""
        return np.column_stack([self.bars.open, self.bars.high, self.bars.low, self.bars.close])

    @property
    def last(self) -> Float64s:
        """(n,) the close before each test session."""
        return self.bars.close[self.train - 1 : -1]

    def table(self, forecasts: Mapping[str, Float64s]) -> Forecasts:
        """Every model's closes (n,) of the test span, as anyone's forecasts come to the judge."""
        models, n = len(forecasts), len(self.last)
        columns = {
            "symbol": "SIMULATED",
            "model": np.repeat(np.array(list(forecasts), dtype=object), n),
            "origin": np.tile(self.bars.dates[self.train - 1 : -1], models),
            "target_date": np.tile(self.bars.dates[self.train :], models),
            "yhat": np.concatenate(list(forecasts.values())),
            "last_close": np.tile(self.last, models),
            "y": np.tile(self.bars.close[self.train :], models),
        }
        return Forecasts.make(columns)


def simulate(world: World, sessions: int, rng: np.random.Generator) -> Series:
    """A train span of 750 sessions and a test span of `sessions`. Opens, highs and lows say nothing of the next close."""
    n = TRAIN + sessions
    returns: Float64s = world.returns(rng, n).clip(-LARGEST, LARGEST)
    close: Float64s = 100.0 * (1.0 + returns).cumprod()
    opened = np.concatenate([[100.0], close[:-1]]) * (1.0 + _GAP * rng.standard_normal(n))
    above, below = _REACH * np.abs(rng.standard_normal((2, n)))
    bars = Bars(
        symbol="SIMULATED",
        dates=_dates(n),
        open=opened,
        high=np.maximum(opened, close) * (1.0 + above),
        low=np.minimum(opened, close) * (1.0 - below),
        close=close,
        volume=np.ones(n),
    )
    return Series(bars=bars)


@cache
def _dates(n: int) -> Dates:
    return np.busday_offset(_START, np.arange(n))
