"""Checks where arrays and names come in; behind them nothing is checked again."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from nextclose.core.errors import FitError, SettingsError
from nextclose.core.suggest import did_you_mean
from nextclose.core.types import Float64s, Floats

FLOAT32, FLOAT64 = np.dtype(np.float32), np.dtype(np.float64)


def check_windows(X: Any, y: Any) -> tuple[Float64s, Float64s]:
    """X (N, L, F) and y (N, K) as float64, in which the kernel reads them whatever it computes in.

    Raises
    ------
    FitError : other shapes, no samples, or values that are no numbers.
    """
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
    return FLOAT32 if kind == FLOAT32 else FLOAT64


def as_floats(name: str, array: Any) -> Float64s:
    """A C-contiguous float64 array. Raises FitError for what is no array of numbers."""
    array = np.asarray(array)
    if array.dtype.kind not in "iufb":
        raise FitError("{name}: expected an array of numbers, got dtype {dtype}", name=name, dtype=array.dtype)
    return np.ascontiguousarray(array, dtype=np.float64)


def check_weights(sample_weight: Any, windows: int, dtype: np.dtype[Any]) -> Floats:
    """(N,) weights in the fit's dtype. Raises FitError for another shape, or numbers that can weigh nothing."""
    weight = np.ascontiguousarray(sample_weight, dtype=dtype)
    if weight.shape != (windows,):
        raise FitError("sample_weight: expected shape {expected}, got {got}", expected=(windows,), got=weight.shape)
    if not (np.isfinite(weight).all() and (weight >= 0).all() and weight.sum() > 0):
        raise FitError("sample_weight: expected finite numbers of at least 0, not all of them 0")
    return weight


def choice(field: str, got: str, known: Iterable[str]) -> str:
    """`got` if it is one of the known names. Raises SettingsError for another."""
    names = list(known)
    if got not in names:
        raise SettingsError(
            "{field}: expected one of {known}, got '{got}'.{hint}",
            field=field, known=", ".join(names), got=got, hint=did_you_mean(str(got), names),
        )  # fmt: skip
    return got
