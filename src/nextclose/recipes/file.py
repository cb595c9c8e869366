"""A recipe of one's own: a TOML file written as those of this folder are.

summary = "What it is"
base = "tutorial"            # whose settings it takes over; none: the plainest net

[settings]
hidden_size = 16
"""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

from nextclose.core.errors import SettingsError
from nextclose.core.suggest import did_you_mean
from nextclose.recipes.change import parse_value, setting_kinds
from nextclose.recipes.recipe import Recipe, load_recipe, recipe_names, unknown_setting

PARTS = ("summary", "base", "settings")
WRITTEN = (
    "features", "seq_len", "scaling", "target", "context", "cell", "hidden_size", "bias", "output_bias", "activation", "init",
    "optimizer", "lr", "epochs", "refit_every", "seeds",
)  # fmt: skip
"""Settings that a file names even where they are what they are by default."""


def read_recipe(path: Path) -> Recipe:
    """The recipe in a file, called as the file is.

    Raises
    ------
    SettingsError : no such file, one that is no recipe, settings that are none or do not go together.
    """
    name, page = path.stem, _page(path)
    if name in (*recipe_names(), "ladder"):
        raise SettingsError("'{path}': '{name}' is a recipe already: give the file another name", path=path, name=name)
    odd = [part for part in page if part not in PARTS]
    if odd or not isinstance(page.get("settings", {}), dict) or not isinstance(page.get("summary", ""), str):
        raise SettingsError(
            "'{path}' is no recipe: expected summary, base and a table [settings], got '{got}'.{hint}",
            path=path, got=odd[0] if odd else "settings", hint=did_you_mean(odd[0], PARTS) if odd else "",
        )  # fmt: skip
    own = {key: _value(key, value) for key, value in page.get("settings", {}).items()}
    base = load_recipe(str(page["base"])) if "base" in page else Recipe(name=name, summary="")
    if base.series is not None:
        raise SettingsError(
            "'{path}': base '{base}' has a series of its own and reads no bars", path=path, base=base.name
        )
    return Recipe.from_settings(name, page.get("summary", base.summary), base.settings() | own)


def recipe_text(recipe: Recipe, comment: str = "") -> str:
    """The file that `read_recipe` reads the recipe from."""
    plain = Recipe(name=recipe.name, summary="").settings()
    told = {
        key: value
        for key, value in recipe.settings().items()
        if value is not None and (key in WRITTEN or value != plain[key])
    }
    lines = [f"# {line}".rstrip() for line in comment.splitlines()]
    lines += [f"summary = {_toml(recipe.summary)}", "", "[settings]"]
    return "\n".join([*lines, *(f"{key} = {_toml(value)}" for key, value in told.items()), ""])


def _page(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError("'{path}' is no TOML file: {error}", path=path, error=error) from error
    except OSError as error:
        near = [other.name for other in path.parent.glob("*.toml")] if path.parent.is_dir() else []
        raise SettingsError(
            "no recipe file '{path}' ({error}).{hint}",
            path=path, error=error.strerror, hint=did_you_mean(path.name, near),
        ) from error  # fmt: skip


def _value(key: str, value: Any) -> Any:
    """A setting as `--set` reads it."""
    kinds = setting_kinds()
    if key not in kinds:
        raise unknown_setting(key)
    return parse_value(key, setting_text(value), kinds[key])


def setting_text(value: Any) -> str:
    """A setting's value as --set takes it."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "true" if value else "false"
    return ",".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _toml(value: Any) -> str:
    """A value as TOML writes it: text, numbers, switches and lists as JSON does."""
    return json.dumps(value, ensure_ascii=False)
