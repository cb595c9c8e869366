"""Pesaran and Timmermann's test, alone and clustered by session."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from statsmodels.regression.linear_model import OLS
from statsmodels.stats import sandwich_covariance as sandwich
from statsmodels.stats.diagnostic import pesaran_timmermann as statsmodels_pt

from nextclose.judging.direction import pesaran_timmermann
from nextclose.judging.panel import Sessions


def test_one_symbol_is_statsmodels(make_panel):
    panel = make_panel(T=120, symbols=1)
    expected = statsmodels_pt(panel.naive, panel.announced)
    got = pesaran_timmermann(panel.naive > 0.0, panel.announced > 0.0, sessions=panel.sessions).two_sided()
    assert got.statistic == pytest.approx(expected.statistic, rel=1e-12)
    assert got.pvalue == pytest.approx(expected.pvalue, rel=1e-9)


def test_by_hand():
    """8 sessions, 5 rises, 4 called, 5 hits: by chance 0.5, whose variance is 1/4 - 1/16 * 1/4, over 8."""
    rose = np.array([1, 1, 1, 1, 1, 0, 0, 0], dtype=bool)
    called = np.array([1, 1, 1, 1, 0, 0, 0, 0], dtype=bool)
    called[[3, 5]] = [False, True]
    hits = float(np.mean(rose == called))
    got = pesaran_timmermann(rose, called)
    assert (hits, got.statistic) == (0.625, pytest.approx((hits - 0.5) / np.sqrt((0.25 - 0.25**2 * 0.25) / 8)))


@pytest.mark.parametrize(("symbols", "step"), [(4, 1), (4, 3), (1, 3)])
def test_dependent_observations_are_driscoll_and_kraays_errors(make_panel, symbols, step):
    """The covariance of call and rise is a mean; its standard error that of a regression on a constant."""
    panel = make_panel(T=150, symbols=symbols, step=step)
    rose, called = panel.naive > 0.0, panel.announced > 0.0
    product = (rose - rose.mean()) * (called - called.mean())
    kwds = {"time": panel.sessions.of, "maxlags": step - 1, "weights_func": sandwich.weights_uniform}
    fit = OLS(product, np.ones(len(product))).fit(cov_type="hac-groupsum", cov_kwds=kwds | {"use_correction": False})
    got = pesaran_timmermann(rose, called, step, sessions=panel.sessions)
    assert got.statistic == pytest.approx(fit.tvalues[0], rel=1e-9)
    assert got.above == pytest.approx(stats.norm.sf(fit.tvalues[0]), rel=1e-6)


def test_symbols_that_move_as_one_are_one_observation():
    rng = np.random.default_rng(0)
    rose, called = rng.random(80) < 0.6, rng.random(80) < 0.5
    sessions = Sessions.of_days(np.repeat(np.arange(80), 9))
    nine = pesaran_timmermann(np.repeat(rose, 9), np.repeat(called, 9), sessions=sessions)
    assert nine.statistic == pytest.approx(pesaran_timmermann(rose, called).statistic, rel=0.05)
