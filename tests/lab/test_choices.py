"""What an address may say, and what it means."""

from __future__ import annotations

import pytest

from nextclose.core.errors import SettingsError
from nextclose.lab.choices import MOST, RECIPES, SETTINGS, SWITCHES, read_choices
from nextclose.lab.spec import page_spec, values
from nextclose.recipes import load_recipe
from nextclose.recipes.file import setting_text


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_alone_is_that_recipe_fitted_once(name):
    chosen = read_choices({"recipe": name})
    assert chosen.recipe.settings() == load_recipe(name).settings() | {"refit_every": 0}
    assert chosen.plain


def test_nothing_at_all_is_the_tutorial():
    assert read_choices({}).recipe.name == "tutorial"


@pytest.mark.parametrize("name", RECIPES)
def test_every_setting_of_a_recipe_written_out_means_the_recipe(name):
    told = page_spec("", "en")["recipes"][name]
    assert set(told) == set(SETTINGS)
    assert read_choices({"recipe": name, **told}).key == read_choices({"recipe": name}).key


@pytest.mark.parametrize("name", SETTINGS)
def test_every_value_that_a_page_offers_can_be_read(name):
    for value in values(name) or ():
        together = {"target": "log-return"} if name == "scaling" and value.startswith("log") else {}
        settings = read_choices({name: value, **together}).recipe.settings()
        assert setting_text(settings[name]) == ("zero" if value == "carried" else value)


def test_changes_change_the_key_and_writing_the_default_does_not():
    plain = read_choices({}).key
    assert read_choices({"lr": "0.005"}).key == plain
    assert read_choices({"lr": "0.006"}).key != plain
    assert read_choices({"h0": "carried"}).key != plain
    assert read_choices({"test_end": "2010-01-04"}).key != plain


@pytest.mark.parametrize(("name", "wrong"), [(name, known[-1]) for name, known in SWITCHES.items()])
def test_a_switch_makes_choices_that_run_cannot_do(name, wrong):
    chosen = read_choices({name: wrong})
    assert chosen.switches[name] == wrong
    assert not chosen.plain


def test_a_carried_state_is_no_setting_of_a_recipe():
    chosen = read_choices({"h0": "carried"})
    assert chosen.carried
    assert chosen.recipe.net.h0 == "zero"
    assert not chosen.plain


@pytest.mark.parametrize("name", MOST)
def test_sizes_are_bounded(name):
    together = {"validation": "0.2"} if name == "patience" else {}
    assert read_choices({name: str(MOST[name]), **together})
    with pytest.raises(SettingsError, match=f"{name} {MOST[name] + 1} .at most {MOST[name]}"):
        read_choices({name: str(MOST[name] + 1), **together})


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"recpie": "tutorial"}, "no setting 'recpie'"),
        ({"recipe": "transformer"}, "starts from one of"),
        ({"recipe": "tutorail"}, "[Dd]id you mean"),
        ({"lr": "fast"}, "expected a number"),
        ({"lr": "-1"}, "above 0"),
        ({"lr": "nan"}, "above 0"),
        ({"cell": "rmn"}, "expected one of rnn"),
        ({"leak": "maybe"}, "leak: expected one of off, on"),
        ({"init": "/etc/weights.json"}, "draws its weights"),
        ({"cell": "mlp", "h0": "carried"}, "belongs to the cells"),
        ({"split": "shuffled", "h0": "carried"}, "order of time"),
        ({"features": ",".join(f"x{i}" for i in range(13)) + ",close"}, "at most 12, got 14"),
        ({"hidden_size": "9" * 30}, "at most 64"),
    ],
)
def test_what_cannot_be_meant_is_said(values, said):
    with pytest.raises(SettingsError, match=said):
        read_choices(values)
