"""Judging forecasts that anyone made: a file or a table in, verdicts out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from nextclose.bars import load_bars
from nextclose.bars.bars import Bars
from nextclose.bars.survey import iter_bars
from nextclose.baselines import BASELINES
from nextclose.core.errors import SourceError
from nextclose.core.forecasts import Forecasts
from nextclose.core.lang import Lang, Text
from nextclose.core.results import Judgement
from nextclose.judging.judge import judge as judge_table
from nextclose.judging.table import Given, read_forecasts
from nextclose.judging.truth import check_agreement, check_last_close, fill_truth, infer_origins
from nextclose.study.beside import AT_LEAST, plainer_forecasts


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
    forecasts : a Forecasts table or what has one (a Study, a WalkForward), a .csv or .parquet path, or a frame (pandas,
        polars, Arrow), one row a symbol, model and target date, with columns symbol, model, target_date, yhat, last_close,
        y; origin and step where known, lo, hi, level, p_up and quantiles (q0.05, ...) if there are any.
    columns : other names of these columns, such as {"yhat": "pred", "y": "actual"}; {"yhat": "A+B"} takes two columns as
        two models.
    bars : a SOURCE, a table of bars or Bars: fill in last_close, y and origin where they are missing. A file may hold
        many symbols. The plainer forecasts (drift, train-mean, ar, ridge), fitted on what the bars hold up to the first
        origin, are judged beside the table's models.
    lang : of sentences and notes.

    Raises
    ------
    ForecastsError : columns that are missing, values that are no numbers or dates, rows that stand twice, symbols that
        the bars lack.
    """
    known = None if bars is None else bars_by_symbol(bars)
    forecasts = held if isinstance(held := getattr(forecasts, "table", None), Forecasts) else forecasts
    table, notes = read_given(forecasts, columns, known)
    table = infer_origins(table)
    notes += (*check_last_close(table), *check_agreement(table))
    plainer = None if known is None else plainer_forecasts(table, known)
    judged = judge_table(table if plainer is None else Forecasts.concat([table, plainer]), lang=lang)
    if plainer is not None:
        notes.append(
            Text("Beside these stand the plainer forecasts, fitted on the bars up to the first origin of each symbol.")
        )
    elif known is not None and not set(BASELINES[1:]) <= set(table.models()):
        notes.append(
            Text(
                "No plainer forecasts stand beside these: that takes one-step forecasts, and bars with every origin and {least} "
                "sessions before the first.",
                least=AT_LEAST,
            )
        )
    own = set(table.models())
    return replace(
        judged,
        models=tuple(row for row in judged.models if row.name in own),
        beside=tuple(row for row in judged.models if row.name not in own),
        symbols=tuple(row for row in judged.symbols if row.model in own),
        intervals=tuple(row for row in judged.intervals if row.model in own),
        table=table,
        notes=(*(note.render(lang) for note in notes), *judged.notes),
        source=str(forecasts) if isinstance(forecasts, str | Path) else "",
    )


def read_given(
    forecasts: Any, columns: Mapping[str, str] | None, known: Mapping[str, Bars] | None
) -> tuple[Forecasts, list[Text]]:
    """The table that was given, what it lacks taken from bars by symbol where there are any, and what was found."""
    given = (
        Given(table=forecasts, notes=())
        if isinstance(forecasts, Forecasts)
        else read_forecasts(forecasts, columns, bars_given=known is not None)
    )
    if known is None:
        return given.table, [*given.notes]
    table, found = fill_truth(given.table, known)
    return table, [*given.notes, *found]


def bars_by_symbol(bars: Any) -> dict[str, Bars]:
    """Every symbol's bars, faulty rows left out. Raises SourceError where none can be used."""
    if isinstance(bars, str | Path):
        found = dict(iter_bars(str(bars)))
        usable = {symbol: got for symbol, got in found.items() if isinstance(got, Bars)}
        if not usable:
            raise next(iter(found.values())) if found else SourceError("'{source}' holds no bars", source=bars)  # type: ignore[misc]
        return usable
    one = load_bars(bars)
    return {one.symbol: one}
