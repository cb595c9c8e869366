"""Walk-forward: recipes, baselines, regressors, objects and functions through the same folds."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tests.conftest import walk_bars
from tests.study.leaks import Slope, last_return_again, returns, slope

import nextclose as nc
from nextclose.core.errors import SettingsError, UserError
from nextclose.recipes import load_recipe, with_settings

BARS = replace(walk_bars(220, seed=5), exchange="XNYS")
FIRST = str(BARS.dates[180])
QUICK = {"epochs": 4, "seeds": 2, "hidden_size": 3}


def test_recipes_baselines_objects_and_functions_share_the_sessions():
    things = {
        "default": nc.Forecaster("default", settings=QUICK),
        "ridge": "ridge",
        "slope": Slope(),
        "again": last_return_again,
    }
    walked = nc.walk_forward(BARS, things, test_start=FIRST, refit_every=10)
    assert walked.table.models() == tuple(things)
    assert walked.fits == {"default": 2 * 4, "ridge": 0, "slope": 4, "again": 4} | {"default": walked.fits["default"]}
    for name in things:
        own = walked.table.of(name)
        np.testing.assert_array_equal(own.origin, BARS.dates[179:219])
        np.testing.assert_array_equal(own.target_date, BARS.dates[180:])
        np.testing.assert_array_equal(own.y, BARS.close[180:])
        assert [fold.first_target for fold in walked.folds[name]] == [180, 190, 200, 210]
    judged = walked.judge()
    assert {row.name for row in judged.models} == set(things)
    assert nc.judge(walked, bars=BARS).models == judged.models


@pytest.mark.parametrize("train_sessions", [None, 60])
@pytest.mark.parametrize("refit_every", [0, 1, 7])
def test_an_object_is_fitted_on_each_folds_span_and_asked_at_each_origin(refit_every, train_sessions):
    walked = nc.walk_forward(BARS, Slope(), test_start=FIRST, refit_every=refit_every, train_sessions=train_sessions)
    r, expected = returns(BARS), []
    for t in range(180, 220):
        stop = 180 + (t - 180) // refit_every * refit_every if refit_every else 180
        own = BARS[0 if train_sessions is None else stop - train_sessions : stop]
        weight = slope(returns(own)[1:-1], returns(own)[2:])
        expected.append(BARS.close[t - 1] * (1.0 + weight * r[t - 1]))
    np.testing.assert_allclose(walked.table.yhat, expected, rtol=1e-12)
    assert (walked.table.p_up == 0.5).all()
    assert np.isfinite(walked.table.lo[20:]).all()


def test_a_recipe_refitted_daily_is_a_forecaster_fitted_daily():
    walked = nc.walk_forward(
        BARS, nc.Forecaster("default", settings=QUICK), first_origin=str(BARS.dates[209]), refit_every=1
    )
    for origin, yhat in zip(range(209, 219), walked.table.yhat, strict=True):
        live = nc.Forecaster("default", settings=QUICK).fit(BARS[: origin + 1]).predict()
        assert live.yhat == pytest.approx(yhat, rel=1e-9)


def test_scikit_learn_is_fed_the_windows_that_nets_see():
    linear = pytest.importorskip("sklearn.linear_model")
    walked = nc.walk_forward(
        BARS,
        nc.SklearnForecaster(linear.LinearRegression(), seq_len=3, scaling="none", target="log-return"),
        test_start=FIRST,
        refit_every=0,
    )
    X, _, _ = nc.make_windows(BARS[:180], seq_len=3)
    y = np.log(BARS.close[3:180] / BARS.close[2:179])
    fitted = linear.LinearRegression().fit(X.reshape(len(X), -1), y)
    windows = np.stack([np.stack([BARS.open, BARS.high, BARS.low, BARS.close], 1)[t - 3 : t] for t in range(180, 220)])
    expected = BARS.close[179:219] * np.exp(fitted.predict(windows.reshape(40, -1)))
    np.testing.assert_allclose(walked.table.yhat, expected, rtol=1e-9)
    assert walked.table.models() == ("LinearRegression",)


def test_a_frozen_recipe_may_be_walked():
    recipe = with_settings(load_recipe("tutorial"), QUICK)
    walked = nc.walk_forward(BARS, recipe, test_start=FIRST, refit_every=20)
    assert len(walked.forecasts) == 40 - 4
    assert list(walked.forecasts.columns[:3]) == ["symbol", "model", "origin"]


@pytest.mark.parametrize(
    ("things", "options", "message"),
    [
        ([Slope(), Slope()], {}, "different names"),
        ([], {}, "different names"),
        (3, {}, "no forecaster"),
        ("deflt", {}, "unknown recipe"),
        (nc, {}, "no forecaster"),
        (lambda bars: None, {}, "expected a number"),
        ("ar", {"first_origin": FIRST, "test_start": FIRST}, "say the same"),
        ("ar", {"first_origin": "1990-01-01"}, "first_origin 1990-01-01: expected a date"),
        ("ar", {"first_origin": str(BARS.dates[-1])}, "first_origin"),
    ],
)
def test_what_cannot_be_walked_is_said(things, options, message):
    with pytest.raises(UserError, match=message):
        nc.walk_forward(BARS, things, **options)


def test_an_unfitted_regressor_says_so():
    linear = pytest.importorskip("sklearn.linear_model")
    with pytest.raises(Exception, match="call fit"):
        nc.SklearnForecaster(linear.Ridge()).predict(BARS)
    with pytest.raises(SettingsError, match="expected a regressor"):
        nc.SklearnForecaster("ridge")
