"""Judging forecasts that anyone made: a file or a table in, verdicts out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from nextclose.bars import load_bars
from nextclose.bars.bars import Bars
from nextclose.core.forecasts import Forecasts
from nextclose.core.lang import Lang, Text
from nextclose.core.results import Judgement
from nextclose.core.types import Dates, Float64s
from nextclose.judging.judge import judge as judge_table
from nextclose.judging.table import read_forecasts


def judge(
    forecasts: Any,
    *,
    columns: Mapping[str, str] | None = None,
    bars: Any = None,
    lang: Lang = "en",
) -> Judgement:
    """Verdicts on anyone's forecasts against repeating the last close.

    Parameters
    ----------
    forecasts : a Forecasts table, a .csv or .parquet path, or a frame (pandas, polars, Arrow), one row a symbol, model
        and target date, with columns symbol, model, target_date, yhat, last_close, y; origin and step where known.
    columns : other names of these columns, such as {"yhat": "pred", "y": "actual"}.
    bars : a SOURCE or Bars of the one symbol that the table is about, to fill in last_close and y.
    lang : of sentences and notes.

    Raises
    ------
    ForecastsError : columns that are missing, values that are no numbers or dates, rows that stand twice.
    """
    known = None if bars is None else load_bars(bars)
    notes: tuple[Text, ...] = ()
    if isinstance(forecasts, Forecasts):
        table = forecasts
    else:
        table, notes = read_forecasts(forecasts, columns, bars_given=known is not None)
    if known is not None:
        table = fill_truth(table, known)
    judged = judge_table(table, lang=lang)
    source = str(forecasts) if isinstance(forecasts, str | Path) else ""
    return replace(judged, notes=(*(note.render(lang) for note in notes), *judged.notes), source=source)


def fill_truth(table: Forecasts, bars: Bars) -> Forecasts:
    """`table` with what it lacks taken from `bars`: y by target date, origin by the session before, last_close by it."""
    after = np.searchsorted(bars.dates, table.target_date)
    before = np.clip(after - 1, 0, len(bars) - 1)
    guessed = np.where(after > 0, bars.dates[before], np.datetime64("NaT"))
    origin = np.where(np.isnat(table.origin) & (table.step == 1), guessed, table.origin)
    return table.replace(
        origin=origin,
        y=np.where(np.isnan(table.y), _close_on(bars, table.target_date), table.y),
        last_close=np.where(np.isnan(table.last_close), _close_on(bars, origin), table.last_close),
    )


def _close_on(bars: Bars, dates: Dates) -> Float64s:
    """The close of each date, NaN where it is no session of the bars."""
    rows = np.clip(np.searchsorted(bars.dates, dates), 0, len(bars) - 1)
    return np.where(bars.dates[rows] == dates, bars.close[rows], np.nan)
