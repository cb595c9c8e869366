"""Walked models as rows of the Forecasts table."""

from __future__ import annotations

import numpy as np

from nextclose.bars.bars import Bars
from nextclose.core.forecasts import Forecasts
from nextclose.core.types import Float64s
from nextclose.judging.intervals import rolling_conformal
from nextclose.study.live import LEVEL
from nextclose.study.walk import Walked


def forecast_table(walked: Walked, bars: Bars, volatility: Float64s) -> Forecasts:
    """Every forecast of a model: the mean of its seeds, an interval from its own matured errors, and the truth."""
    mean = walked.prices.mean(axis=0)
    return Forecasts.concat([_step(walked, mean[:, k], k + 1, bars, volatility) for k in range(mean.shape[1])])


def _step(walked: Walked, yhat: Float64s, step: int, bars: Bars, volatility: Float64s) -> Forecasts:
    origins = walked.origins
    targets = origins + step
    last_close, y = bars.close[origins], bars.close[targets]
    lo, hi, p_up = rolling_conformal(
        yhat, last_close, y, volatility[origins] * np.sqrt(step), origins, targets, level=LEVEL
    )
    return Forecasts.make(
        {
            "symbol": bars.symbol,
            "model": walked.name,
            "origin": bars.dates[origins],
            "step": step,
            "target_date": bars.dates[targets],
            "yhat": yhat,
            "lo": lo,
            "hi": hi,
            "level": LEVEL,
            "p_up": p_up,
            "last_close": last_close,
            "y": y,
        }
    )
