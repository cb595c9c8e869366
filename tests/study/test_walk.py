"""The walk: every fold on its own past, and tomorrow as the backtest would have had it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tests.conftest import walk_bars

import nextclose as nc
from nextclose.baselines import BASELINES
from nextclose.core.errors import SettingsError
from nextclose.judging.splits import make_split
from nextclose.recipes import load_recipe, with_settings
from nextclose.study.walk import walk_recipes
from nextclose.study.watch import Watcher
from nextclose.training.fold import fit_fold
from nextclose.training.resolve import resolve_engine
from nextclose.windows import make_dataset

QUICK = {"epochs": 3, "seeds": 2}
BARS = replace(walk_bars(220, seed=5), exchange="XNYS")
FIRST = str(BARS.dates[150])


def recipe(name="default", **settings):
    return with_settings(load_recipe(name), {**QUICK, **settings})


def walked(*recipes, bars=BARS):
    told = [(one, resolve_engine("auto", one), Watcher()) for one in recipes]
    return walk_recipes(told, bars, make_split(bars.dates, test_start=FIRST))


@pytest.mark.parametrize("refit_every", [0, 1, 7, 21])
@pytest.mark.parametrize("train_sessions", [None, 60])
@pytest.mark.parametrize("sessions", [190, 192, 197])
def test_tomorrow_is_what_the_backtest_would_have_said(refit_every, train_sessions, sessions):
    settings = {"test_start": FIRST, "refit_every": refit_every, "train_sessions": train_sessions, "ladder": False}
    settings |= {"recipes": ["tutorial", "default"], "settings": QUICK}
    later = nc.run(BARS, **settings).table
    now = nc.run(BARS[:sessions], **settings)
    origin = BARS.dates[sessions - 1]
    assert {row.model for row in now.tomorrow} == {"tutorial", "default", *BASELINES}
    for row in now.tomorrow:
        rows = later.of(row.model)
        then = rows.where(rows.origin == origin)
        for name in ("yhat", "lo", "hi", "p_up"):
            np.testing.assert_allclose(getattr(row, name), getattr(then, name)[0], rtol=1e-9)


@pytest.mark.parametrize("train_sessions", [None, 60])
def test_every_fold_is_what_a_fit_on_its_own_span_gives(train_sessions):
    one = recipe(refit_every=20, train_sessions=train_sessions)
    data, engine = make_dataset(BARS, one.windows), resolve_engine("auto", one)
    (walk,) = walked(one)
    for first in (150, 170, 190, 210):
        start = 0 if train_sessions is None else first - train_sessions
        nets = fit_fold(one, data, start, first, engine)
        rows = slice(first - 1 - data.first, min(first + 19, 219) - data.first)
        np.testing.assert_array_equal(nets.forecast(data, rows, engine), walk.prices[:, first - 150 : first - 130])
    assert walk.trained_stop == 210


@pytest.mark.parametrize("horizon", [2, 3])
@pytest.mark.parametrize("refit_every", [0, 7])
def test_every_origin_with_all_its_targets_is_forecast_across_folds(horizon, refit_every):
    (walk,) = walked(recipe(horizon=horizon, refit_every=refit_every))
    np.testing.assert_array_equal(walk.origins, np.arange(149, 220 - horizon))
    assert walk.prices.shape == (2, len(walk.origins), horizon)


def test_recipes_walked_together_have_the_bits_of_each_alone():
    recipes = recipe("tutorial"), recipe(refit_every=9), recipe("tutorial-mlp", refit_every=30)
    for together, alone in zip(walked(*recipes), (walked(one)[0] for one in recipes), strict=True):
        np.testing.assert_array_equal(together.prices, alone.prices)
        assert together.fits == alone.fits
        assert together.seconds > 0.0


def test_a_warm_start_begins_where_the_fold_before_ended():
    warm = recipe("tutorial", refit_every=20, warm_start=True, warm_epochs=2)
    data, engine = make_dataset(BARS, warm.windows), resolve_engine("auto", warm)
    cold = replace(warm, training=replace(warm.training, warm_start=False, warm_epochs=None))
    (walk,) = walked(warm)
    first = fit_fold(cold, data, 0, 150, engine)
    np.testing.assert_array_equal(walk.prices[:, :16], first.forecast(data, slice(150, 166), engine))
    assert not np.array_equal(walk.prices[:, 16:], walked(cold)[0].prices[:, 16:])
    assert len(walk.fold.fits[0].losses) == 2


def test_a_warm_chain_reaches_tomorrow_behind_a_test_span_that_ends_earlier():
    warm = {**QUICK, "warm_start": True, "warm_epochs": 2}
    asked = {"recipes": ["tutorial"], "settings": warm, "refit_every": 5, "ladder": False, "test_start": FIRST}
    whole = nc.run(BARS[:200], **asked).tomorrow[0]
    short = nc.run(BARS[:200], test_end=str(BARS.dates[170]), **asked).tomorrow[0]
    assert short.yhat == pytest.approx(whole.yhat, rel=1e-9)


def test_warm_epochs_without_a_warm_start_are_refused():
    with pytest.raises(SettingsError, match="warm_epochs needs warm_start"):
        recipe(warm_epochs=3)


def test_the_held_out_tail_calibrates_the_first_intervals():
    settings = {"test_start": FIRST, "ladder": False, "recipes": ["tutorial", "default"], "settings": QUICK}
    table = nc.run(BARS, **settings).table
    assert np.isfinite(table.of("default").lo).all()
    assert np.isnan(table.of("tutorial").lo[:20]).all()
    assert np.isfinite(table.of("tutorial").lo[20:]).all()
