from __future__ import annotations

import json

import pytest

from nextclose.core.errors import SettingsError
from nextclose.recipes import (
    LADDER,
    Recipe,
    applying,
    check_applying,
    load_recipe,
    market_recipe,
    of_bars,
    parse_settings,
    with_settings,
)

RECIPE = load_recipe("trigonometric")


def test_the_trigonometric_recipe_is_the_lectures():
    wanted = {
        "series": "trigonometric", "seq_len": 10, "cell": "rnn", "hidden_size": 50, "bias": False, "output_bias": False,
        "activation": "tanh", "h0": "zero", "init": "linear", "optimizer": "sgd", "lr": 0.005, "momentum": 0.0,
        "epochs": 100, "batch_size": None, "shuffle": False, "loss": "mse", "validation": 0.0,
    }  # fmt: skip
    settings = applying(RECIPE)
    assert {name: settings[name] for name in wanted} == wanted
    assert not {"features", "scaling", "target", "context", "refit_every"} & settings.keys()
    assert RECIPE.windows.scaling == "none"


def test_a_series_survives_settings_and_pages_but_is_no_setting():
    page = json.loads(json.dumps(RECIPE.settings()))
    assert Recipe.from_settings(RECIPE.name, RECIPE.summary, page) == RECIPE
    assert with_settings(RECIPE, {"memory": False}).series == "trigonometric"
    assert market_recipe("trigonometric") == RECIPE
    with pytest.raises(SettingsError, match="unknown setting 'series'"):
        parse_settings(["series=trigonometric"])
    with pytest.raises(SettingsError, match="unknown setting 'series'"):
        with_settings(load_recipe("tutorial"), {"series": "trigonometric"})


def test_only_recipes_of_bars_pass_where_bars_are_read():
    for name in LADDER:
        assert of_bars(load_recipe(name)) == load_recipe(name)
        assert applying(load_recipe(name)) == load_recipe(name).settings()
    with pytest.raises(SettingsError, match="nextclose run --recipe trigonometric"):
        of_bars(RECIPE)


def test_settings_that_mean_nothing_without_bars_are_refused_by_name():
    check_applying(with_settings(RECIPE, {"cell": "mlp", "seq_len": 1, "epochs": 7}), RECIPE)
    with pytest.raises(SettingsError, match="mean nothing: horizon, scaling"):
        check_applying(with_settings(RECIPE, {"scaling": "min-max", "horizon": 2, "lr": 0.1}), RECIPE)
