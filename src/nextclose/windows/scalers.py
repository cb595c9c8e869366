"""Scalers: affine maps that see the train span only."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nextclose.core.settings import WindowSettings
from nextclose.core.types import Float64s
from nextclose.windows.dataset import Dataset
from nextclose.windows.features import own_columns


@dataclass(frozen=True, kw_only=True, eq=False)
class Affine:
    """z = (x - shift) / scale, a column at a time."""

    shift: Float64s
    """(F,)"""
    scale: Float64s
    """(F,), never 0: a constant column is only shifted."""

    def forward(self, x: Float64s) -> Float64s:
        """Raw to scaled, (..., F)."""
        return (x - self.shift) / self.scale

    def backward(self, z: Float64s) -> Float64s:
        """Scaled to raw, (..., F)."""
        return z * self.scale + self.shift

    @classmethod
    def identity(cls, columns: int) -> Affine:
        """The map that changes nothing."""
        return cls(shift=np.zeros(columns), scale=np.ones(columns))

    @classmethod
    def min_max(cls, rows: Float64s) -> Affine:
        """The columns of (n, F) to [0, 1]."""
        columns = np.ascontiguousarray(rows.T)  # a reduction along memory is many times as fast
        low = np.fmin.reduce(columns, axis=1)
        return cls(shift=low, scale=_not_zero(np.fmax.reduce(columns, axis=1) - low))

    @classmethod
    def standard(cls, rows: Float64s) -> Affine:
        """The columns of (n, F) to mean 0 and standard deviation 1."""
        return cls(shift=np.nanmean(rows, axis=0), scale=_not_zero(np.nanstd(rows, axis=0)))


@dataclass(frozen=True, kw_only=True, eq=False)
class Scaler:
    """What a fold's train span says about scale: one map for the inputs, one for the target."""

    x: Affine
    """(F,)"""
    y: Affine
    """(1,): every step of the horizon is scaled alike."""


def fit_scaler(data: Dataset, start: int, stop: int) -> Scaler:
    """The scaler of a train span, bars `start`..`stop`-1.

    Inputs are scaled by the span's own rows; of windows that are relative to their last bar only the user's own columns
    are, which have no such scale. A price target is scaled as the close column is; a log-return
    target is standardised over the span's windows; a volatility-return target has its scale already.
    """
    settings = data.settings
    x = input_map(settings, data.columns[start:stop])
    if settings.target == "price":
        close = settings.features.index("close")
        y = Affine(shift=x.shift[close : close + 1], scale=x.scale[close : close + 1])
    elif settings.target == "log-return":
        y = Affine.standard(data.taught(every_step=False)[data.train_windows(start, stop)].reshape(-1, 1))
    else:
        y = Affine.identity(1)
    return Scaler(x=x, y=y)


def input_map(settings: WindowSettings, rows: Float64s) -> Affine:
    """How the features of a train span's rows (n, F) are scaled."""
    if settings.scaling == "min-max":
        return Affine.min_max(rows)
    if settings.scaling == "standard":
        return Affine.standard(rows)
    own = own_columns(settings.features) if settings.scaling.startswith("log-ratio") else []
    return _standard_only(rows, [settings.features.index(name) for name in own])


def _standard_only(rows: Float64s, places: list[int]) -> Affine:
    """Some columns of (n, F) standardised and the others left as they are."""
    shift, scale = np.zeros(rows.shape[1]), np.ones(rows.shape[1])
    if places:
        own = Affine.standard(rows[:, places])
        shift[places], scale[places] = own.shift, own.scale
    return Affine(shift=shift, scale=scale)


def _not_zero(scale: Float64s) -> Float64s:
    return np.where(scale > 0.0, scale, 1.0)
