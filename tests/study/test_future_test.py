"""The future test: what is honest passes, and every planted leak is caught."""

from __future__ import annotations

import sys
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from tests.conftest import walk_bars
from tests.study.leaks import HONEST, LEAKS, throws_dice

import nextclose as nc
from nextclose.baselines import BASELINES
from nextclose.core.errors import NextcloseError, SettingsError, UserError
from nextclose.core.settings import FEATURES
from nextclose.recipes import load_recipe, recipe_names, with_settings
from nextclose.study.future_test import alterations
from nextclose.training.fused import uncovered

BARS = replace(walk_bars(220, seed=5), exchange="XNYS")
FIRST = str(BARS.dates[180])
QUICK = {"epochs": 4, "seeds": 2, "hidden_size": 4}
RELATIVE = ("log-ratio", "log-ratio-volatility")


def name(thing):
    return getattr(thing, "__name__", type(thing).__name__)


def probe(thing, **options):
    return nc.future_test(thing, BARS, test_start=FIRST, **options)


def changed(recipe, **settings):
    return with_settings(load_recipe(recipe), {**QUICK, **settings})


@pytest.mark.parametrize("leak", LEAKS, ids=name)
def test_a_planted_leak_is_caught(leak):
    found = probe(leak)
    assert not found.passed
    assert found.reproducible
    assert found.moved > 0
    assert found.first.origin <= found.first.cut < str(BARS.dates[-1])
    assert found.first.field == "yhat"
    assert found.first.by != 0.0
    assert found.first.origin in found.sentence
    assert found.first.alteration in found.alterations


@pytest.mark.parametrize("honest", HONEST, ids=name)
def test_what_is_honest_passes(honest):
    found = probe(honest)
    assert found.passed, found.sentence
    assert found.first is None
    assert found.compared > found.forecasts > 30


def schedules():
    """Every recipe on two schedules; the longer one is slow where PyTorch fits."""
    for recipe in (load_recipe(name) for name in recipe_names()):
        if recipe.series is None:
            torch = uncovered(recipe.net, recipe.training) is not None
            yield pytest.param(recipe.name, 0, id=f"0-{recipe.name}")
            yield pytest.param(recipe.name, 7, id=f"7-{recipe.name}", marks=[pytest.mark.slow] if torch else [])


@pytest.mark.parametrize(("recipe", "refit_every"), list(schedules()))
def test_every_recipe_passes(recipe, refit_every):
    few = {"pretrain_epochs": 2} if load_recipe(recipe).training.pretrain_epochs else {}
    few |= {"batch_size": 50} if load_recipe(recipe).training.drop_last else {}
    assert probe(changed(recipe, **few), refit_every=refit_every).passed


@pytest.mark.parametrize("baseline", BASELINES)
@pytest.mark.parametrize("schedule", [{"refit_every": 0}, {"refit_every": 3}, {"refit_every": 9, "train_sessions": 40}])
def test_every_baseline_passes_on_every_schedule(baseline, schedule):
    assert probe(baseline, **schedule).passed


@pytest.mark.parametrize("scaling", ["min-max", "standard", "none", *RELATIVE])
@pytest.mark.parametrize("target", ["price", "log-return", "volatility-return"])
def test_every_scaler_and_target_passes(scaling, target):
    if target == "price" and scaling in RELATIVE:
        pytest.skip("a price is no relative target")
    recipe = changed("tutorial", scaling=scaling, target=target, validation=0.2, refit_every=9)
    assert probe(recipe).passed


@pytest.mark.parametrize("feature", FEATURES)
def test_every_feature_passes(feature):
    features = tuple(dict.fromkeys((feature, "close")))
    assert probe(changed("default", features=features, refit_every=9)).passed


@pytest.mark.parametrize("context", ["before", "inside"])
@pytest.mark.parametrize("train_sessions", [None, 50])
@pytest.mark.parametrize("warm_start", [False, True])
def test_every_split_passes(context, train_sessions, warm_start):
    recipe = changed("default", context=context, train_sessions=train_sessions, warm_start=warm_start, refit_every=5)
    assert probe(recipe).passed


def test_a_scikit_learn_regressor_passes():
    linear = pytest.importorskip("sklearn.linear_model")
    assert probe(nc.SklearnForecaster(linear.Ridge())).passed


def test_the_first_forecast_that_moved_is_named_with_the_size_of_the_move():
    def peeks(bars):
        """From row 190 on a tenth of the next return is known."""
        change = np.append(0.1 * (bars.close[1:] / bars.close[:-1] - 1.0), 0.0)
        change[:190] = 0.0
        return np.where(np.arange(len(bars)) >= 180, bars.close * (1.0 + change), np.nan)

    found = probe(peeks, cuts=30)
    assert found.first.origin >= str(BARS.dates[190])
    assert found.first.cut == found.first.origin
    at = int(np.searchsorted(BARS.dates, np.datetime64(found.first.origin)))
    assert found.first.before == BARS.close[at] * (1.0 + 0.1 * (BARS.close[at + 1] / BARS.close[at] - 1.0))
    assert found.first.target_date == str(BARS.dates[at + 1])


