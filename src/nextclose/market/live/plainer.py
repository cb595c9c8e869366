"""The baselines of a live run: what they were fitted to as numbers, fitted again on their schedule."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from nextclose.bars.bars import Bars
from nextclose.baselines import BASELINES, Baseline, make_baseline
from nextclose.baselines.ar import AutoRegression
from nextclose.baselines.drift import Drift
from nextclose.baselines.ridge import Ridge
from nextclose.baselines.train_mean import TrainMean
from nextclose.core.types import Float64s
from nextclose.market.live.plan import LivePlan
from nextclose.market.live.saved import SavedBaseline
from nextclose.market.live.sessions import LiveSplit


def fit_baselines(
    plan: LivePlan, bars: Bars, split: LiveSplit, saved: Mapping[str, SavedBaseline]
) -> dict[str, SavedBaseline]:
    """Those of the fold that serves the session to come; saved ones where they are of that fold."""
    first, horizon = plan.recipes[0], plan.horizon
    fold = split.to_come(plan.config.refit_every, first.train_sessions)
    if fold.train_stop - split.train_start < split.least:
        return dict(saved)
    span = slice(fold.train_start, fold.train_stop)
    ohlc, found = ohlc_of(bars)[span], {}
    for name in BASELINES:
        known = saved.get(name)
        if known is None or known.number != fold.number:
            fitted = make_baseline(name, first.windows.seq_len).fit(ohlc, horizon)
            known = SavedBaseline(
                number=fold.number, coefficients=_numbers(fitted), trained_until=str(bars.dates[fold.train_stop - 1])
            )
        found[name] = known
    return found


def ahead(name: str, saved: SavedBaseline, plan: LivePlan, bars: Bars) -> Float64s:
    """(K,) the closes after the last bar, in today's prices; NaN where the bars are too few for a window."""
    baseline = _fitted(make_baseline(name, plan.recipes[0].windows.seq_len), saved.coefficients)
    horizon = plan.horizon
    if len(bars) < baseline.needs:
        return np.full(horizon, np.nan)
    window = ohlc_of(saved.basis.of(bars[-baseline.needs :]))[None]
    closes: Float64s = baseline.ahead(window, horizon)[0] * saved.basis.price
    return closes


def ohlc_of(bars: Bars) -> Float64s:
    """(N, 4)"""
    return np.stack([bars.open, bars.high, bars.low, bars.close], axis=1)


def _numbers(fitted: Baseline) -> Float64s:
    """What a baseline learned, (n,)."""
    if isinstance(fitted, Drift):
        return np.array([fitted.step])
    if isinstance(fitted, TrainMean):
        return np.array([fitted.mean])
    if isinstance(fitted, AutoRegression):
        return fitted.coefficients
    if isinstance(fitted, Ridge):
        return np.concatenate([np.append(step.weights, step.intercept) for step in (fitted, *fitted.later)])
    return np.empty(0)


def _fitted(baseline: Any, numbers: Float64s) -> Baseline:
    """The baseline that learned these."""
    learned: dict[str, Any] = {}
    if isinstance(baseline, Drift):
        learned = {"step": float(numbers[0])}
    elif isinstance(baseline, TrainMean):
        learned = {"mean": float(numbers[0])}
    elif isinstance(baseline, AutoRegression):
        learned = {"coefficients": numbers}
    elif isinstance(baseline, Ridge):
        steps = [
            replace(baseline, weights=own[:-1], intercept=float(own[-1]))
            for own in numbers.reshape(-1, 4 * baseline.seq_len)
        ]
        return replace(steps[0], later=tuple(steps[1:]))
    fitted: Baseline = replace(baseline, **learned)
    return fitted
