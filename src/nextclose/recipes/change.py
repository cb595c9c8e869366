"""Changing a recipe's settings by name, as `--set KEY=VALUE` does."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cache
from types import MappingProxyType, NoneType, UnionType
from typing import Any, Literal, get_args, get_origin, get_type_hints

from nextclose.core.errors import SettingsError
from nextclose.core.lang import Text
from nextclose.recipes.recipe import GROUPS, OWN, SPANS, Recipe, unknown_setting


def parse_settings(pairs: Iterable[str]) -> dict[str, Any]:
    """`["lr=0.01", "memory=off"]` to typed values; raises SettingsError that says what a setting takes."""
    kinds = setting_kinds()
    changes = {}
    for pair in pairs:
        name, found, text = pair.partition("=")
        if not found:
            raise SettingsError("--set takes KEY=VALUE, such as lr=0.01; got '{got}'", got=pair)
        if name.strip() not in kinds:
            raise unknown_setting(name.strip())
        changes[name.strip()] = parse_value(name.strip(), text.strip(), kinds[name.strip()])
    return changes


def with_settings(recipe: Recipe, changes: Mapping[str, Any]) -> Recipe:
    """`recipe` with some settings changed, under its own name."""
    if not changes:
        return recipe
    if "series" in changes and changes["series"] != recipe.series:
        raise unknown_setting("series")
    return Recipe.from_settings(recipe.name, recipe.summary, recipe.settings() | dict(changes))


def for_all_bars(recipe: Recipe, changes: Mapping[str, Any]) -> Recipe:
    """`recipe` with some settings changed, for what trains on the bars that it is given: without spans of its own.

    Raises SettingsError for changed spans, which would mean nothing.
    """
    spans = [name for name in SPANS if changes.get(name) is not None and changes[name] != getattr(recipe, name)]
    if spans:
        raise SettingsError(
            "{names}: the spans of a recipe belong to nextclose run and sweep; here the bars and options say what trains",
            names=", ".join(spans),
        )
    return with_settings(recipe.without_spans(), {name: value for name, value in changes.items() if name not in SPANS})


@cache
def setting_kinds() -> Mapping[str, Any]:
    """The type of every setting, by name."""
    own = get_type_hints(Recipe)
    kinds: dict[str, Any] = {name: own[name] for name in OWN}
    for group in GROUPS.values():
        kinds |= get_type_hints(group)
    return MappingProxyType(kinds)


def parse_value(name: str, text: str, kind: Any) -> Any:
    """The value of type `kind` that `text` writes. Raises SettingsError where it writes none."""
    if isinstance(kind, UnionType):
        if text.lower() == "none":
            return None
        kind = next(part for part in get_args(kind) if part is not NoneType)
    if get_origin(kind) is Literal:
        return text
    parser, wanted = _PARSERS[kind]
    try:
        return parser(text)
    except ValueError:
        raise SettingsError("{name}: expected {wanted}, got '{got}'", name=name, wanted=wanted, got=text) from None


def _switch(text: str) -> bool:
    states = {"true": True, "on": True, "yes": True, "1": True, "false": False, "off": False, "no": False, "0": False}
    if text.lower() not in states:
        raise ValueError(text)
    return states[text.lower()]


def _names(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _numbers(text: str) -> tuple[float, ...]:
    return tuple(float(part) for part in _names(text))


_PARSERS: dict[Any, tuple[Callable[[str], Any], Text]] = {
    int: (int, Text("a whole number")),
    float: (float, Text("a number")),
    bool: (_switch, Text("on or off")),
    tuple[str, ...]: (_names, Text("names separated by commas")),
    tuple[float, ...]: (_numbers, Text("numbers separated by commas")),
    str: (str, Text("text")),
}
