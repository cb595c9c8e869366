"""Intervals from a net's own quantiles: whose misses correct them, by how much, and what they cover."""

from __future__ import annotations

import numpy as np
import pytest

from nextclose.judging.cqr import live_cqr, misses, rolling_cqr
from nextclose.judging.intervals import live_interval, rolling_conformal
from nextclose.judging.metrics import coverage

N = 80


@pytest.fixture
def world():
    """Forecasts of one model whose quantiles are too narrow: yhat, lower, upper, last_close, y, volatility."""
    rng = np.random.default_rng(0)
    last = np.full(N, 100.0)
    yhat = last + 0.1 * rng.standard_normal(N)
    return yhat, yhat - 0.5, yhat + 0.7, last, last + rng.standard_normal(N), np.full(N, 0.01)


def test_a_miss_is_the_distance_outside_the_quantiles():
    y = np.array([90.0, 97.0, 100.0, 104.0, 106.0, np.nan])
    got = misses(np.full(6, 95.0), np.full(6, 105.0), y, np.full(6, 2.0))
    np.testing.assert_array_equal(got, [2.5, -1.0, -2.5, -0.5, 0.5, np.nan])


def test_intervals_wait_for_twenty_matured_misses_and_see_no_later_one(world):
    yhat, lower, upper, last, y, volatility = world
    rows = np.arange(N)
    lo, hi, p_up = rolling_cqr(yhat, lower, upper, last, y, volatility, rows, rows + 3)
    assert np.isnan(lo[:22]).all()
    assert np.isfinite([lo[22:], hi[22:], p_up[22:]]).all()
    later = y.copy()
    later[50:] += 50.0
    lo2, hi2, p2 = rolling_cqr(yhat, lower, upper, last, later, volatility, rows, rows + 3)
    for before, after in ((lo, lo2), (hi, hi2), (p_up, p2)):
        np.testing.assert_array_equal(before[:53], after[:53])
    assert hi2[60] > hi[60]


def test_scores_known_before_stand_in_front(world):
    rows = np.arange(N)
    yhat, lower, upper, last, y, volatility = world
    whole = rolling_cqr(*world, rows, rows + 1)
    tail = [column[30:] for column in world]
    unit = last * volatility
    past = (((y - yhat) / unit)[:30], misses(lower, upper, y, unit)[:30])
    for got, wanted in zip(rolling_cqr(*tail, rows[30:], rows[30:] + 1, past=past), whole, strict=True):
        np.testing.assert_array_equal(got, wanted[30:])


def test_live_is_the_last_row_of_the_table(world):
    rows = np.arange(N)
    yhat, lower, upper, last, y, volatility = world
    unknown = y.copy()
    unknown[-1] = np.nan
    lo, hi, p_up = rolling_cqr(yhat, lower, upper, last, unknown, volatility, rows, rows + 1)
    unit = last * volatility
    scores, missed = ((unknown - yhat) / unit), misses(lower, upper, unknown, unit)
    assert live_cqr(yhat[-1], lower[-1], upper[-1], 100.0, 0.01, scores, missed) == (lo[-1], hi[-1], p_up[-1])


def test_an_interval_moves_by_the_rank_of_its_misses():
    scores, missed = np.arange(1.0, 30.0), np.arange(-10.0, 19.0)
    assert np.isnan(live_cqr(100.0, 98.0, 103.0, 100.0, 0.01, scores[:19], missed[:19])).all()
    lo, hi, p_up = live_cqr(100.0, 98.0, 103.0, 100.0, 0.01, scores, missed)
    assert (lo, hi) == (pytest.approx(98.0 - 16.0), pytest.approx(103.0 + 16.0))
    assert p_up == live_interval(100.0, 100.0, 0.01, scores)[2]


def test_an_interval_holds_its_median_and_no_price_below_zero():
    scores = np.zeros(40)
    lo, hi, _ = live_cqr(100.0, 90.0, 103.0, 100.0, 0.01, scores, np.full(40, -20.0))
    assert (lo, hi) == (100.0, 100.0)
    lo, hi, _ = live_cqr(100.0, 90.0, 103.0, 100.0, 0.01, scores, np.full(40, 200.0))
    assert (lo, hi) == (0.0, 303.0)


def test_a_single_quantile_gives_the_plain_interval(world):
    yhat, _, _, last, y, volatility = world
    rows = np.arange(N)
    own = rolling_cqr(yhat, yhat, yhat, last, y, volatility, rows, rows + 1)
    for got, wanted in zip(own, rolling_conformal(yhat, last, y, volatility, rows, rows + 1), strict=True):
        np.testing.assert_allclose(got, wanted)


@pytest.mark.parametrize("width", [0.3, 1.645, 4.0])
def test_intervals_cover_what_they_claim_whatever_the_quantiles_do(width):
    covered = []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        volatility = 0.01 * np.exp(np.cumsum(0.05 * rng.standard_normal(400)))
        last = np.full(400, 100.0)
        y = last * (1.0 + volatility * rng.standard_t(5, 400))
        rows = np.arange(400)
        half = width * last * volatility
        lo, hi, _ = rolling_cqr(last, last - half, last + half, last, y, volatility, rows, rows + 1)
        covered.append(coverage(y, lo, hi))
    assert 0.88 < np.mean(covered) < 0.92
