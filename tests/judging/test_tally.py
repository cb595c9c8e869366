"""Sums over the symbols of a session: by hand, by a plain loop, and added up from shards."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from nextclose.core.errors import ForecastsError
from nextclose.core.forecasts import Forecasts
from nextclose.judging.judge import judge
from nextclose.judging.metrics import interval_scores
from nextclose.judging.panel import Panel, Sessions
from nextclose.judging.row import NO_ROWS, NOTHING, measure_tally
from nextclose.judging.tally import Tally

DAYS = np.array(["2024-01-02", "2024-01-03"], dtype="datetime64[D]")


def hand():
    """Two symbols in two sessions; B is there in the second alone, A has no interval in the first."""
    nan = np.nan
    return Forecasts.make(
        {
            "symbol": np.array(["A", "A", "B"], dtype=object), "model": "m", "target_date": DAYS[[0, 1, 1]],
            "last_close": np.array([100.0, 110.0, 10.0]), "y": np.array([110.0, 110.0, 9.0]),
            "yhat": np.array([105.0, 121.0, 9.5]), "lo": np.array([nan, 99.0, 9.5]), "hi": np.array([nan, 132.0, 10.5]),
            "level": np.array([nan, 0.8, 0.8]), "p_up": np.array([0.7, nan, 0.4]),
        }
    )  # fmt: skip


def empty_panel():
    none = np.empty(0, dtype=np.int64)
    return Panel(rows=Forecasts.concat([]), symbol=none, sessions=Sessions.of_days(none), step=1)


def market(make_table, **more):
    """A table with intervals on some rows and probabilities on others."""
    table = make_table(**{"T": 70, "symbols": 6, "seed": 2} | more)
    rng = np.random.default_rng(5)
    half = np.where(rng.random(len(table)) < 0.2, np.nan, 0.015) * table.last_close
    p_up = np.where(rng.random(len(table)) < 0.3, np.nan, rng.random(len(table)))
    level = np.where(rng.random(len(table)) < 0.1, 1.0, 0.9)
    return table.replace(lo=table.yhat - half, hi=table.yhat + half, level=level, p_up=p_up)


def test_every_column_by_hand(make_panel):
    expected = {
        "n": [1, 2], "entering": [1, 1], "lost": [0.05**2, 0.1**2 + 0.05**2], "base": [0.1**2, 0.1**2],
        "lost_abs": [0.05, 0.15], "base_abs": [0.1, 0.1], "change": [0.1, -0.1],
        "clark_west": [2 * 0.1 * 0.05, 2 * 0.1 * 0.05], "announced": [0.05, 0.05],
        "announced_squares": [0.05**2, 0.1**2 + 0.05**2], "pairs": [0, 1], "pair_sums": [0.0, 0.15],
        "pair_products": [0.0, 0.005], "hits": [1, 1], "rises": [1, 0], "calls": [1, 1], "called_rises": [1, 0],
        "ties": [0, 1], "intervals": [0, 2], "inside": [0, 1], "width": [0.0, 0.3 + 0.1], "scored": [0, 2],
        "score": [0.0, 0.3 + 0.1 + 10.0 * 0.05], "level": [np.nan, 0.8], "stated": [1, 1], "brier": [0.09, 0.16],
        "stated_rises": [1, 0],
    }  # fmt: skip
    tally = Tally.of(make_panel(hand()))
    columns = tally.columns()
    assert columns.keys() == expected.keys() | {"step", "target_date"}
    assert columns["target_date"].tolist() == DAYS.tolist()
    for name, values in expected.items():
        np.testing.assert_allclose(columns[name], values, rtol=1e-12, atol=1e-15, err_msg=name)
    assert (tally.step, tally.forecasts, tally.sessions, tally.symbols) == (1, 3, 2, 2)


def test_the_numbers_of_a_model_by_hand(make_panel):
    row = measure_tally(Tally.of(make_panel(hand())), name="m", kind="recipe")
    assert (row.n, row.sessions, row.symbols, row.is_persistence) == (3, 2, 2, False)
    assert row.skill == pytest.approx(1.0 - 0.015 / 0.02)
    assert row.relative_mae == pytest.approx(0.2 / 0.2)
    assert (row.rmse_e, row.mae_e) == (pytest.approx(np.sqrt(0.015 / 3)), pytest.approx(0.2 / 3))
    assert row.rmse_ratio == pytest.approx(np.sqrt(0.75))
    assert (row.directional_accuracy, row.always_up, row.ties) == (2 / 3, 1 / 3, 1 / 3)
    assert (row.coverage, row.level) == (0.5, 0.8)
    assert (row.interval_width, row.interval_score) == (pytest.approx(0.2), pytest.approx(0.45))
    assert (row.brier, row.brier_base) == (pytest.approx(0.125), pytest.approx(0.25))


@pytest.mark.parametrize("step", [1, 2])
def test_every_column_is_a_plain_loop(make_panel, make_table, step):
    table = market(make_table, step=step)
    columns, before = Tally.of(make_panel(table)).columns(), {}
    scores = interval_scores(*(v / table.last_close for v in (table.y, table.lo, table.hi)), table.level)
    days = np.unique(table.target_date).tolist()
    found = {name: np.zeros(len(days)) for name in columns if name not in ("step", "target_date", "level")}
    for i in range(len(table)):
        symbol, last, y, yhat = table.symbol[i], table.last_close[i], table.y[i], table.yhat[i]
        e, p, c = (y - yhat) / last, y / last - 1.0, yhat / last - 1.0
        rose, called = y > last, yhat > last
        interval, stated = np.isfinite(table.lo[i]), np.isfinite(table.p_up[i])
        row = {
            "n": 1, "entering": symbol not in before, "lost": e * e, "base": p * p, "lost_abs": abs(e),
            "base_abs": abs(p), "change": p, "clark_west": 2 * p * c, "announced": c, "announced_squares": c * c,
            "hits": rose == called, "rises": rose, "calls": called, "called_rises": rose and called, "ties": y == last,
            "intervals": interval, "inside": table.lo[i] <= y <= table.hi[i], "scored": np.isfinite(scores[i]),
            "width": (table.hi[i] - table.lo[i]) / last if interval else 0.0, "score": np.nan_to_num(scores[i]),
            "stated": stated, "brier": (table.p_up[i] - rose) ** 2 if stated else 0.0, "stated_rises": stated and rose,
        }  # fmt: skip
        if symbol in before:
            row |= {"pairs": 1, "pair_sums": c + before[symbol], "pair_products": c * before[symbol]}
        before[symbol] = c
        for name, value in row.items():
            found[name][days.index(table.target_date[i].item())] += value
    for name, values in found.items():
        np.testing.assert_allclose(columns[name], values, rtol=1e-9, atol=1e-14, err_msg=name)
    assert 0 < found["scored"].sum() < found["intervals"].sum() < found["n"].sum()


@pytest.mark.parametrize("shards", [[6], [1, 5], [2, 2, 2], [1] * 6])
def test_shards_add_up_to_the_whole(make_panel, make_table, shards):
    """Some dates are in some shards alone."""
    table = market(make_table, T=12, missing=0.6)
    whole = Tally.of(make_panel(table))
    edges, names = np.cumsum([0, *shards]), [f"S{i}" for i in range(6)]
    own = [table.where(np.isin(table.symbol, names[low:high])) for low, high in pairwise(edges)]
    parts = [Tally.of(make_panel(part)) for part in own]
    added = Tally.sum(parts)
    assert len(shards) == 1 or min(part.sessions for part in parts) < added.sessions
    assert added.symbols == whole.symbols == 6
    for name, column in whole.columns().items():
        found = added.columns()[name]
        assert found.dtype == column.dtype
        if column.dtype == np.float64 and name != "level":
            np.testing.assert_allclose(found, column, rtol=1e-13, atol=1e-18, err_msg=name)
        else:
            np.testing.assert_array_equal(found, column, err_msg=name)
    again = Tally.sum(iter(parts))
    for name, column in added.columns().items():
        np.testing.assert_array_equal(again.columns()[name], column, err_msg=name)


def test_it_lives_in_a_parquet_table(make_panel, make_table, tmp_path):
    """Beside other models and steps, in any order."""
    tallies = {step: Tally.of(make_panel(market(make_table, step=step))) for step in (1, 2)}
    tables = [pa.table(tally.columns() | {"model": np.full(tally.sessions, "m")}) for tally in tallies.values()]
    pq.write_table(pa.concat_tables(tables).sort_by([("target_date", "descending")]), tmp_path / "sessions.parquet")
    for step, tally in tallies.items():
        read = pq.read_table(tmp_path / "sessions.parquet", filters=[("step", "=", step)])
        again = Tally.make({name: read[name].to_numpy() for name in read.column_names})
        assert again.step == step
        for name, column in tally.columns().items():
            np.testing.assert_array_equal(again.columns()[name], column, err_msg=name)
            assert again.columns()[name].dtype == column.dtype


def test_nothing_adds_up_to_nothing(make_panel):
    nothing = Tally.of(empty_panel())
    assert (nothing.forecasts, nothing.sessions, nothing.symbols) == (0, 0, 0)
    assert Tally.sum([]).columns().keys() == nothing.columns().keys()
    own = Tally.of(make_panel(hand()))
    for name, column in Tally.sum([nothing, own]).columns().items():
        np.testing.assert_array_equal(column, own.columns()[name])
    row = measure_tally(nothing, name="m", kind="recipe")
    assert np.isnan([row.skill, row.rmse_e, row.mae_e, row.ties, row.coverage, row.brier, row.brier_base]).all()
    assert row.reasons()["rmse"] is NOTHING


def test_what_does_not_belong_together_is_refused(make_panel, make_table):
    one, two = (Tally.of(make_panel(market(make_table, step=step))) for step in (1, 2))
    with pytest.raises(ForecastsError, match="different steps cannot be put together: got 1, 2"):
        Tally.sum([one, two])
    columns = one.columns()
    with pytest.raises(ForecastsError, match="lacks the columns level, lost"):
        Tally.make({name: column for name, column in columns.items() if name not in ("lost", "level")})
    with pytest.raises(ForecastsError, match="several rows for 20"):
        Tally.make({name: np.concatenate([column, column[-1:]]) for name, column in columns.items()})


def test_what_rows_alone_tell_has_a_reason(make_panel, make_table):
    row = measure_tally(Tally.of(make_panel(market(make_table))), name="m", kind="recipe")
    assert {name for name, reason in row.reasons().items() if reason is NO_ROWS} == {
        "rmse",
        "mae",
        "mape",
        "pinball",
        "mz",
    }
    assert row.copying is None
    assert row.rejudged == ()


def test_persistence_announces_nothing(make_panel, make_table):
    table = make_table(T=40)
    copied = Tally.of(make_panel(table.replace(yhat=table.last_close.copy())))
    moved = table.yhat.copy()
    moved[:-1] = table.last_close[:-1]
    one = Tally.of(make_panel(table.replace(yhat=moved)))
    assert measure_tally(copied, name="persistence", kind="baseline").is_persistence
    assert not measure_tally(copied, name="copy", kind="baseline").is_persistence
    assert not measure_tally(one, name="persistence", kind="baseline").is_persistence


def test_a_judged_row_says_what_the_tally_says(make_panel, make_table):
    """`judge` measures a model from its tally, and adds what rows tell."""
    table = market(make_table)
    (row,) = judge(replace(table, quantiles={0.5: table.yhat})).models
    tallied = measure_tally(Tally.of(make_panel(table)), name="m", kind="recipe")
    for name in ("n", "symbols", "skill", "skill_lo", "rmse_e", "mae_e", "ties", "coverage", "interval_score", "brier"):
        assert getattr(row, name) == getattr(tallied, name)
    assert np.isfinite([row.rmse, row.mae, row.mape, row.pinball, row.mz.slope]).all()
