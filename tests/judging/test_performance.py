"""Sharpe ratio, drawdown and yearly growth by hand."""

from __future__ import annotations

from math import isnan, log, sqrt

import numpy as np
import pytest

from nextclose.judging.performance import annual_return, drawdown, mean_error, sharpe, volatility

RETURNS = np.array([0.01, -0.02, 0.03, 0.0])


def test_sharpe_is_mean_over_deviation_with_los_error():
    each = np.mean(RETURNS) / np.std(RETURNS, ddof=1)
    ratio, error = sharpe(RETURNS)
    assert ratio == pytest.approx(each * sqrt(252))
    assert error == pytest.approx(sqrt((1 + each**2 / 2) / 4) * sqrt(252))


def test_los_error_is_the_spread_of_simulated_ratios():
    rng = np.random.default_rng(0)
    found = np.array([sharpe(0.5 + rng.standard_normal(100)) for _ in range(4_000)])
    assert np.std(found[:, 0]) == pytest.approx(np.mean(found[:, 1]), rel=0.05)


def test_what_does_not_vary_has_no_sharpe_and_one_session_no_spread():
    assert all(map(isnan, sharpe(np.zeros(5))))
    assert isnan(volatility(np.array([0.1])))
    assert isnan(mean_error(np.array([0.1]))[1])
    assert mean_error(RETURNS)[1] == pytest.approx(np.std(RETURNS, ddof=1) / 2)


def test_drawdown_is_the_largest_fall_from_a_peak_and_the_start_is_one():
    assert drawdown(np.array([1.2, 0.9, 1.3, 1.0])) == pytest.approx((0.25, 1, 2))
    assert drawdown(np.array([0.8, 0.7, 0.9])) == pytest.approx((0.3, 0, 2))
    assert drawdown(np.array([1.1, 1.2])) == (0.0, 0, 0)


def test_a_year_has_252_sessions():
    assert annual_return(log(1.1), 252) == pytest.approx(0.1)
    assert annual_return(log(1.1), 126) == pytest.approx(0.21)
    assert annual_return(float("-inf"), 10) == -1.0
    assert isnan(annual_return(100.0, 1))
