"""Everything that the lab's address holds: a recipe's settings, the spans, and the lab's own switches.

Values are text, as in `?recipe=tutorial&lr=0.01&leak=on`; what is not named is as the recipe has it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from nextclose.core.errors import SettingsError
from nextclose.core.lang import Joined, Text
from nextclose.core.settings import Problems
from nextclose.core.suggest import did_you_mean
from nextclose.recipes import LADDER, Recipe, load_recipe, with_settings
from nextclose.recipes.change import parse_value, setting_kinds

RECIPES = (*LADDER, "default", "mlp", "gru", "lstm", "rnn-stacked")
"""Recipes that the lab starts from: cells walked over the window with a line on their last state."""
SETTINGS = (
    "features", "seq_len", "scaling", "target", "context", "cell", "hidden_size", "num_layers", "bias", "output_bias",
    "activation", "memory", "h0", "init", "zero_head", "optimizer", "lr", "momentum", "weight_decay", "clip_norm", "epochs",
    "batch_size", "shuffle", "validation", "patience", "dtype", "seeds",
)  # fmt: skip
"""A recipe's settings that the lab can change."""
SPANS = ("train_start", "test_start", "test_end")
"""Dates; training ends the session before test_start."""
SWITCHES: dict[str, tuple[str, ...]] = {
    "days": ("in-order", "shuffled"),
    "axes": ("swapaxes", "reshape"),
    "leak": ("off", "on"),
    "scaler": ("train", "everything"),
    "split": ("time", "shuffled"),
    "pick": ("mean", "best"),
}
"""The lab's own, the first of each being what is right."""
MOST: dict[str, int] = {
    "hidden_size": 64,
    "num_layers": 3,
    "seq_len": 60,
    "epochs": 2000,
    "seeds": 20,
    "patience": 2000,
    "batch_size": 100_000,
}
"""Largest values that a page can ask for."""
MOST_FEATURES = 12
CARRIED = "carried"
"""As h0: the state is carried over from the window before, when forecasting."""


@dataclass(frozen=True, kw_only=True)
class Choices:
    """What is to be trained and shown. Read with `read_choices`."""

    recipe: Recipe
    """Named as the recipe that it starts from; fitted once."""
    spans: Mapping[str, str]
    """Dates by name of SPANS; a missing one is the default."""
    switches: Mapping[str, str]
    """By name of SWITCHES, every one."""
    carried: bool = False
    """Whether h_0 of a forecast is the last state of the window before."""
    values: Mapping[str, str]
    """As they were asked for."""

    @cached_property
    def key(self) -> str:
        """The same for choices that mean the same."""
        told = [self.recipe.settings(), sorted(self.spans.items()), sorted(self.switches.items()), self.carried]
        return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:16]

    @property
    def plain(self) -> bool:
        """Whether `nextclose run` can do the same: none of the lab's own switches is moved."""
        return not self.carried and all(self.switches[name] == known[0] for name, known in SWITCHES.items())

    def changed(self, **values: str) -> Choices:
        """The same with other values. Raises SettingsError as `read_choices`."""
        return read_choices({**self.values, **values})

    def of_seeds(self, seeds: int) -> Choices:
        """The same with so many nets."""
        return replace(self, recipe=replace(self.recipe, seeds=seeds), values={**self.values, "seeds": str(seeds)})


def read_choices(values: Mapping[str, Any]) -> Choices:
    """The choices that some text by name means.

    Raises
    ------
    SettingsError : names that are none, values that a setting does not take or the lab does not allow.
    """
    given = {str(name): str(value) for name, value in values.items()}
    _check_names(given)
    name = given.get("recipe", LADDER[0])
    if name not in RECIPES:
        raise SettingsError(
            "recipe: the lab starts from one of {known}, got '{got}'.{hint}",
            known=", ".join(RECIPES), got=name, hint=did_you_mean(name, RECIPES),
        )  # fmt: skip
    kinds, carried = setting_kinds(), given.get("h0") == CARRIED
    settings = {key: parse_value(key, given[key].strip(), kinds[key]) for key in SETTINGS if key in given}
    if carried:
        settings["h0"] = "zero"
    recipe = with_settings(load_recipe(name), settings | {"refit_every": 0})
    switches = {key: given.get(key, known[0]) for key, known in SWITCHES.items()}
    chosen = Choices(
        recipe=recipe,
        spans={key: given[key] for key in SPANS if given.get(key)},
        switches=switches,
        carried=carried,
        values=given,
    )
    _check(chosen)
    return chosen


def _check_names(given: Mapping[str, str]) -> None:
    known = ("recipe", *SETTINGS, *SPANS, *SWITCHES)
    odd = [name for name in given if name not in known]
    if odd:
        raise SettingsError("the lab has no setting '{got}'.{hint}", got=odd[0], hint=did_you_mean(odd[0], known))


def _check(chosen: Choices) -> None:
    """Raise SettingsError for all that is out of bounds, at once."""
    recipe, problems = chosen.recipe, Problems()
    for name, known in SWITCHES.items():
        problems.one_of(name, chosen.switches[name], known)
    settings = recipe.settings()
    over = [Text("{name} {got} (at most {most})", name=name, got=settings[name], most=most)
            for name, most in MOST.items() if settings[name] is not None and settings[name] > most]  # fmt: skip
    if over:
        problems.add("the lab trains while you wait, so its sizes are bounded: {over}", over=Joined(over, ", "))
    if len(recipe.windows.features) > MOST_FEATURES:
        problems.add("features: at most {most}, got {got}", most=MOST_FEATURES, got=len(recipe.windows.features))
    if recipe.net.init.endswith(".json"):
        problems.add("init: the lab draws its weights (linear or rnn), got '{got}'", got=recipe.net.init)
    if chosen.carried and recipe.net.cell == "mlp":
        problems.add("h0=carried belongs to the cells rnn, gru and lstm, got cell=mlp")
    if chosen.carried and chosen.switches["split"] == "shuffled":
        problems.add("h0=carried needs windows in the order of time, got split=shuffled")
    problems.raise_any()
