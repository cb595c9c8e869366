"""Measures by hand and against what defines them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from nextclose.judging import metrics
from nextclose.judging.judge import judge

Y = np.array([10.0, 12.0, 11.0, 11.0])
YHAT = np.array([11.0, 12.0, 10.0, 12.0])
LAST = np.array([10.0, 10.0, 12.0, 11.0])
LO, HI = np.array([9.0, 12.5, np.nan, 10.0]), np.array([11.0, 13.0, np.nan, 12.0])


def test_errors_by_hand():
    assert metrics.rmse(Y, YHAT) == pytest.approx(np.sqrt(3.0 / 4.0))
    assert metrics.mae(Y, YHAT) == 0.75
    assert metrics.mape(Y, YHAT) == pytest.approx(100.0 * (0.1 + 1.0 / 11.0 + 1.0 / 11.0) / 4.0)
    assert metrics.skill(np.array([1.0, 1.0]), np.array([2.0, 0.0])) == pytest.approx(0.5)


def test_a_tie_is_no_rise():
    assert metrics.rises(Y, LAST).tolist() == [False, True, False, False]


def test_intervals_by_hand():
    assert metrics.coverage(Y, LO, HI) == pytest.approx(2.0 / 3.0)
    np.testing.assert_allclose(metrics.interval_scores(Y, LO, HI, 0.9), [2.0, 0.5 + 20.0 * 0.5, np.nan, 2.0])
    assert metrics.interval_score(Y, LO, HI, 0.9) == pytest.approx((2.0 + 0.5 + 20.0 * 0.5 + 2.0) / 3.0)


@pytest.mark.parametrize(("lo", "hi"), [(0.0, 1.0), (1.0, 2.0), (1.5, 2.0), (0.0, 0.5), (1.0, 1.0)])
def test_the_interval_score_is_gneiting_and_rafterys_equation_43(lo, hi):
    """(u - l) + 2/alpha (l - x) 1{x < l} + 2/alpha (x - u) 1{x > u}, x = 1 and alpha = 0.2."""
    x, alpha = 1.0, 0.2
    expected = (hi - lo) + 2.0 / alpha * (lo - x) * (x < lo) + 2.0 / alpha * (x - hi) * (x > hi)
    assert metrics.interval_score(np.array([x]), np.array([lo]), np.array([hi]), 0.8) == pytest.approx(expected)


def test_the_interval_score_is_the_pinball_loss_of_its_two_ends():
    """Bracher, Ray, Gneiting & Reich 2021: alpha / 4 times the score is the mean of the two ends' losses."""
    y, middle, half = np.random.default_rng(0).standard_normal((3, 200))
    lo, hi = middle - np.abs(half), middle + np.abs(half)
    ends = metrics.pinball(y, lo, 0.05) + metrics.pinball(y, hi, 0.95)
    assert metrics.interval_score(y, lo, hi, 0.9) == pytest.approx(2.0 / 0.1 * ends)


def test_each_interval_is_scored_at_its_own_level():
    y, lo, hi, level = np.zeros(3), np.full(3, 1.0), np.full(3, 2.0), np.array([0.5, 0.9, 1.0])
    assert metrics.interval_score(y, lo, hi, level) == pytest.approx(((1.0 + 4.0) + (1.0 + 20.0)) / 2.0)


@pytest.mark.parametrize("level", [0.05, 0.5, 0.95])
def test_the_pinball_loss_is_least_at_the_quantile(level):
    y = stats.norm.ppf((np.arange(1000) + 0.5) / 1000)
    grid = np.linspace(-2.5, 2.5, 501)
    losses = [metrics.pinball(y, np.full(1000, q), level) for q in grid]
    assert grid[np.argmin(losses)] == pytest.approx(stats.norm.ppf(level), abs=0.011)


def test_the_pinball_loss_by_hand():
    y, quantile = np.array([3.0, 1.0, 5.0]), np.array([2.0, 2.0, np.nan])
    assert metrics.pinball(y, quantile, 0.9) == pytest.approx((0.9 + 0.1) / 2.0)


def test_undefined_measures_are_nan_not_zero():
    nothing, two, unknown = np.empty(0), np.ones(2), np.full(2, np.nan)
    undefined = [
        *(measure(nothing, nothing) for measure in (metrics.rmse, metrics.mae, metrics.mape, metrics.skill)),
        metrics.skill(two, np.zeros(2)),
        metrics.coverage(two, unknown, unknown),
        metrics.interval_score(two, two, two, 1.0),
        metrics.pinball(two, unknown, 0.5),
    ]
    assert np.isnan(undefined).all()


def test_a_row_tells_them_over_the_last_close(make_table):
    table = make_table(T=40, symbols=1)
    last, half = table.last_close, 0.01 * table.last_close
    quantiles = {0.1: table.yhat - half, 0.8: table.yhat + half}
    table = table.replace(lo=table.yhat - half, hi=table.yhat + half, level=np.full(40, 0.8))
    table = replace(table, quantiles=quantiles)
    (row,) = judge(table).models
    outside = np.maximum(np.abs(table.error) - 0.01, 0.0)
    low, high = (table.y - quantiles[0.1]) / last, (table.y - quantiles[0.8]) / last
    losses = [np.maximum(0.1 * low, -0.9 * low), np.maximum(0.8 * high, -0.2 * high)]
    assert row.interval_width == pytest.approx(0.02)
    assert row.interval_score == pytest.approx(0.02 + 10.0 * outside.mean())
    assert row.coverage == pytest.approx(np.mean(outside == 0.0))
    assert row.pinball == pytest.approx(np.mean(losses))