def test_what_cannot_be_repeated_is_no_leak():
    found = probe(throws_dice)
    assert not found.passed
    assert not found.reproducible
    assert found.moved == 0
    assert "not reproducible" in found.sentence


def test_a_forecast_that_comes_and_goes_has_moved():
    def picks(bars):
        late = np.arange(len(bars)) >= 180
        return np.where(late & (bars.close < 2.0 * bars.close[-1]), bars.close, np.nan)

    found = probe(picks)
    assert not found.passed
    assert found.first.field == "row"
    assert "depends on bars after" in found.sentence


@pytest.mark.parametrize("row", [0, 100, 218])
def test_alterations_leave_the_past_and_keep_bars_possible(row):
    for alter in alterations(3).values():
        other = alter(BARS, row)
        for column in ("open", "high", "low", "close", "volume"):
            before, after = getattr(BARS, column), getattr(other, column)
            np.testing.assert_array_equal(after[: row + 1], before[: row + 1])
            assert (after[row + 1 :] != before[row + 1 :]).all()
        assert (other.low <= np.minimum(other.open, other.close)).all()
        assert (other.high >= np.maximum(other.open, other.close)).all()


REMEMBERED: dict = {}


@pytest.mark.parametrize(
    "deaf",
    [lambda bars: 5.0, lambda bars: REMEMBERED.setdefault(len(bars), np.append(bars.close[1:], np.nan))],
    ids=["constant", "remembers"],
)
def test_what_does_not_react_to_its_bars_was_not_tested(deaf):
    found = probe(deaf)
    assert not found.passed
    assert not found.reacts
    assert found.first is None
    assert "nothing was tested" in found.sentence


def test_what_is_done_to_the_bars_stays_there():
    before = BARS.close.copy()

    def spoils(bars):
        bars.close[-1] = 1.0
        return float(bars.close[-2])

    assert probe(spoils).passed
    walked = nc.walk_forward(BARS, {"spoils": spoils, "same": lambda bars: bars.close[-1]}, test_start=FIRST)
    np.testing.assert_array_equal(BARS.close, before)
    np.testing.assert_array_equal(walked.table.of("same").yhat, before[179:219])


def test_symbols_are_told_apart_and_repeated_rows_refused():
    def two(bars):
        at = np.arange(180, 219)
        columns = {"target_date": bars.dates[at + 1], "origin": bars.dates[at]}
        leaky = pd.DataFrame({**columns, "symbol": "WALK", "yhat": bars.close[at + 1]})
        return pd.concat([leaky, pd.DataFrame({**columns, "symbol": "B", "yhat": bars.close[at]})])

    assert not probe(two).passed
    with pytest.raises(UserError, match="stand twice"):
        probe(lambda bars: pd.concat([two(bars)] * 2))


@pytest.mark.parametrize(
    ("thing", "options", "message"),
    [
        (3, {}, "no forecaster"),
        ("defalt", {}, "Did you mean 'default'"),
        (lambda bars: "up", {}, "expected a number"),
        (lambda bars: 1 / 0, {}, "ZeroDivisionError"),
        (lambda bars: np.ones(3), {}, "expected a table of forecasts"),
        (lambda bars: pd.DataFrame({"close": [1.0]}), {}, "target_date"),
        (lambda bars: np.full(len(bars), np.nan), {}, "makes no forecast"),
        (lambda bars: float("nan"), {}, "makes no forecast"),
        (lambda bars: np.full(len(bars), "up"), {}, "holds no numbers"),
        (lambda bars: sys.exit(0), {}, "SystemExit"),
        ("ar", {"cuts": 0}, "cuts: expected"),
        ("ar", {"refit_every": -1}, "refit_every: expected"),
        ("ar", {"train_sessions": 0}, "train_sessions: expected"),
        (lambda bars: 1.0, {"refit_every": 1.5}, "refit_every: expected"),
    ],
)
def test_what_cannot_be_tested_is_said(thing, options, message):
    with pytest.raises(UserError, match=message):
        probe(thing, **options)


def test_one_forecast_of_the_last_session_has_no_future_to_alter():
    def last(bars):
        return pd.DataFrame({"target_date": [bars.dates[-1] + 1], "origin": [bars.dates[-1]], "yhat": [bars.close[-1]]})

    with pytest.raises(SettingsError, match="no bar follows"):
        probe(last)
    assert issubclass(SettingsError, NextcloseError)
