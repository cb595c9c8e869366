"""Series that need no bars, and their windows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from nextclose.core.errors import SettingsError
from nextclose.core.types import Float64s
from nextclose.windows.windows import sliding


@dataclass(frozen=True, kw_only=True, eq=False)
class Series:
    """Equally spaced points of a function."""

    name: str
    formula: str
    t: Float64s
    """(n,)"""
    values: Float64s
    """(n,)"""

    def windows(self, seq_len: int) -> tuple[Float64s, Float64s]:
        """X (n - L, L, 1) and y (n - L, 1): X[i] = values[i : i+L], y[i] = values[i+L].

        Raises
        ------
        SettingsError : no point is left behind a window.
        """
        most = len(self.values) - 1
        if seq_len > most:
            raise SettingsError(
                "seq_len: the series '{name}' has {n} points, so a window takes at most {most}, got {seq_len}",
                name=self.name,
                n=len(self.values),
                most=most,
                seq_len=seq_len,
            )
        return sliding(self.values[:-1, None], seq_len), self.values[seq_len:, None].copy()


def make_series(name: str) -> Series:
    """The series called `name`; the same points every time. Raises SettingsError for an unknown one."""
    if name not in _SERIES:
        raise SettingsError("unknown series '{name}': expected one of {known}", name=name, known=", ".join(_SERIES))
    return _SERIES[name]()


def _trigonometric() -> Series:
    t = np.linspace(0.0, 100.0, 2400)
    return Series(name="trigonometric", formula="sin t + sin 2t", t=t, values=np.sin(t) + np.sin(2.0 * t))


_SERIES: dict[str, Callable[[], Series]] = {"trigonometric": _trigonometric}
