"""Forecasters and whole backtests alike as one thing: bars in, a Forecasts table out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from nextclose.bars.bars import Bars
from nextclose.bars.tables import as_table
from nextclose.core.errors import ForecastsError, SourceError
from nextclose.core.forecasts import Forecasts
from nextclose.core.types import Float64s
from nextclose.judging.splits import Fold, Split
from nextclose.judging.table import read_forecasts
from nextclose.judging.truth import fill_truth
from nextclose.study.objects import SAID, Calling, ask_each, check_forecaster, fits, name_of, told_table, walk_object
from nextclose.study.walk_forward import Schedule, is_ours, walk


@dataclass(frozen=True, kw_only=True)
class Backtest:
    """Something that can be run again on other bars of the same sessions."""

    name: str
    run: Callable[[Bars], Forecasts]


def make_backtest(thing: Any, bars: Bars, split: Split, schedule: Schedule, seeds: int | None) -> Backtest:
    """The backtest of a recipe's or baseline's name, a forecaster, a function of bars, or a backtest itself."""
    name = thing if isinstance(thing, str) else name_of(thing)
    if is_ours(thing):
        return Backtest(name=name, run=lambda given: walk(given, split, {name: thing}, schedule, seeds=seeds).table)
    check_forecaster(thing)
    folds = schedule.folds(split, None)
    if fits(thing):
        return Backtest(name=name, run=lambda given: _asked_at_once(thing, given, folds, name))
    if _is_forecast(Calling(name).predict(thing, bars)):
        return Backtest(name=name, run=lambda given: walk_object(thing, given, folds, name=name))
    return Backtest(name=name, run=lambda given: _read(Calling(name).predict(thing, given), given, name))


def _asked_at_once(thing: Any, bars: Bars, folds: tuple[Fold, ...], name: str) -> Forecasts:
    """Each fold's fit asked for all its sessions from all bars, where it answers so; else one by one, cut at the origin."""
    calling, said, origins = Calling(name), [], []
    for fold in folds:
        fitted = calling.fit(thing, bars[fold.train_start : fold.train_stop])
        own = np.arange(fold.first_target - 1, fold.last_target)
        whole = calling.predict(calling.copy(fitted), bars)
        if np.shape(whole) == (len(bars),):
            yhat = _numbers(whole, name)[own]
            said += [[value, *[np.nan] * (len(SAID) - 1)] for value in yhat.tolist()]
        else:
            said += ask_each(calling, fitted, bars, fold)
        origins.append(own)
    return told_table(np.array(said), np.concatenate(origins), bars, name)


def _is_forecast(said: Any) -> bool:
    """Whether it is one session's forecast, not a table or an array of them."""
    return np.ndim(said) == 0 and not _is_table(said)


def _is_table(said: Any) -> bool:
    return (
        isinstance(said, Forecasts) or isinstance(getattr(said, "table", None), Forecasts) or hasattr(said, "columns")
    )


def _read(said: Any, bars: Bars, name: str) -> Forecasts:
    """What a backtest returned. Raises ForecastsError for what is no table and no array with a value a bar."""
    if isinstance(said, Forecasts):
        return said
    if isinstance(getattr(said, "table", None), Forecasts):
        return said.table  # type: ignore[no-any-return]
    if np.shape(said) == (len(bars),) and not hasattr(said, "columns"):
        return _from_array(_numbers(said, name), bars, name)
    try:
        table = as_table(said)
    except SourceError as error:
        raise ForecastsError(
            "'{name}' returned {kind}: expected a table of forecasts (target_date, yhat, ...), or an array with a forecast "
            "for the session after each of the {bars} bars",
            name=name,
            kind=type(said).__name__,
            bars=len(bars),
        ) from error
    import pyarrow as pa

    for column, value in (("symbol", bars.symbol), ("model", name)):
        if column not in table.column_names:
            table = table.append_column(column, pa.array([value] * table.num_rows, pa.string()))
    given = read_forecasts(table, bars_given=True)
    return fill_truth(given.table, {bars.symbol: bars})[0]


def _numbers(said: Any, name: str) -> Float64s:
    try:
        return np.asarray(said, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ForecastsError(
            "'{name}' returned an array that holds no numbers: {error}", name=name, error=error
        ) from error


def _from_array(yhat: Float64s, bars: Bars, name: str) -> Forecasts:
    origins = np.flatnonzero(np.isfinite(yhat[:-1]))
    said = np.full((len(origins), len(SAID)), np.nan)
    said[:, 0] = yhat[origins]
    return told_table(said, origins, bars, name)
