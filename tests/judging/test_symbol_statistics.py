"""Shards of symbols, computed apart and put together, against all of them at once."""

from __future__ import annotations

from dataclasses import asdict
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from scipy import stats

from nextclose.core.errors import ForecastsError
from nextclose.judging.by_symbol import by_symbol, symbol_rows
from nextclose.judging.metrics import coverage
from nextclose.judging.panel import Panel, Sessions
from nextclose.judging.symbol_statistics import SymbolStatistics, symbol_statistics
from nextclose.judging.wandering import upper_tail, wandering_series

NAMES = tuple(f"S{i}" for i in range(9))


@pytest.fixture
def market(make_table):
    """Nine symbols, most with intervals, one of them too short to be told."""
    table = make_table(T=120, symbols=9, signal=0.1, seed=4)
    half = np.where(table.symbol == "S7", np.nan, 0.02) * table.last_close
    table = table.replace(lo=table.yhat - half, hi=table.yhat + half, level=np.full(len(table), 0.9))
    return table.where((table.symbol != "S3") | (table.target_date < np.datetime64("2020-02-01")))


def shard(make_panel, market, names):
    """The statistics of some symbols alone."""
    own = market.where(np.isin(market.symbol.astype(str), names))
    return symbol_statistics(make_panel(own), sorted(names))


def assert_same_rows(found, expected):
    np.testing.assert_equal([asdict(row) for row in found], [asdict(row) for row in expected])


@pytest.mark.parametrize("cuts", [(), (4,), (1, 2, 8), tuple(range(1, 9))])
def test_shards_put_together_are_the_whole(make_panel, market, cuts):
    whole = symbol_statistics(make_panel(market), NAMES)
    bounds = [0, *cuts, 9]
    parts = [shard(make_panel, market, NAMES[low:high]) for low, high in pairwise(bounds)]
    found = SymbolStatistics.concat(parts)
    assert len(found) == 9
    assert found.step == whole.step
    for name, column in whole.columns().items():
        np.testing.assert_array_equal(found.columns()[name], column, err_msg=name)
    assert_same_rows(symbol_rows(found, "m", "en"), by_symbol(make_panel(market), NAMES, "m", "en"))


def test_rows_are_adjusted_over_all_symbols_and_sorted(make_panel, market):
    """Shards in any order; alone a symbol's p-value is its own."""
    parts = [shard(make_panel, market, (name,)) for name in reversed(NAMES)]
    rows = symbol_rows(SymbolStatistics.concat(parts), "m", "en")
    assert [row.symbol for row in rows] == list(NAMES)
    assert_same_rows(rows, by_symbol(make_panel(market), NAMES, "m", "en"))
    (alone,) = symbol_rows(parts[-1], "m", "en")
    assert alone.pvalue_adjusted < rows[0].pvalue_adjusted


def test_p_values_come_before_any_adjustment(make_panel, market):
    panel = make_panel(market)
    found = symbol_statistics(panel, NAMES)
    starts = np.flatnonzero(~panel.within)
    wander = wandering_series(panel.announced[panel.by_symbol], starts)
    assert 0 < wander.sum() < 9
    gains, seen = stats.t.cdf(found.dm, found.n - 1), stats.norm.sf(found.cw)
    np.testing.assert_allclose(found.pvalue_loss, stats.t.sf(found.dm, found.n - 1))
    np.testing.assert_allclose(found.pvalue_gain, np.where(wander, np.fmax(gains, upper_tail(-found.dm)), gains))
    np.testing.assert_allclose(found.pvalue_information, np.where(wander, np.fmax(seen, upper_tail(found.cw)), seen))


def test_dates_and_coverage_are_each_symbols_own(make_panel, market):
    found = symbol_statistics(make_panel(market), NAMES)
    for i, name in enumerate(NAMES):
        own = market.where(market.symbol == name)
        assert (found.symbol[i], found.n[i]) == (name, len(own))
        assert (found.first[i], found.last[i]) == (own.target_date[0], own.target_date[-1])
        np.testing.assert_equal(found.coverage[i], coverage(own.y, own.lo, own.hi))
    rows = symbol_rows(found, "m", "en")
    assert [name for name, row in zip(NAMES, rows, strict=True) if "coverage" in row.reasons] == ["S7"]


def test_they_live_in_a_parquet_table(make_panel, market, tmp_path):
    found = symbol_statistics(make_panel(market), NAMES)
    pq.write_table(pa.table(found.columns() | {"model": np.full(9, "m", dtype=object)}), tmp_path / "own.parquet")
    read = pq.read_table(tmp_path / "own.parquet")
    again = SymbolStatistics.make({name: read[name].to_numpy() for name in read.column_names})
    assert again.step == found.step == 1
    for name, column in found.columns().items():
        np.testing.assert_array_equal(again.columns()[name], column, err_msg=name)
        assert again.columns()[name].dtype == column.dtype


def test_no_forecast_leaves_no_symbol(market):
    rows, none = market.where(np.zeros(len(market), dtype=bool)), np.empty(0, dtype=np.int64)
    empty = Panel(rows=rows, symbol=none, sessions=Sessions.of_days(none), step=2)
    nothing = symbol_statistics(empty, NAMES)
    assert (len(nothing), nothing.step) == (0, 2)
    assert symbol_rows(nothing, "m", "en") == ()
    assert len(SymbolStatistics.concat([nothing, nothing])) == 0


def test_what_does_not_belong_together_is_refused(make_panel, make_table, market):
    one = symbol_statistics(make_panel(market), NAMES)
    two = symbol_statistics(make_panel(T=40, symbols=2, step=3), NAMES[:2])
    with pytest.raises(ForecastsError, match="different steps cannot be put together: got 1, 3"):
        SymbolStatistics.concat([one, two])
    columns = {name: column for name, column in one.columns().items() if name not in ("cw", "dm")}
    with pytest.raises(ForecastsError, match="lacks the columns dm, cw"):
        SymbolStatistics.make(columns)
