"""What must not change a judgement."""

from __future__ import annotations

from dataclasses import asdict

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nextclose.core.forecasts import Forecasts
from nextclose.judging.judge import judge

PRICES = ("rmse", "mae")
FAMILY = ("pvalue_adjusted", "information_pvalue", "verdict", "information", "sentence")
"""What Holm's adjustment reaches."""
TWIN = ("n", "symbols", "sentence", "rmse_ratio", "pt", "rejudged")
"""What counts forecasts, is in another unit where there are several symbols, or is another statistic there."""
POOLED = ("n", "sessions", "skill", "skill_lo", "skill_hi", "relative_mae", "dm", "dm_abs", "cw", "pt", "mz")

few = settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
worlds = st.fixed_dictionaries(
    {
        "T": st.integers(5, 60),
        "symbols": st.integers(1, 3),
        "seed": st.integers(0, 999),
        "step": st.integers(1, 3),
        "signal": st.sampled_from([0.0, 0.3, 1.0]),
    }
)


def rows(judged, *, without=()):
    """Every figure and sentence but those named."""
    found = [asdict(row) for row in (*judged.models, *judged.symbols)]
    return [{name: value for name, value in row.items() if name not in without} for row in found]


def assert_near(one, two):
    """Equal but for the rounding of sums taken in another order."""
    if isinstance(one, dict):
        assert one.keys() == two.keys()
        one, two = tuple(one.values()), tuple(two.values())
    if isinstance(one, (list, tuple)):
        assert len(one) == len(two)
        for left, right in zip(one, two, strict=True):
            assert_near(left, right)
    elif isinstance(one, float):
        assert two == pytest.approx(one, rel=1e-7, abs=1e-10, nan_ok=True)
    else:
        assert one == two


@few
@given(world=worlds)
def test_the_unit_of_prices_is_nothing(make_table, world):
    table = make_table(**world)
    double = table.replace(yhat=2.0 * table.yhat, last_close=2.0 * table.last_close, y=2.0 * table.y)
    one, two = judge(table), judge(double)
    np.testing.assert_equal(rows(two, without=PRICES), rows(one, without=PRICES))
    for name in PRICES:
        assert [row[name] for row in rows(two)] == [2.0 * row[name] for row in rows(one)]


@few
@given(world=worlds, shuffle=st.integers(0, 999))
def test_the_order_of_rows_is_nothing(make_table, world, shuffle):
    table = make_table(**world)
    mixed = table.where(np.random.default_rng(shuffle).permutation(len(table)))
    by_name = [row.symbol for row in judge(mixed).symbols]
    assert by_name == sorted(by_name)
    assert_near(rows(judge(mixed)), rows(judge(table)))


@few
@given(world=worlds)
def test_a_second_model_changes_holms_p_alone(make_table, world):
    table = make_table(**world)
    second = table.replace(model=np.full(len(table), "other", dtype=object), yhat=table.yhat * 1.001)
    alone, beside = judge(table), judge(Forecasts.concat([table, second]))
    first = rows(alone, without=FAMILY)
    own = [row for row in rows(beside, without=FAMILY) if "m" in (row.get("name"), row.get("model"))]
    np.testing.assert_equal(own, first)
    assert not beside.models[0].pvalue_adjusted < alone.models[0].pvalue_adjusted


@few
@given(world=worlds)
def test_a_symbol_that_stands_there_twice_is_no_more_evidence(make_table, world):
    """Under a second name the same sessions are summed: the same tests and intervals, not narrower ones."""
    table = make_table(**world | {"symbols": 1})
    twin = table.replace(symbol=np.full(len(table), "twin", dtype=object))
    alone, both = judge(table), judge(Forecasts.concat([table, twin]))
    (one,), (two, *symbols) = rows(alone, without=TWIN), rows(both, without=TWIN)
    for row in (one, two):
        row["reasons"].pop("pt", None)
    assert_near(one, two)
    assert (both.models[0].n, both.models[0].sessions) == (2 * alone.models[0].n, alone.models[0].sessions)
    assert_near(*([found.skill for found in judged.models[0].rejudged] for judged in (alone, both)))
    np.testing.assert_equal(*(symbol | {"symbol": "either"} for symbol in symbols))


@few
@given(world=worlds)
def test_sessions_split_between_two_names_are_the_same_sessions(make_table, world):
    """Every other session under another name: what is summed over sessions does not change."""
    table = make_table(**world | {"symbols": 1})
    split = table.replace(symbol=np.array(["A", "B"], dtype=object)[np.arange(len(table)) % 2])
    (one,), (two, *_) = rows(judge(table)), rows(judge(split))
    assert_near({name: one[name] for name in POOLED}, {name: two[name] for name in POOLED})
