"""Windows that are made when they are wanted, and what is looked at when they come."""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol

import numpy as np

from nextclose.core.errors import FitError
from nextclose.core.types import Floats, Ints
from nextclose.engine.inputs import as_floats, check_windows


class Windows(Protocol):
    """Where a pooled fit has its windows from."""

    def take(self, rows: Ints) -> tuple[Floats, Floats]:
        """Windows by number, rows (m,) -> X (m, L, F) and y (m, K), scaled and finite.

        Called from several threads at once, and ahead of the fit. Arrays in the fit's dtype, C-contiguous, are used as
        they are, so they must not change afterwards; others are cast.
        """


class Source(NamedTuple):
    """Windows with the shape and the dtype that they have in a fit."""

    windows: Windows
    steps: int
    """L."""
    columns: int
    """F."""
    targets: int
    """K."""
    dtype: np.dtype[Any]

    @classmethod
    def of(cls, windows: Windows, row: Ints, dtype: np.dtype[Any]) -> Source:
        """The shape is that of the window number row (1,). Raises FitError for what is no window."""
        if not callable(getattr(windows, "take", None)):
            raise FitError("windows: expected an object with take(rows), got {got}", got=type(windows).__name__)
        X, y = check_windows(*_pair(windows.take(row)))
        made = cls(windows, X.shape[1], X.shape[2], y.shape[1], dtype)
        made._check(X, y, 1)
        return made

    def take(self, rows: Ints) -> tuple[Floats, Floats]:
        """X (m, L, F) and y (m, K) as the kernel reads them. Raises FitError for arrays of another shape."""
        X, y = _pair(self.windows.take(rows))
        X, y = self._array("X", X), self._array("y", y)
        self._check(X, y, len(rows))
        return X, y

    def _check(self, X: Floats, y: Floats, m: int) -> None:
        shapes = (m, self.steps, self.columns), (m, self.targets)
        if (X.shape, y.shape) != shapes:
            raise FitError(
                "take: expected windows of shape {X_expected} and targets of shape {y_expected}, got {X} and {y}",
                X_expected=shapes[0], y_expected=shapes[1], X=X.shape, y=y.shape,
            )  # fmt: skip

    def _array(self, name: str, values: Any) -> Floats:
        if type(values) is np.ndarray and values.dtype == self.dtype and values.flags.c_contiguous:
            return values
        with np.errstate(over="ignore"):  # numbers too large for the dtype become inf, which the kernel reports
            return as_floats(name, values).astype(self.dtype, copy=False)


def _pair(taken: Any) -> tuple[Any, Any]:
    if not isinstance(taken, tuple) or len(taken) != 2:
        raise FitError("take: expected a pair of windows and targets, got {got}", got=type(taken).__name__)
    return taken


def not_finite(name: str, values: Floats, rows: Ints) -> FitError:
    """Why a net cannot be fitted to these values (m, ...) of windows `rows`."""
    bad = ~np.isfinite(values.reshape(len(rows), -1))
    return FitError(
        "{name} holds {bad} values that are not finite, the first of them in window {window}; a net cannot be fitted",
        name=name, bad=int(bad.sum()), window=int(rows[bad.any(axis=1)][0]),
    )  # fmt: skip


def check_rows(name: str, given: Any) -> Ints:
    """Window numbers (n,). Raises FitError for others."""
    rows = np.asarray(given)
    if rows.dtype.kind not in "iu" or rows.ndim != 1 or not len(rows) or rows.min() < 0:
        raise FitError("{name}: expected the numbers of one or more windows, at least 0, in an array (n,)", name=name)
    return np.ascontiguousarray(rows, dtype=np.int64)
