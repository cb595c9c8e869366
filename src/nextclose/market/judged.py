"""A shard's tables: its forecasts, and what is measured of them symbol by symbol and session by session."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from typing import TYPE_CHECKING, Any

import numpy as np

from nextclose.bars.bars import Bars
from nextclose.core.forecasts import Forecasts
from nextclose.core.lang import LANGS
from nextclose.core.types import Bools, Dates, Ints
from nextclose.judging.keys import Keys, usable
from nextclose.judging.panel import Panel, Sessions
from nextclose.judging.symbol_statistics import symbol_statistics
from nextclose.judging.tally import Tally
from nextclose.market.config import MarketConfig
from nextclose.market.spans import fold_starts
from nextclose.market.symbol import FAILED, LeftOutError, fault_rows, left_out_row, used_row
from nextclose.market.tables import columns_table, folds_table, forecasts_table, table_of
from nextclose.study.tables import forecast_table

if TYPE_CHECKING:
    import pyarrow as pa

    from nextclose.market.shard import Entry


def shard_tables(entries: Sequence[Entry], config: MarketConfig, shard: int) -> dict[str, pa.Table]:
    """Table -> rows of a shard's entries, in their order."""
    levels = sorted({level for recipe in config.chosen() for level in recipe.training.quantiles})
    kept = [entry for entry in entries if entry.error is None]
    rows = [row for entry in kept for row in entry.rows]
    judged = Forecasts.concat([table.where(shared) for table, _, shared in rows])
    measured = {"folds": folds_table([_fold_columns(*part) for part in rows]), **_measured(judged)} if rows else {}
    return {
        "forecasts": forecasts_table(rows, levels),
        **measured,
        "symbols": table_of("symbols", [_symbol_row(entry, config, shard) for entry in entries]),
        "faults": table_of("faults", [row for entry in entries if entry.bars for row in fault_rows(entry.bars)]),
    }


def forecast_rows(entry: Entry, config: MarketConfig) -> list[tuple[Forecasts, Ints, Bools]]:
    """Each model's rows of a symbol, with their folds, and whether all models have a forecast for that target.

    Raises LeftOutError where there is no forecast that all models made.
    """
    every = {recipe.name: recipe.refit_every for recipe in config.chosen()}
    bars, volatility = entry.admitted.bars, entry.walks[0].data.scale
    tables = [
        forecast_table(walked, bars, volatility, intervals=walked.name in (*every, "persistence"))
        for walked in entry.walked
    ]
    sessions = config.sessions
    folds = [
        _folds(_next(table, bars), sessions, every.get(walked.name, config.refit_every))
        for walked, table in zip(entry.walked, tables, strict=True)
    ]
    shared = _shared(tables)
    if not any(rows.any() for rows in shared):
        raise LeftOutError("no session has a forecast of every model and its truth", kind=FAILED)
    return list(zip(tables, folds, shared, strict=True))


def _shared(tables: Sequence[Forecasts]) -> list[Bools]:
    """For each model which of its rows can be judged, and those of all other models at that step and target date too.

    A model without any row at a step does not count there: baselines look one session ahead.
    """
    targets = [table.target_date.astype(np.int64) + (table.step << 32) for table in tables]
    judged = [usable(table) for table in tables]
    for step in sorted({step for table in tables for step in np.unique(table.step).tolist()}):
        here = [table.step == step for table in tables]
        own = [numbers[at & rows] for numbers, at, rows in zip(targets, here, judged, strict=True) if at.any()]
        if any(not np.array_equal(own[0], other) for other in own[1:]):
            common = reduce(np.intersect1d, own)
            judged = [
                rows & (~at | np.isin(numbers, common)) for rows, at, numbers in zip(judged, here, targets, strict=True)
            ]
    return judged


def _next(table: Forecasts, bars: Bars) -> Dates:
    """Each row's first target date, whichever step it is of."""
    dates: Dates = bars.dates[np.searchsorted(bars.dates, table.origin) + 1]
    return dates


def _folds(first_targets: Dates, sessions: Dates, refit_every: int) -> Ints:
    """The number of the refit whose model made each row: the one that serves its first target."""
    starts = fold_starts(sessions, refit_every)
    numbers: Ints = np.searchsorted(starts, first_targets, side="right") - 1
    return numbers


def _fold_columns(table: Forecasts, fold: Ints, shared: Bools) -> dict[str, Any]:
    """One model and symbol at its first step, fold by fold."""
    rows = np.flatnonzero(shared & (table.step == 1))
    own, number = table.where(rows), fold[rows]
    starts = np.flatnonzero(np.diff(number, prepend=-1))
    counts = np.diff(starts, append=len(rows))
    lost = np.add.reduceat(own.error**2, starts)
    base = np.add.reduceat(((own.y - own.last_close) / own.last_close) ** 2, starts)
    ratio = np.divide(lost, base, where=base > 0.0, out=np.full(len(base), np.nan))
    return {
        "symbol": own.symbol[starts], "model": own.model[starts], "fold": number[starts], "n": counts,
        "first": own.target_date[starts], "last": own.target_date[starts + counts - 1], "lost": lost, "base": base,
        "skill": 1.0 - ratio,
    }  # fmt: skip


def _measured(judged: Forecasts) -> dict[str, pa.Table]:
    """Statistics by symbol and sums by session of every model and step."""
    statistics, sums, keys = [], [], Keys(judged)
    for number, model in enumerate(keys.models):
        of_model = np.flatnonzero(keys.model == number)
        for step in np.unique(judged.step[of_model]).tolist():
            rows = of_model[judged.step[of_model] == step]
            order = rows[np.lexsort((keys.symbol[rows], judged.target_date[rows]))]
            own = judged.where(order)
            panel = Panel(
                rows=own,
                symbol=keys.symbol[order],
                sessions=Sessions.of_days(own.target_date.astype(np.int64)),
                step=step,
            )
            statistics.append((model, symbol_statistics(panel, keys.symbols).columns()))
            sums.append((model, Tally.of(panel).columns()))
    return {"metrics": columns_table(statistics), "sessions": columns_table(sums)}


def _symbol_row(entry: Entry, config: MarketConfig, shard: int) -> dict[str, Any]:
    if entry.error is None:
        return used_row(entry.admitted, entry.name, config, shard)
    symbol = config.renamed.get(entry.name, entry.name)
    told = config.problems.get(entry.name) or {lang: entry.error.message(lang) for lang in LANGS}
    return left_out_row(symbol, entry.error, told, entry.bars, config.values.get(entry.name, np.nan), shard)
