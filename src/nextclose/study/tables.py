"""Walked models as rows of the Forecasts table."""

from __future__ import annotations

import numpy as np

from nextclose.bars.bars import Bars
from nextclose.core.forecasts import Forecasts
from nextclose.core.types import Float64s
from nextclose.judging.intervals import rolling_conformal
from nextclose.study.live import LEVEL, past_scores
from nextclose.study.walk import Walked


def forecast_table(walked: Walked, bars: Bars, volatility: Float64s) -> Forecasts:
    """Every forecast of a model: the mean of its seeds, an interval from its own matured errors, and the truth."""
    mean = walked.prices.mean(axis=0)
    return Forecasts.concat([_step(walked, mean[:, k], k + 1, bars, volatility) for k in range(mean.shape[1])])


def scores_of(walked: Walked, table: Forecasts, bars: Bars, volatility: Float64s) -> Float64s:
    """The scores that a model's next interval comes from, oldest first: its held-out tail's, then those of its forecasts."""
    first = table.where(table.step == 1)
    known = volatility[np.searchsorted(bars.dates, first.origin)]
    return np.concatenate([walked.calibration[:, 0], past_scores(first.yhat, first.y, first.last_close, known)])


def _step(walked: Walked, yhat: Float64s, step: int, bars: Bars, volatility: Float64s) -> Forecasts:
    origins = walked.origins
    targets = origins + step
    last_close, y = bars.close[origins], bars.close[targets]
    lo, hi, p_up = rolling_conformal(
        yhat,
        last_close,
        y,
        volatility[origins] * np.sqrt(step),
        origins,
        targets,
        past=walked.calibration[:, step - 1],
        level=LEVEL,
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
