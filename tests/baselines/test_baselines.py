from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import Ridge as SklearnRidge
from sklearn.linear_model import RidgeCV
from statsmodels.tsa.ar_model import AutoReg
from tests.conftest import walk_bars

from nextclose.baselines import BASELINES, make_baseline
from nextclose.baselines.ridge import PENALTIES, _inputs
from nextclose.core.errors import SettingsError
from nextclose.windows.windows import sliding


@pytest.fixture
def ohlc():
    bars = walk_bars(200, seed=2)
    return np.stack([bars.open, bars.high, bars.low, bars.close], axis=1)


def predict(name, ohlc, seq_len=4):
    fitted = make_baseline(name, seq_len).fit(ohlc)
    return fitted, fitted.predict(sliding(ohlc, fitted.needs))


def test_the_plain_ones_by_hand(ohlc):
    close = ohlc[:, 3]
    np.testing.assert_array_equal(predict("persistence", ohlc)[1], close)
    np.testing.assert_allclose(predict("drift", ohlc)[1], close + (close[-1] - close[0]) / 199)
    np.testing.assert_allclose(predict("train-mean", ohlc)[1], close * (1.0 + np.mean(close[1:] / close[:-1] - 1.0)))


def test_ar_is_statsmodels_autoreg(ohlc):
    returns = np.diff(np.log(ohlc[:, 3]))
    expected = AutoReg(returns, lags=3, trend="c").fit()
    fitted, yhat = predict("ar", ohlc)
    np.testing.assert_allclose(fitted.coefficients, expected.params, rtol=1e-9)
    forecast = expected.predict(len(returns), len(returns))[0]
    assert yhat[-1] == pytest.approx(ohlc[-1, 3] * np.exp(forecast), rel=1e-12)


def test_ridge_is_scikit_learns_at_the_penalty_that_leave_one_out_takes(ohlc):
    fitted, yhat = predict("ridge", ohlc)
    X = _inputs(sliding(ohlc, 4))
    y = np.log(ohlc[4:, 3] / ohlc[3:-1, 3])
    mean, spread = X[:-1].mean(axis=0), X[:-1].std(axis=0)
    standard = (X - mean) / spread
    assert fitted.penalty == RidgeCV(alphas=PENALTIES).fit(standard[:-1], y).alpha_
    expected = SklearnRidge(alpha=fitted.penalty).fit(standard[:-1], y).predict(standard)
    np.testing.assert_allclose(yhat, ohlc[3:, 3] * np.exp(expected), rtol=1e-10)


@pytest.mark.parametrize("name", BASELINES)
def test_no_forecast_sees_what_comes_after_its_window(name, ohlc):
    fitted, yhat = predict(name, ohlc[:120])
    changed = ohlc.copy()
    changed[120:] *= 3.0
    again = fitted.predict(sliding(changed[:120], fitted.needs))
    np.testing.assert_array_equal(yhat, again)


@pytest.mark.parametrize("name", BASELINES)
@pytest.mark.parametrize("length", [2, 5, 9])
def test_short_train_spans_still_forecast(name, length, ohlc):
    fitted = make_baseline(name, 4).fit(ohlc[:length])
    assert np.isfinite(fitted.predict(sliding(ohlc, fitted.needs))).all()


@pytest.mark.parametrize("name", BASELINES)
def test_constant_prices_stay_constant(name):
    flat = np.full((60, 4), 50.0)
    _, yhat = predict(name, flat)
    np.testing.assert_allclose(yhat, 50.0, rtol=1e-12)


K = 4


def ahead(name, ohlc, seq_len=4, horizon=K):
    fitted = make_baseline(name, seq_len).fit(ohlc, horizon)
    return fitted, fitted.ahead(sliding(ohlc, fitted.needs), horizon)


def test_the_plain_ones_further_ahead_by_hand(ohlc):
    close, steps = ohlc[:, 3, None], np.arange(1, K + 1)
    np.testing.assert_array_equal(ahead("persistence", ohlc)[1], np.repeat(close, K, axis=1))
    np.testing.assert_allclose(ahead("drift", ohlc)[1], close + steps * (close[-1] - close[0]) / 199)
    mean = np.mean(close[1:] / close[:-1] - 1.0)
    np.testing.assert_allclose(ahead("train-mean", ohlc)[1], close * (1.0 + mean) ** steps)


def test_ar_goes_on_with_its_own_returns(ohlc):
    fitted, yhat = ahead("ar", ohlc)
    returns = np.diff(np.log(ohlc[:, 3]))
    c, *phi = fitted.coefficients
    for row in (0, 50, len(yhat) - 1):
        known = list(returns[row : row + 3])
        for k in range(K):
            known.append(c + sum(weight * known[-1 - j] for j, weight in enumerate(phi)))
            assert yhat[row, k] == pytest.approx(ohlc[row + 3, 3] * np.exp(sum(known[3:])), rel=1e-12)


def test_ar_is_statsmodels_forecast(ohlc):
    returns = np.diff(np.log(ohlc[:, 3]))
    forecast = AutoReg(returns, lags=3, trend="c").fit().predict(len(returns), len(returns) + K - 1)
    np.testing.assert_allclose(ahead("ar", ohlc)[1][-1], ohlc[-1, 3] * np.exp(np.cumsum(forecast)), rtol=1e-9)


def test_ridge_is_a_regression_of_its_own_for_each_step(ohlc):
    fitted, yhat = ahead("ridge", ohlc)
    X = _inputs(sliding(ohlc, 4))
    for k, step in enumerate((fitted, *fitted.later), start=1):
        y = np.log(ohlc[3 + k :, 3] / ohlc[3:-k, 3])
        mean, spread = X[:-k].mean(axis=0), X[:-k].std(axis=0)
        standard = (X - mean) / spread
        assert step.penalty == RidgeCV(alphas=PENALTIES).fit(standard[:-k], y).alpha_
        expected = SklearnRidge(alpha=step.penalty).fit(standard[:-k], y).predict(standard)
        np.testing.assert_allclose(yhat[:, k - 1], ohlc[3:, 3] * np.exp(expected), rtol=1e-10)


@pytest.mark.parametrize("seq_len", [1, 4, 9])
@pytest.mark.parametrize("name", BASELINES)
def test_the_first_session_ahead_has_the_bits_of_a_forecast(name, seq_len, ohlc):
    fitted, yhat = ahead(name, ohlc, seq_len)
    assert yhat.shape == (len(ohlc) - fitted.needs + 1, K)
    np.testing.assert_array_equal(yhat[:, 0], fitted.predict(sliding(ohlc, fitted.needs)))
    alone = make_baseline(name, seq_len).fit(ohlc)
    np.testing.assert_array_equal(yhat[:, 0], alone.predict(sliding(ohlc, alone.needs)))
    np.testing.assert_array_equal(yhat[:, :1], fitted.ahead(sliding(ohlc, fitted.needs), 1))


@pytest.mark.parametrize("name", BASELINES)
@pytest.mark.parametrize("length", [2, 5, 9])
def test_short_train_spans_forecast_further_too(name, length, ohlc):
    fitted = make_baseline(name, 4).fit(ohlc[:length], K)
    assert np.isfinite(fitted.ahead(sliding(ohlc, fitted.needs), K)).all()


def test_an_unknown_baseline_is_named():
    with pytest.raises(SettingsError, match="unknown baseline 'median'"):
        make_baseline("median", 4)
