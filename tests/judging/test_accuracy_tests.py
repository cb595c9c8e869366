"""The tests against statsmodels at the same lag and kernel, and against hand-computed cases."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from statsmodels.regression.linear_model import OLS
from statsmodels.stats import sandwich_covariance as sandwich
from statsmodels.stats.diagnostic import pesaran_timmermann as statsmodels_pt
from statsmodels.tsa.stattools import diebold_mariano_test

from nextclose.judging.accuracy_tests import clark_west, diebold_mariano, harvey_leybourne_newbold
from nextclose.judging.direction import pesaran_timmermann
from nextclose.judging.longrun import long_run_variance


def errors(n, seed, scale=1.2):
    rng = np.random.default_rng(seed)
    naive = rng.standard_normal(n)
    return naive + scale * 0.3 * rng.standard_normal(n), naive


@pytest.mark.parametrize("n", [5, 30, 250, 1001])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_one_step_diebold_mariano_is_statsmodels(n, seed):
    model, naive = errors(n, seed)
    zeros = np.zeros(n)
    expected = diebold_mariano_test(zeros, -model, -naive, lags=0, harvey_adj=True, horizon=1)
    got = diebold_mariano(model, naive)
    assert got.statistic == pytest.approx(expected.statistic, rel=1e-10)
    assert got.two_sided().pvalue == pytest.approx(expected.pvalue, rel=1e-9)
    assert (got.lag, got.n) == (0, n)


@pytest.mark.parametrize("n", [5, 250])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_on_absolute_errors_too(n, seed):
    model, naive = errors(n, seed)
    expected = diebold_mariano_test(np.zeros(n), -model, -naive, lags=0, harvey_adj=True, criterion="mad")
    got = diebold_mariano(model, naive, loss="absolute")
    assert got.statistic == pytest.approx(expected.statistic, rel=1e-10)
    assert got.two_sided().pvalue == pytest.approx(expected.pvalue, rel=1e-9)
    assert "|" in got.two_sided().null


def differentials(panel):
    """Clark-West's and Diebold-Mariano's, squared and absolute, each with the function under test."""
    e, p = panel.error, panel.naive
    more = {"step": panel.step, "sessions": panel.sessions}
    return [
        (e**2 - p**2, diebold_mariano(e, p, **more)),
        (np.abs(e) - np.abs(p), diebold_mariano(e, p, loss="absolute", **more)),
        (p**2 - e**2 + (p - e) ** 2, clark_west(e, p, **more)),
    ]


@pytest.mark.parametrize("seed", [0, 1])
def test_clustered_by_session_is_a_regression_on_a_constant(make_panel, seed):
    panel = make_panel(symbols=4, seed=seed)
    clusters = {"groups": panel.sessions.of, "use_correction": False}
    for place, (d, got) in enumerate(differentials(panel)):
        fit = OLS(d, np.ones(len(d))).fit(cov_type="cluster", cov_kwds=clusters)
        factor = 1.0 if place == 2 else harvey_leybourne_newbold(panel.sessions.count, 1)
        assert got.n == panel.sessions.count < len(d)
        assert got.statistic == pytest.approx(factor * fit.tvalues[0], rel=1e-9)


@pytest.mark.parametrize("symbols", [1, 4])
@pytest.mark.parametrize("step", [2, 3])
def test_steps_that_overlap_are_driscoll_and_kraays_errors(make_panel, symbols, step):
    panel = make_panel(T=200, symbols=symbols, step=step)
    kwds = {"time": panel.sessions.of, "maxlags": step - 1, "weights_func": sandwich.weights_uniform}
    for place, (d, got) in enumerate(differentials(panel)):
        fit = OLS(d, np.ones(len(d))).fit(cov_type="hac-groupsum", cov_kwds=kwds | {"use_correction": False})
        factor = 1.0 if place == 2 else harvey_leybourne_newbold(panel.sessions.count, step)
        assert got.lag == step - 1
        assert got.statistic == pytest.approx(factor * fit.tvalues[0], rel=1e-9)


def shuffled(rng, n):
    """0..n-1 in the order in which Python 2's random.sample drew them."""
    pool, drawn = list(range(n)), []
    for left in range(n, 0, -1):
        place = int(rng.random() * left)
        drawn.append(pool[place])
        pool[place] = pool[left - 1]
    return np.array(drawn, dtype=np.float64)


