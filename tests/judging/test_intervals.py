"""Intervals from matured errors: whose, how many, and what they cover."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nextclose.bars.bars import Bars
from nextclose.judging.intervals import PRIOR, WINDOW, interval_scale, live_interval, rolling_conformal
from nextclose.judging.metrics import coverage


def test_intervals_wait_for_twenty_matured_errors_and_see_no_later_one():
    rng = np.random.default_rng(0)
    n = 80
    last = np.full(n, 100.0)
    y, yhat, volatility = 100.0 + rng.standard_normal(n), last, np.full(n, 0.01)
    origins = np.arange(n)
    lo, hi, p_up = rolling_conformal(yhat, last, y, volatility, origins, origins + 3)
    assert np.isnan(lo[:22]).all()
    assert np.isfinite(lo[22:]).all()
    later = y.copy()
    later[50:] += 50.0
    lo2, hi2, p2 = rolling_conformal(yhat, last, later, volatility, origins, origins + 3)
    np.testing.assert_array_equal(lo[:53], lo2[:53])
    np.testing.assert_array_equal(p_up[:53], p2[:53])
    assert hi2[60] > hi[60]


def test_an_interval_is_the_rank_of_its_scores():
    scores = np.arange(1.0, 20.0)
    assert np.isnan(live_interval(100.0, 100.0, 0.01, scores)).all()
    lo, hi, p_up = live_interval(100.0, 100.0, 0.01, np.arange(1.0, 30.0), level=0.9)
    assert (lo, hi) == (pytest.approx(73.0), pytest.approx(127.0))
    assert p_up == pytest.approx((29.0 + PRIOR / 2.0) / (29.0 + PRIOR))


def test_intervals_cover_what_they_claim_when_volatility_moves():
    covered = []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        volatility = 0.01 * np.exp(np.cumsum(0.05 * rng.standard_normal(400)))
        last = np.full(400, 100.0)
        y = last * (1.0 + volatility * rng.standard_t(5, 400))
        rows = np.arange(400)
        lo, hi, _ = rolling_conformal(last, last, y, volatility, rows, rows + 1)
        covered.append(coverage(y, lo, hi))
    assert 0.88 < np.mean(covered) < 0.92


def series(n, seed, *, step=1):
    """(yhat, last_close, y, volatility, origins, targets) of n sessions; some closes have not come."""
    rng = np.random.default_rng(seed)
    last = 50.0 + np.cumsum(rng.standard_normal(n)) ** 2
    volatility = 0.01 * np.exp(0.3 * rng.standard_normal(n))
    y = np.where(rng.random(n) < 0.05, np.nan, last * (1.0 + volatility * rng.standard_t(4, n)))
    origins = np.arange(n)
    return last * (1.0 + 0.002 * rng.standard_normal(n)), last, y, volatility, origins, origins + step


@settings(max_examples=20, deadline=None)
@given(n=st.integers(0, 400), before=st.integers(0, 300), step=st.integers(1, 3), seed=st.integers(0, 99))
def test_a_live_interval_is_the_backtests_bit_for_bit(n, before, step, seed):
    yhat, last, y, volatility, origins, targets = series(n, seed, step=step)
    past = np.random.default_rng(seed).standard_t(4, before)
    found = np.stack(rolling_conformal(yhat, last, y, volatility, origins, targets, past=past))
    scores = (y - yhat) / (last * volatility)
    for i in {0, 1, 25, n // 2, n - 1} & set(range(n)):
        known = np.concatenate([past, scores[targets <= origins[i]]])
        live = live_interval(yhat[i], last[i], volatility[i], known)
        np.testing.assert_array_equal(found[:, i], live)


def test_scores_from_before_stand_in_front_and_leave_by_the_window():
    yhat, last, y, volatility, origins, targets = series(300, 1)
    past = np.full(WINDOW, 9.0)
    cold = np.stack(rolling_conformal(yhat, last, y, volatility, origins, targets))
    warm = np.stack(rolling_conformal(yhat, last, y, volatility, origins, targets, past=past))
    assert np.isnan(cold[:, :20]).all()
    assert np.isfinite(warm).all()
    assert warm[1, 0] == yhat[0] + 9.0 * last[0] * volatility[0]
    matured = np.cumsum(np.isfinite(y)) >= WINDOW
    first = int(np.argmax(matured)) + 1
    assert matured.any()
    np.testing.assert_array_equal(cold[:, first:], warm[:, first:])


def test_no_forecast_gives_no_interval():
    nothing = np.empty(0)
    rows = np.empty(0, dtype=np.int64)
    for column in rolling_conformal(nothing, nothing, nothing, nothing, rows, rows, past=np.ones(30)):
        assert column.shape == (0,)


def test_a_probability_of_few_scores_stays_near_a_half():
    up = np.ones(20)
    assert live_interval(100.0, 100.0, 0.01, up)[2] == (20.0 + PRIOR / 2.0) / (20.0 + PRIOR)
    assert live_interval(100.0, 100.0, 0.01, -up)[2] == (PRIOR / 2.0) / (20.0 + PRIOR)


def garch(n, rng):
    """GARCH(1, 1) returns with Student's t shocks, in sessions of 20 moves: close, high, low (n,)."""
    variance, close, rows = 1e-4, 100.0, []
    for _ in range(n):
        moves = np.cumsum(np.sqrt(variance / 20.0) * rng.standard_t(5, 20) * np.sqrt(0.6))
        path = close * np.exp(moves)
        rows.append((path[-1], max(path.max(), close), min(path.min(), close)))
        variance = 4e-6 + 0.08 * moves[-1] ** 2 + 0.88 * variance
        close = path[-1]
    return np.array(rows).T


@pytest.mark.parametrize("world", ["garch", "iid"])
def test_intervals_of_simulated_bars_cover_what_they_claim(world):
    covered = []
    for seed in range(12):
        rng = np.random.default_rng(seed)
        if world == "garch":
            close, high, low = garch(600, rng)
        else:
            close = 100.0 * np.exp(np.cumsum(0.01 * rng.standard_normal(600)))
            high = low = close
        dates = np.datetime64("2020-01-01") + np.arange(600)
        bars = Bars(symbol="A", dates=dates, open=close, high=high, low=low, close=close, volume=np.ones(600))
        rows = np.arange(100, 599)
        last, y = close[rows], close[rows + 1]
        lo, hi, _ = rolling_conformal(last, last, y, interval_scale(bars)[rows], rows, rows + 1)
        covered.append(coverage(y, lo, hi))
    assert 0.88 < np.mean(covered) < 0.92
