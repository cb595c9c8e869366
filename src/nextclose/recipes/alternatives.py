"""Several values a setting, as `nextclose sweep --set KEY=V1,V2` gives them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import product
from types import UnionType
from typing import Any, get_args

from nextclose.core.errors import SettingsError
from nextclose.core.lang import Text
from nextclose.core.settings import Problems
from nextclose.core.sweep import Alternatives, Span, combination_name
from nextclose.recipes.change import parse_value, setting_kinds, with_settings
from nextclose.recipes.recipe import Recipe, unknown_setting

MOST = 1000
"""Combinations, or tries, beyond which a sweep is refused."""
NAMED = 5
"""Combinations at fault that a message names."""


def parse_pairs(pairs: Iterable[str]) -> dict[str, str]:
    """`["lr=0.01,0.001", "num_layers=1,2"]` by name. Raises SettingsError for what is no KEY=VALUE or stands twice."""
    problems, found = Problems(), {}
    for pair in pairs:
        name, equals, text = (part.strip() for part in pair.partition("="))
        if not equals:
            problems.add("--set takes KEY=V1,V2, such as lr=0.01,0.001; got '{got}'", got=pair)
        elif name in found:
            problems.add("{name} stands twice: give all its values in one --set", name=name)
        else:
            found[name] = text
    problems.raise_any()
    return found


def read_alternatives(settings: Mapping[str, Any], *, search: bool) -> Alternatives:
    """Each setting's values, typed; a text is read as `--set` reads it, `low..high` as a range where `search` is on.

    Raises
    ------
    SettingsError : names that do not exist, values that cannot be read, stand twice or are missing: all of them at once.
    """
    kinds, problems = setting_kinds(), Problems()
    found: dict[str, tuple[Any, ...] | Span] = {}
    for name, given in settings.items():
        try:
            if name not in kinds:
                raise unknown_setting(name)
            values = given if isinstance(given, Span) else _values(name, given, kinds[name])
            _check(name, values, search=search)
            found[name] = values
        except SettingsError as error:
            problems.add(error.template, **error.values)
    problems.raise_any()
    return found


def combinations(axes: Mapping[str, Sequence[Any]]) -> list[dict[str, Any]]:
    """Every combination, the first axis slowest. Raises SettingsError for more than `MOST`."""
    count = 1
    for values in axes.values():
        count *= len(values)
    if count > MOST:
        raise SettingsError(
            "these settings make {count} combinations; at most {most} are fitted. Give fewer values, or draw some of them "
            "with --search N.",
            count=f"{count:,}",
            most=f"{MOST:,}",
        )
    return [dict(zip(axes, values, strict=True)) for values in product(*axes.values())]


def check_combinations(recipe: Recipe, tried: Iterable[Mapping[str, Any]]) -> None:
    """Raise SettingsError with what is wrong with each combination that is no recipe; equal faults are told once."""
    faults: dict[str, tuple[str, SettingsError]] = {}
    for settings in tried:
        try:
            with_settings(recipe, settings)
        except SettingsError as found:
            faults.setdefault(str(found), (combination_name(recipe.name, settings), found))
    problems = Problems()
    for name, error in list(faults.values())[:NAMED]:
        problems.add("{name}: {fault}", name=name, fault=Text(error.template, **error.values))
    if len(faults) > NAMED:
        problems.add("and {count} more", count=len(faults) - NAMED)
    problems.raise_any()


def corners(space: Alternatives) -> list[dict[str, Any]]:
    """Combinations of every category with both ends of every range, the first `MOST` of them."""
    ends = {name: _ends(values) for name, values in space.items()}
    return [
        dict(zip(ends, values, strict=True)) for values, _ in zip(product(*ends.values()), range(MOST), strict=False)
    ]


def _ends(values: tuple[Any, ...] | Span) -> tuple[Any, ...]:
    if isinstance(values, tuple):
        return values
    return (int(values.low), int(values.high)) if values.whole else (values.low, values.high)


def _values(name: str, given: Any, kind: Any) -> tuple[Any, ...] | Span:
    listed = _is_tuple(kind)
    if isinstance(given, str):
        return _read(name, given, kind, listed=listed)
    if not isinstance(given, Sequence):
        return (_plain(given),)
    if listed and (not given or not any(isinstance(value, list | tuple) for value in given)):
        return (tuple(given),)
    return tuple(tuple(value) if listed and isinstance(value, list) else _plain(value) for value in given)


def _read(name: str, text: str, kind: Any, *, listed: bool) -> tuple[Any, ...] | Span:
    if ".." in text and _is_number(kind):
        return _read_span(name, text, kind)
    parts = text.split("|") if listed else text.split(",")
    return tuple(parse_value(name, part.strip(), kind) for part in parts)


def _read_span(name: str, text: str, kind: Any) -> Span:
    low, high = (parse_value(name, part.strip(), kind) for part in text.split("..", 1))
    if low is None or high is None or not low < high:
        raise SettingsError(
            "{name}: a range runs from a smaller number to a larger one, got '{got}'", name=name, got=text
        )
    return Span(low=float(low), high=float(high), whole=isinstance(low, int) and isinstance(high, int))


def _check(name: str, values: tuple[Any, ...] | Span, *, search: bool) -> None:
    if isinstance(values, Span):
        if not search:
            raise SettingsError(
                "{name}={got} is a range, which only a search draws from: list the values, or add --search N",
                name=name,
                got=values,
            )
        return
    if not values:
        raise SettingsError("{name}: expected at least one value, got none", name=name)
    again = [value for place, value in enumerate(values) if value in values[:place]]
    if again:
        raise SettingsError("{name}: {got} stands twice", name=name, got=again[0])


def _is_tuple(kind: Any) -> bool:
    return kind in (tuple[str, ...], tuple[float, ...])


def _is_number(kind: Any) -> bool:
    parts = get_args(kind) if isinstance(kind, UnionType) else (kind,)
    return int in parts or float in parts


def _plain(value: Any) -> Any:
    """A NumPy number as Python's own."""
    return value.item() if hasattr(value, "item") else value
