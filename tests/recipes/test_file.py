"""Recipes of one's own, from TOML files."""

from __future__ import annotations

import pytest
from tests.conftest import walk_bars

import nextclose as nc
from nextclose.core.errors import SettingsError
from nextclose.recipes import all_recipes, load_recipe, market_recipe
from nextclose.recipes.file import recipe_text


@pytest.fixture
def write(tmp_path):
    def written(text, name="mine.toml"):
        (tmp_path / name).write_text(text, encoding="utf-8")
        return str(tmp_path / name)

    return written


@pytest.mark.parametrize("recipe", [one for one in all_recipes() if one.series is None], ids=lambda recipe: recipe.name)
def test_every_recipe_comes_back_from_what_is_written_of_it(recipe, write):
    found = load_recipe(write(recipe_text(recipe, comment="two\nlines")))
    assert found.settings() == recipe.settings()
    assert (found.name, found.summary) == ("mine", recipe.summary)


def test_a_file_changes_what_it_names_of_its_base(write):
    path = write('summary = "나의 것"\nbase = "default"\n[settings]\nhidden_size = 3\nlr = 1\nbias = false\n')
    found, base = load_recipe(path), load_recipe("default")
    assert found.settings() == base.settings() | {"hidden_size": 3, "lr": 1.0, "bias": False}
    assert found.summary == "나의 것"
    assert market_recipe(path) == found
    write('base = "tutorial"')
    assert load_recipe(path).settings() == load_recipe("tutorial").settings()


def test_a_run_takes_a_file(write):
    path = write('base = "tutorial"\n[settings]\nepochs = 3\nseeds = 1\n')
    study = nc.run(walk_bars(200, seed=1), recipes=[path], refit_every=0, ladder=False)
    assert study.models[0].name == "mine"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[settings]\nhidden_siz = 3", "unknown setting 'hidden_siz'.*hidden_size"),
        ("[settings]\nhidden_size = 3.5", "hidden_size: expected a whole number, got '3.5'"),
        ('[settings]\nlr = "fast"', "lr: expected a number, got 'fast'"),
        ("[settings]\nbias = 7", "bias: expected on or off, got '7'"),
        ('[settings]\ncell = "rn"', "cell"),
        ("[settings]\nhidden_size = 0", "hidden_size: expected a whole number of at least 1"),
        ('[setings]\nlr = 1', "'.*mine.toml' is no recipe.*got 'setings'.*Did you mean 'settings'"),
        ("settings = 3", "is no recipe.*got 'settings'"),
        ("summary = 3", "is no recipe"),
        ('base = "tutoria"', "unknown recipe 'tutoria'.*Did you mean 'tutorial'"),
        ('base = "trigonometric"', "base 'trigonometric' has a series of its own"),
        ("summary = ", "mine.toml' is no TOML file"),
    ],
)  # fmt: skip
def test_a_file_that_is_no_recipe_is_told_so(write, text, message):
    with pytest.raises(SettingsError, match=message):
        load_recipe(write(text))


def test_a_file_that_is_not_there_is_told_so(write, tmp_path):
    write("", "mine.toml")
    with pytest.raises(SettingsError, match="no recipe file .*min.toml.*Did you mean 'mine.toml'"):
        load_recipe(str(tmp_path / "min.toml"))


def test_a_file_is_not_called_as_a_recipe_is(write):
    with pytest.raises(SettingsError, match="'tutorial' is a recipe already"):
        load_recipe(write("", "tutorial.toml"))
