"""Frozen results to plain JSON values and back: NaN is null, dates are ISO text, arrays are lists."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from functools import cache
from types import UnionType
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

import numpy as np

T = TypeVar("T")


def plain(value: Any) -> Any:
    """`value` as JSON can hold it."""
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, np.ndarray):
        return plain(value.astype(str).tolist() if value.dtype.kind == "M" else value.tolist())
    if isinstance(value, tuple | list):
        return [plain(item) for item in value]
    if isinstance(value, float | np.floating):
        return float(value) if np.isfinite(value) else None
    if isinstance(value, np.integer | np.bool_):
        return value.item()
    return value


def rebuild(kind: type[T], value: Any) -> T:
    """The value of type `kind` that `plain` turned into `value`. Raises TypeError, KeyError or ValueError if it is not one."""
    return _rebuild(kind, value)  # type: ignore[no-any-return]


def _rebuild(kind: Any, value: Any) -> Any:
    origin, parts = get_origin(kind), get_args(kind)
    if is_dataclass(kind):
        hints = _hints(kind)  # type: ignore[arg-type]
        known = {field.name: value[field.name] for field in fields(kind) if field.name in value or _needed(field)}
        return kind(**{name: _rebuild(hints[name], item) for name, item in known.items()})  # type: ignore[operator]
    if kind is float:
        return float("nan") if value is None else float(value)
    if origin in (Union, UnionType):
        present = [part for part in parts if part is not type(None)]
        return None if value is None else _rebuild(present[0], value)
    if origin is tuple:
        items = parts[:1] * len(value) if parts[-1] is Ellipsis else parts
        return tuple(_rebuild(part, item) for part, item in zip(items, value, strict=True))
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return {key: _rebuild(parts[1], item) for key, item in value.items()}
    if origin is np.ndarray:
        return _array(kind, value)
    if origin is Literal or kind is Any:
        return value
    return kind(value)


@cache
def _hints(kind: Any) -> dict[str, Any]:
    return get_type_hints(kind)


def _needed(field: Field[Any]) -> bool:
    """Whether a value without this field is damaged; one from before the field was added takes its default."""
    return field.default is MISSING and field.default_factory is MISSING


def _array(kind: Any, value: Any) -> Any:
    scalar = get_args(get_args(kind)[1])[0]
    if scalar is np.datetime64:
        return np.array(value, dtype="datetime64[D]")
    return np.array(value, dtype=scalar)


def to_json(value: Any) -> str:
    """`plain(value)` as indented JSON text with a newline at the end; other alphabets stay readable."""
    return json.dumps(plain(value), indent=1, ensure_ascii=False, allow_nan=False) + "\n"