@pytest.mark.parametrize(
    ("loss", "statistic", "pvalue"),
    [("absolute", 1.3275742446369585, 0.18737195617455585), ("squared", 1.2112523589452902, 0.22868210381769466)],
)
def test_a_published_example(loss, statistic, pvalue):
    """John Tsang 2017, "Diebold-Mariano-Test": three shufflings of 0..99, and what his program printed for h = 1."""
    rng = random.Random(123)
    actual, first, second = (shuffled(rng, 100) for _ in range(3))
    got = diebold_mariano(actual - first, actual - second, loss=loss)
    assert got.statistic == pytest.approx(statistic, rel=1e-13)
    assert got.two_sided().pvalue == pytest.approx(pvalue, rel=1e-12)


def test_harvey_leybourne_newbold_by_hand():
    model, naive = errors(40, 5)
    d = model**2 - naive**2
    centred = d - d.mean()
    gamma = [centred @ centred / 40, centred[1:] @ centred[:-1] / 40, centred[2:] @ centred[:-2] / 40]
    variance = gamma[0] + 2 * gamma[1] + 2 * gamma[2]
    factor = np.sqrt((40 + 1 - 6 + 3 * 2 / 40) / 40)
    assert diebold_mariano(model, naive, step=3).statistic == pytest.approx(factor * d.mean() / np.sqrt(variance / 40))


def test_bartlett_takes_over_where_the_rectangular_variance_is_not_positive():
    d = np.array([1.0, -1.0] * 10)
    assert d @ d / 20 + 2 * (d[1:] @ d[:-1]) / 20 < 0
    assert long_run_variance(d, 1) == pytest.approx(d @ d / 20 + (d[1:] @ d[:-1]) / 20)


@pytest.mark.parametrize("seed", [0, 1, 2, 3])
def test_pesaran_timmermann_is_statsmodels(seed):
    rng = np.random.default_rng(seed)
    change, forecast = rng.standard_normal(200) + 0.1, rng.standard_normal(200)
    expected = statsmodels_pt(change, forecast)
    got = pesaran_timmermann(change > 0, forecast > 0)
    assert got.statistic == pytest.approx(expected.statistic, rel=1e-12)
    assert got.two_sided().pvalue == pytest.approx(expected.pvalue, rel=1e-9)


def test_clark_west_by_hand():
    model, naive = errors(100, 8)
    f = naive**2 - (model**2 - (naive - model) ** 2)
    statistic = f.mean() / np.sqrt(f.var() / 100)
    got = clark_west(model, naive).one_sided()
    assert got.statistic == pytest.approx(statistic, rel=1e-12)
    assert got.pvalue == pytest.approx(stats.norm.sf(statistic), rel=1e-9)


def test_the_size_of_a_forecast_does_not_change_what_clark_west_sees():
    rng = np.random.default_rng(1)
    naive = rng.standard_normal(300)
    change = 0.1 * rng.standard_normal(300)
    small, large = clark_west(naive - change, naive), clark_west(naive - 10.0 * change, naive)
    assert small.statistic == pytest.approx(large.statistic, rel=1e-9)


@given(n=st.integers(0, 4), step=st.integers(1, 6))
def test_too_short_or_equal_is_undefined_with_a_reason(n, step):
    naive = np.linspace(1.0, 2.0, n)
    for result in (diebold_mariano(naive, naive, step), clark_west(naive, naive, step)):
        assert np.isnan(result.statistic)
        assert np.isnan(result.two_sided().pvalue)
        assert result.undefined is not None


@pytest.mark.parametrize(
    ("n", "step", "known"), [(1, 1, False), (2, 1, True), (5, 2, False), (6, 2, True), (8, 3, False)]
)
def test_overlapping_steps_need_three_sessions_each(n, step, known):
    model, naive = errors(9, 6)
    found = [
        diebold_mariano(model[:n], naive[:n], step),
        clark_west(model[:n], naive[:n], step),
        pesaran_timmermann(np.arange(n) % 2 == 0, np.arange(n) % 3 == 0, step),
    ]
    told = [result.undefined is None or "too few sessions" not in str(result.undefined) for result in found]
    assert told == [known] * 3


def test_a_direction_that_never_varies_is_undefined():
    rose = np.array([True, False] * 20)
    for result in (pesaran_timmermann(rose, rose | True), pesaran_timmermann(rose & False, rose)):
        assert np.isnan(result.statistic)
        assert "always the same" in str(result.undefined)


def test_perfect_direction_is_seen():
    rose = np.random.default_rng(0).random(60) > 0.5
    assert pesaran_timmermann(rose, rose).two_sided().pvalue < 1e-10
    assert pesaran_timmermann(rose, ~rose).statistic < -7
