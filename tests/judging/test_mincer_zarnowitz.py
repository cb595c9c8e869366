"""The regression of what came on what was announced, against statsmodels."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from statsmodels.regression.linear_model import OLS

from nextclose.judging.mincer_zarnowitz import mincer_zarnowitz


def regression(panel, cov_type, **kwds):
    x = np.column_stack([np.ones(len(panel)), panel.announced])
    return OLS(panel.naive, x).fit(cov_type=cov_type, cov_kwds=kwds or None, use_t=False)


def assert_same(line, fit):
    wald = fit.wald_test((np.eye(2), [0.0, 1.0]), use_f=False, scalar=True)
    assert [line.intercept, line.slope] == pytest.approx(fit.params.tolist(), rel=1e-8)
    assert line.slope_error == pytest.approx(fit.bse[1], rel=1e-8)
    assert (line.statistic, line.pvalue) == pytest.approx((wald.statistic, wald.pvalue), rel=1e-7)
    assert line.pvalue == pytest.approx(stats.chi2.sf(line.statistic, 2), rel=1e-9)


@pytest.mark.parametrize("seed", [0, 1])
def test_one_step_is_whites_errors(make_panel, seed):
    panel = make_panel(symbols=1, seed=seed)
    assert_same(mincer_zarnowitz(panel), regression(panel, "HC0"))


@pytest.mark.parametrize("step", [2, 3])
def test_steps_that_overlap_are_hansen_and_hodricks_errors(make_panel, step):
    panel = make_panel(T=200, symbols=1, step=step)
    line = mincer_zarnowitz(panel)
    assert line.lag == step - 1
    assert_same(line, regression(panel, "HAC", maxlags=step - 1, kernel="uniform", use_correction=False))


@pytest.mark.parametrize("seed", [0, 1])
def test_symbols_are_clustered_by_session(make_panel, seed):
    panel = make_panel(symbols=4, seed=seed)
    kwds = {"groups": panel.sessions.of, "use_correction": False, "df_correction": False}
    assert_same(mincer_zarnowitz(panel), regression(panel, "cluster", **kwds))


def test_a_known_line_is_found(make_panel, make_table):
    """Announcing 1 % plus twice a change that comes with noise of its own: half of it comes, from -0.5 % on."""
    table = make_table(T=500, symbols=1)
    came = table.y / table.last_close - 1.0
    noise = 1e-5 * np.random.default_rng(0).standard_normal(500)
    line = mincer_zarnowitz(make_panel(table.replace(yhat=table.last_close * (1.01 + 2.0 * came + noise))))
    assert (line.intercept, line.slope) == pytest.approx((-0.005, 0.5), rel=1e-3)
    assert line.pvalue < 1e-10


def test_a_constant_announcement_has_no_line(make_panel, make_table):
    table = make_table(T=60, symbols=1)
    line = mincer_zarnowitz(make_panel(table.replace(yhat=table.last_close * 1.01)))
    assert line.undefined is not None
    assert np.isnan(line.slope)


def test_the_interval_is_normal_at_90_percent(make_panel):
    line = mincer_zarnowitz(make_panel(symbols=1))
    told = line.told("en")
    lo, hi = stats.norm.interval(0.9, line.slope, line.slope_error)
    assert (told.slope_lo, told.slope_hi) == pytest.approx((lo, hi), rel=1e-12)


def test_errors_that_swing_back_take_bartletts_weights(make_panel, make_table):
    """Where the unweighted covariance is not positive; Newey and West's, which statsmodels weights the same way."""
    table = make_table(T=40, symbols=1, step=2)
    swing = 1.0 + 0.01 * (-1.0) ** np.arange(40)
    announced = 0.002 * np.random.default_rng(0).standard_normal(40)
    panel = make_panel(table.replace(y=table.last_close * swing, yhat=table.last_close * (1.0 + announced)))
    x = np.column_stack([np.ones(40), panel.announced])
    scores = x * OLS(panel.naive, x).fit().resid[:, None]
    cross = scores[1:].T @ scores[:-1]
    assert np.linalg.eigvalsh(scores.T @ scores + cross + cross.T)[0] < 0.0
    assert_same(mincer_zarnowitz(panel), regression(panel, "HAC", maxlags=1, use_correction=False))


@pytest.mark.parametrize(("T", "step", "known"), [(2, 1, False), (3, 1, True), (5, 2, False), (6, 2, True)])
def test_too_few_sessions_have_no_line(make_panel, T, step, known):
    line = mincer_zarnowitz(make_panel(T=T, symbols=1, step=step))
    assert (line.undefined is None, bool(np.isfinite(line.slope))) == (known, known)
