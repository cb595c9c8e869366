from __future__ import annotations

import json
from dataclasses import replace
from itertools import pairwise

import pytest

from nextclose.core.errors import SettingsError
from nextclose.recipes import LADDER, Recipe, all_recipes, load_recipe, parse_settings, recipe_names, with_settings
from nextclose.recipes.recipe import READING


def test_the_tutorial_is_the_tutorial():
    settings = load_recipe("tutorial").settings()
    wanted = {
        "features": ["open", "high", "low", "close"], "seq_len": 4, "horizon": 1, "scaling": "min-max",
        "target": "price", "context": "inside", "cell": "rnn", "hidden_size": 10, "bias": False, "output_bias": True,
        "activation": "tanh", "h0": "zero", "init": "linear", "optimizer": "sgd", "lr": 0.005, "momentum": 0.0,
        "epochs": 100, "batch_size": None, "shuffle": False, "refit_every": 0, "validation": 0.0,
    }  # fmt: skip
    assert {name: settings[name] for name in wanted} == wanted


def test_each_rung_of_the_ladder_changes_one_thing():
    changes = []
    for lower, upper in pairwise(LADDER):
        before, after = load_recipe(lower).settings(), load_recipe(upper).settings()
        changes.append({name for name in after if after[name] != before[name]})
    assert changes == [{"optimizer", "lr", "epochs"}, {"target"}, {"memory"}, {"cell"}]


@pytest.mark.parametrize("recipe", all_recipes(), ids=lambda recipe: recipe.name)
def test_settings_rebuild_the_recipe(recipe: Recipe):
    assert Recipe.from_settings(recipe.name, recipe.summary, recipe.settings()) == recipe


def test_an_unknown_recipe_is_met_with_the_nearest_name():
    with pytest.raises(SettingsError, match="Did you mean 'tutorial'"):
        load_recipe("tutoral")
    assert "tutorial" in recipe_names()


def test_settings_are_parsed_by_their_type():
    pairs = ["lr=0.01", "memory=off", "features=open, close", "batch_size=none", "epochs=7", "cell=gru", "seeds=3"]
    assert parse_settings(pairs) == {
        "lr": 0.01, "memory": False, "features": ("open", "close"), "batch_size": None, "epochs": 7, "cell": "gru",
        "seeds": 3,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("pair", "message"),
    [
        ("lr", "KEY=VALUE"),
        ("lrr=1", "Did you mean 'lr'"),
        ("epochs=many", "epochs: expected a whole number, got 'many'"),
        ("memory=maybe", "memory: expected on or off"),
        ("quantiles=0.05,half", "quantiles: expected numbers separated by commas, got '0.05,half'"),
    ],
)
def test_a_setting_that_cannot_be_read_says_why(pair, message):
    with pytest.raises(SettingsError, match=message):
        parse_settings([pair])


def test_every_problem_of_a_group_is_told_at_once():
    with pytest.raises(SettingsError) as caught:
        with_settings(load_recipe("tutorial"), {"cell": "lstn", "hidden_size": 0, "activation": "tan"})
    message = str(caught.value)
    assert "Did you mean 'lstm'" in message
    assert "hidden_size" in message
    assert "tanh" in message


def test_quantiles_are_numbers_and_travel_as_json():
    assert parse_settings(["quantiles=0.05, 0.5,0.95"]) == {"quantiles": (0.05, 0.5, 0.95)}
    assert parse_settings(["quantiles="]) == {"quantiles": ()}
    recipe = with_settings(load_recipe("default"), {"loss": "pinball", "quantiles": (0.1, 0.5)})
    settings = json.loads(json.dumps(recipe.settings()))
    assert settings["quantiles"] == [0.1, 0.5]
    assert Recipe.from_settings(recipe.name, recipe.summary, settings) == recipe
    assert (recipe.training.heads, recipe.training.median) == (2, 1)
    assert (load_recipe("default").training.heads, load_recipe("default").training.median) == (1, 0)


@pytest.mark.parametrize(
    ("changes", "problems"),
    [
        ({"loss": "pinball"}, ["expected 0.5 among them, which is the forecast, got none"]),
        ({"loss": "pinball", "quantiles": (0.1, 0.9)}, ["expected 0.5 among them"]),
        (
            {"loss": "pinball", "quantiles": (0.7, 0.0, 1.5)},
            [
                "expected 0.5 among them",
                "expected numbers between 0 and 1, got 0.7, 0.0, 1.5",
                "each above the one before",
            ],
        ),
        ({"loss": "pinball", "quantiles": (0.5, 0.5)}, ["each above the one before, got 0.5, 0.5"]),
        ({"quantiles": (0.5,)}, ["quantiles belong to loss=pinball; loss=mse has none, got 0.5"]),
        ({"loss": "pinbal"}, ["Did you mean 'pinball'"]),
    ],
)
def test_quantiles_that_cannot_be_say_why_at_once(changes, problems):
    with pytest.raises(SettingsError) as caught:
        with_settings(load_recipe("default"), changes)
    for problem in problems:
        assert problem in str(caught.value)


def test_a_step_schedule_is_checked_like_the_rest():
    assert with_settings(load_recipe("tutorial"), {"lr_step": 30}).training.lr_gamma == 0.1
    with pytest.raises(SettingsError) as caught:
        with_settings(load_recipe("tutorial"), {"lr_step": 0, "lr_gamma": -0.5})
    assert "lr_step: expected a whole number of at least 1, got 0" in str(caught.value)
    assert "lr_gamma: expected a number above 0, got -0.5" in str(caught.value)


def test_a_return_target_cannot_hide_in_a_relative_window_without_its_scale():
    with pytest.raises(SettingsError, match="target=price needs scaling"):
        with_settings(load_recipe("default"), {"target": "price"})


def test_changing_nothing_returns_the_recipe_itself():
    recipe = load_recipe("tutorial")
    assert with_settings(recipe, {}) is recipe
    assert with_settings(recipe, {"seeds": 60}) == replace(recipe, seeds=60)


def test_every_recipe_stands_in_the_order_of_reading_once():
    assert sorted(READING) == list(recipe_names())


@pytest.mark.parametrize(
    ("recipe", "changes", "message"),
    [
        ("default", {"num_heads": 2}, "num_heads and causal belong to cell=transformer, got cell=rnn"),
        ("default", {"causal": False}, "num_heads and causal belong to cell=transformer"),
        ("transformer", {"bias": False}, "bias=off cannot be had"),
        ("default", {"teacher_forcing": 0.5}, "teacher_forcing belongs to a decoder"),
        ("transformer", {"mask_share": 0.5}, "belong to pretrain_epochs above 0"),
        ("bert-scratch", {"pretrain_bars": "all.parquet"}, "belong to pretrain_epochs above 0"),
        ("bert", {"init": "weights.json"}, "starts from drawn weights"),
        ("tutorial", {"restore_best": False}, "restore_best=off needs validation > 0"),
        ("seq2seq", {"memory": False}, "memory=off cuts a decoder off from the window"),
        ("lstm-log", {"test_start": "20160101"}, "test_start: expected a date such as 2023-04-01"),
    ],
)
def test_a_setting_that_would_change_nothing_is_refused(recipe, changes, message):
    with pytest.raises(SettingsError, match=message):
        with_settings(load_recipe(recipe), changes)
