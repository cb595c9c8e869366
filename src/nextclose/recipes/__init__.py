"""The named configurations: one TOML file each, read into frozen values."""

from nextclose.recipes.change import for_all_bars, parse_settings, with_settings
from nextclose.recipes.recipe import LADDER, Recipe, all_recipes, load_recipe, market_recipe, recipe_names
from nextclose.recipes.series import applying, check_applying, check_names, of_bars

__all__ = [
    "LADDER",
    "Recipe",
    "all_recipes",
    "applying",
    "check_applying",
    "check_names",
    "for_all_bars",
    "load_recipe",
    "market_recipe",
    "of_bars",
    "parse_settings",
    "recipe_names",
    "with_settings",
]
