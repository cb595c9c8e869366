"""Walked models as rows of the Forecasts table."""

from __future__ import annotations

from typing import Any

import numpy as np

from nextclose.bars.bars import Bars
from nextclose.core.forecasts import Forecasts
from nextclose.core.types import Float64s
from nextclose.study.scores import LEVEL, Scores, rolling_interval, score
from nextclose.study.walk import Walked


def forecast_table(walked: Walked, bars: Bars, volatility: Float64s, *, intervals: bool = True) -> Forecasts:
    """Every forecast of a model: the mean of its seeds, an interval from its own matured scores if wanted, and the truth."""
    steps = range(walked.prices.shape[2])
    return Forecasts.concat([_step(walked, k, bars, volatility, intervals=intervals) for k in steps])


def scores_of(walked: Walked, bars: Bars, volatility: Float64s) -> tuple[Scores, ...]:
    """The scores that a model's next intervals come from, a step each, oldest first: its held-out tail's, then those of its
    forecasts."""
    return tuple(_scores(walked, k, bars, volatility) for k in range(walked.prices.shape[2]))


def _scores(walked: Walked, k: int, bars: Bars, volatility: Float64s) -> Scores:
    yhat, quantiles = _forecast(walked, k)
    unit = bars.close[walked.origins] * volatility[walked.origins] * np.sqrt(k + 1)
    y = bars.close[np.minimum(walked.origins + k + 1, len(bars) - 1)]
    return walked.calibration.step(k).then(score(yhat, quantiles, y, unit)).known()


def _forecast(walked: Walked, k: int) -> tuple[Float64s, Float64s | None]:
    """The mean of the seeds (n,) and the quantiles (n, Q) of one step, from 0."""
    return walked.prices[:, :, k].mean(axis=0), None if walked.quantiles is None else walked.quantiles[:, k]


def _step(walked: Walked, k: int, bars: Bars, volatility: Float64s, *, intervals: bool) -> Forecasts:
    yhat, quantiles = _forecast(walked, k)
    made = np.isfinite(yhat) if walked.fold is None else np.ones(len(yhat), dtype=np.bool_)
    yhat, origins = yhat[made], walked.origins[made]
    targets = origins + k + 1
    last_close, y = bars.close[origins], bars.close[targets]
    known = volatility[origins] * np.sqrt(k + 1)
    lo: Any = np.nan
    hi, p_up = lo, lo
    if intervals:
        lo, hi, p_up = rolling_interval(
            yhat, quantiles, last_close, y, known, origins, targets, past=walked.calibration.step(k)
        )
    levels = () if walked.fold is None else walked.fold.recipe.training.quantiles
    return Forecasts.make(
        {
            "symbol": bars.symbol,
            "model": walked.name,
            "origin": bars.dates[origins],
            "step": k + 1,
            "target_date": bars.dates[targets],
            "yhat": yhat,
            "lo": lo,
            "hi": hi,
            "level": LEVEL if intervals else np.nan,
            "p_up": p_up,
            "last_close": last_close,
            "y": y,
        },
        {} if quantiles is None else dict(zip(levels, quantiles.T, strict=True)),
    )
