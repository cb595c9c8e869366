"""Checks where arrays and names come in; behind them nothing is checked again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from operator import index
from typing import Any

import numpy as np

from nextclose.core.errors import FitError, SettingsError
from nextclose.core.suggest import did_you_mean
from nextclose.core.types import Float64s, Floats, Params

FLOAT32, FLOAT64 = np.dtype(np.float32), np.dtype(np.float64)
_NUMBER = (int, float, np.integer, np.floating)


def check_inputs(X: Any) -> Float64s:
    """X (N, L, F) as float64, in which the kernel reads it whatever it computes in.

    Raises
    ------
    FitError : another shape, no samples, or values that are no numbers.
    """
    windows = as_floats("X", X)
    if windows.ndim != 3 or windows.size == 0:
        raise FitError("expected windows (N, L, F) of at least one sample, got {X}", X=windows.shape)
    return windows


def check_windows(X: Any, y: Any) -> tuple[Float64s, Float64s]:
    """X (N, L, F) and y (N, K) as float64; errors as for `check_inputs`."""
    X, y = as_floats("X", X), as_floats("y", y)
    if X.ndim != 3 or y.ndim != 2 or len(X) != len(y) or X.size == 0 or y.size == 0:
        raise FitError(
            "expected windows (N, L, F) and targets (N, K) of at least one sample, got {X} and {y}",
            X=X.shape,
            y=y.shape,
        )
    return X, y


def fit_dtype(X: Any) -> np.dtype[Any]:
    """The dtype that windows are fitted in: their own if it is float32 or float64, else float64."""
    kind = getattr(X, "dtype", None)
    return FLOAT32 if getattr(kind, "kind", "") == "f" and getattr(kind, "itemsize", 0) == 4 else FLOAT64


def named_dtype(dtype: Any) -> np.dtype[Any]:
    """float32 or float64 from whatever names it. Raises SettingsError for another."""
    for kind in (FLOAT32, FLOAT64):
        if dtype in (kind.name, kind, kind.type):
            return kind
    raise SettingsError("dtype: expected float32 or float64, got {got}", got=dtype)


def as_floats(name: str, array: Any) -> Float64s:
    """A C-contiguous float64 array. Raises FitError for what is no array of numbers."""
    if type(array) is not np.ndarray:
        array = _as_array(name, array)
    if array.dtype.kind not in "iufb":
        raise FitError("{name}: expected an array of numbers, got dtype {dtype}", name=name, dtype=array.dtype)
    return np.ascontiguousarray(array, dtype=np.float64)


def _as_array(name: str, array: Any) -> Any:
    """An array from what is none; masked values become NaN."""
    if isinstance(array, np.ma.MaskedArray):
        return np.ma.filled(array.astype(np.float64), np.nan)
    try:
        return np.asarray(array)
    except ValueError as error:  # rows of different lengths
        raise FitError("{name}: expected an array of numbers ({error})", name=name, error=error) from None


def check_weights(sample_weight: Any, windows: int, dtype: np.dtype[Any]) -> Floats:
    """(N,) weights in the fit's dtype. Raises FitError for another shape, or numbers that can weigh nothing."""
    weight = as_floats("sample_weight", sample_weight).astype(dtype)
    if weight.shape != (windows,):
        raise FitError("sample_weight: expected shape {expected}, got {got}", expected=(windows,), got=weight.shape)
    if not (np.isfinite(weight).all() and (weight >= 0).all() and weight.sum() > 0):
        raise FitError("sample_weight: expected finite numbers of at least 0, not all of them 0")
    return weight


def whole(field: str, got: Any, least: int) -> int:
    """`got` as a whole number. Raises SettingsError for another, or one below `least`."""
    try:
        number = index(got)
    except TypeError:
        number = least - 1
    if number < least:
        raise SettingsError(
            "{field}: expected a whole number of at least {least}, got {got}", field=field, least=least, got=got
        )
    return number


def between(field: str, got: Any, low: float, high: float) -> None:
    """Raise SettingsError unless `got` is a number from low to high."""
    if not isinstance(got, _NUMBER) or not low <= got <= high:
        raise SettingsError("{field}: expected {low} to {high}, got {got}", field=field, low=low, high=high, got=got)


def positive(field: str, got: Any) -> None:
    """Raise SettingsError unless `got` is a finite number above 0."""
    if not isinstance(got, _NUMBER) or not 0.0 < got < float("inf"):
        raise SettingsError("{field}: expected a number above 0, got {got}", field=field, got=got)


def levels(quantiles: Any) -> tuple[float, ...]:
    """Quantiles as a tuple. Raises SettingsError for what is no sequence of numbers."""
    try:
        return tuple(float(quantile) for quantile in quantiles)
    except (TypeError, ValueError):
        raise SettingsError("quantiles: expected numbers from 0 to 1, got {got}", got=quantiles) from None


def seed_of(seed: Any) -> int:
    """A seed as Python's whole number. Raises SettingsError for what is none."""
    try:
        return index(seed)
    except TypeError:
        raise SettingsError("seed: expected a whole number, got {got}", got=seed) from None


def check_init(init: Any) -> tuple[str, Params | None]:
    """The scheme that draws initial weights, and weights by name if they are given."""
    if init is None or isinstance(init, Mapping):
        return "linear", init
    if not isinstance(init, str):
        raise SettingsError("init: expected linear, rnn or weights by name, got {got}", got=type(init).__name__)
    return init, None


def choice(field: str, got: Any, known: Iterable[str]) -> str:
    """`got` if it is one of the known names. Raises SettingsError for another."""
    names = list(known)
    if got not in names:
        raise SettingsError(
            "{field}: expected one of {known}, got '{got}'.{hint}",
            field=field, known=", ".join(names), got=got, hint=did_you_mean(str(got), names),
        )  # fmt: skip
    return str(got)
