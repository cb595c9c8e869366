"""Dickey and Fuller's tail, and what counts as wandering."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import brentq
from statsmodels.tsa.adfvalues import mackinnonp

from nextclose.core.forecasts import Forecasts
from nextclose.judging.judge import judge
from nextclose.judging.tally import Tally
from nextclose.judging.wandering import guarded, upper_tail, wanders


@pytest.mark.parametrize("statistic", [1.05, 1.5, 1.941, 2.566, 4.0, 10.0, 18.0])
def test_the_upper_tail_is_mackinnons_lower_one(statistic):
    assert upper_tail(statistic) == pytest.approx(mackinnonp(-statistic, regression="n", N=1), rel=1e-12)


@pytest.mark.parametrize(("point", "level"), [(1.6167, 0.10), (1.9410, 0.05), (2.5658, 0.01)])
def test_mackinnons_critical_values(point, level):
    """MacKinnon 2010, "Critical values for cointegration tests", table 2: no constant, N = 1, T without end."""
    assert upper_tail(point) == pytest.approx(level, rel=0.03)


def test_the_tail_falls_all_the_way():
    tail = [upper_tail(statistic) for statistic in np.linspace(-5.0, 60.0, 200)]
    assert np.all(np.diff(tail) <= 0.0)
    assert (upper_tail(0.0), tail[-1]) == (1.0, pytest.approx(0.0, abs=1e-15))


def test_the_larger_p_counts():
    assert guarded(0.03, 1.9) == upper_tail(1.9) > 0.05
    assert guarded(0.4, 1.9) == 0.4
    assert np.isnan(guarded(float("nan"), 1.9))
    assert guarded(0.03, float("nan")) == 0.03


def announcing(make_panel, make_table, announced, symbols=1):
    table = make_table(T=250, symbols=symbols, missing=0.0)
    return Tally.of(make_panel(table.replace(yhat=table.last_close * (1.0 + announced(table)))))


def test_a_pull_towards_a_level_wanders(make_panel, make_table):
    for symbols in (1, 4):
        pulled = announcing(make_panel, make_table, lambda table: 50.0 / table.last_close - 1.0, symbols)
        assert wanders(pulled)


def test_noise_and_constants_do_not(make_panel, make_table):
    rng = np.random.default_rng(0)
    slow = 0.001 * np.cumsum(rng.standard_normal(250)) / 16.0
    assert not wanders(announcing(make_panel, make_table, lambda table: 0.01 * rng.standard_normal(len(table))))
    assert not wanders(announcing(make_panel, make_table, lambda table: 0.02 + slow))
    assert wanders(announcing(make_panel, make_table, lambda table: slow))
    assert not wanders(announcing(make_panel, make_table, lambda table: 0.0 * table.y))


def remembering(T, rho, aside):
    """T values whose first autocorrelation is rho in the sum of `wanders`, their mean `aside` standard deviations off."""
    noise = np.random.default_rng(1).standard_normal(T)

    def path(coefficient):
        values = np.empty(T)
        values[0] = noise[0]
        for t in range(1, T):
            values[t] = coefficient * values[t - 1] + noise[t]
        return (values - values.mean()) / values.std()

    def memory(coefficient):
        values = path(coefficient)
        return np.sum(values[1:] * values[:-1]) / (T - 1) - rho

    return 0.001 * (aside + path(brentq(memory, 0.0, 1.02)))


@pytest.mark.parametrize(
    ("near", "aside", "expected"), [(48.0, 0.0, True), (52.0, 0.0, False), (48.0, 6.5, True), (48.0, 7.5, False)]
)
def test_where_wandering_begins(make_panel, make_table, near, aside, expected):
    """T (1 - rho) below 50, and a mean within 7 standard deviations of 0."""
    change = remembering(250, 1.0 - near / 250, aside)
    assert wanders(announcing(make_panel, make_table, lambda table: change)) == expected


def test_sessions_are_counted_and_not_symbols(make_panel, make_table):
    change = remembering(250, 1.0 - 40.0 / 250, 0.0)
    assert wanders(announcing(make_panel, make_table, lambda table: np.repeat(change, 4), symbols=4))


@pytest.mark.slow
def test_a_pull_towards_the_train_level_is_rarely_believed():
    """Unguarded, Clark-West believes such forecasts of a walk in about 9 of 100."""
    believed = seen = 0
    for seed in range(2_000):
        close = 100.0 * np.exp(np.cumsum(0.01 * np.random.default_rng(seed).standard_normal(501)))
        last, y, level = close[250:-1], close[251:], close[:250].mean()
        day = np.busday_offset(np.datetime64("2020-01-01"), np.arange(251))
        table = {"symbol": "A", "model": "m", "origin": day[:-1], "target_date": day[1:], "last_close": last, "y": y}
        (row,) = judge(Forecasts.make(table | {"yhat": last + 0.3 * (level - last)}), contests=False).models
        believed += row.cw.pvalue < 0.05
        seen += row.information == "seen"
    assert believed / 2_000 > 0.07
    assert seen / 2_000 <= 0.06
