"""Intervals from matured errors: whose, how many, and what they cover."""

from __future__ import annotations

import numpy as np
import pytest

from nextclose.judging.intervals import live_interval, rolling_conformal
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
    assert p_up == pytest.approx(29.5 / 30.0)


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
