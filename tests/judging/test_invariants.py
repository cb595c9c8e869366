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
