"""Recipes that have a series of their own instead of bars."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields
from typing import Any

from nextclose.core.errors import SettingsError
from nextclose.core.settings import NetSettings, TrainingSettings
from nextclose.recipes.recipe import Recipe

_OF_BARS = ("warm_start", "warm_epochs", "pretrain_epochs", "mask_share", "pretrain_bars")
_GROUPS = [field.name for kind in (NetSettings, TrainingSettings) for field in fields(kind)]
APPLYING = ("seeds", "seq_len", *(name for name in _GROUPS if name not in _OF_BARS))
"""Settings that mean something without bars and without folds."""


def of_bars(recipe: Recipe) -> Recipe:
    """`recipe`, if it reads bars. Raises SettingsError for one that has a series of its own."""
    if recipe.series is None:
        return recipe
    raise SettingsError(
        "recipe '{recipe}' has a series of its own and reads no bars, so it forecasts no close and cannot be used here. "
        "Run it alone, without SOURCE: nextclose run --recipe {recipe}",
        recipe=recipe.name,
    )


def applying(recipe: Recipe) -> dict[str, Any]:
    """A recipe's settings by name: all of one that reads bars, else its series and what means something without bars."""
    settings = recipe.settings()
    if recipe.series is None:
        return settings
    return {name: settings[name] for name in ("series", *APPLYING)}


def check_applying(recipe: Recipe, plain: Recipe) -> None:
    """Raise SettingsError where `recipe` changes a setting of `plain` that means nothing without bars."""
    before, after = plain.settings(), recipe.settings()
    check_names(recipe, [name for name in after if after[name] != before[name]])


def check_names(recipe: Recipe, names: Iterable[str]) -> None:
    """Raise SettingsError for settings that mean nothing to a recipe with a series of its own."""
    changed = [name for name in names if name not in APPLYING]
    if recipe.series is not None and changed:
        raise SettingsError(
            "recipe '{recipe}' has a series of its own, on which these settings mean nothing: {names}. It takes {known}.",
            recipe=recipe.name,
            names=", ".join(changed),
            known=", ".join(APPLYING),
        )
