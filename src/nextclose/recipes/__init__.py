"""The named configurations: one TOML file each, read into frozen values."""

from nextclose.recipes.change import parse_settings, with_settings
from nextclose.recipes.recipe import LADDER, Recipe, all_recipes, load_recipe, market_recipe, recipe_names

__all__ = [
    "LADDER",
    "Recipe",
    "all_recipes",
    "load_recipe",
    "market_recipe",
    "parse_settings",
    "recipe_names",
    "with_settings",
]
