"""What any engine is asked to fit, and what it returns."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

from nextclose.core.errors import SettingsError
from nextclose.core.lang import Text
from nextclose.core.types import Float64s, Params

OnEpoch: TypeAlias = Callable[[int, float], None]
"""Called with (epoch, loss) after each epoch; epochs count from 0."""
OnDone: TypeAlias = Callable[[int, int], None]
"""Called with (fits done, fits in all) every now and then, and at the end."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Fit:
    """One trained net."""

    params: Params
    """Arrays by canonical name (`core.cells`), in the dtype of the fit; `h_0` (num_layers, H) where it was random."""
    losses: Float64s
    """(epochs run,): sample-weighted mean of the batch losses, each taken before its update."""
    val_losses: Float64s
    """(epochs run,): loss on the validation windows after each epoch; empty without any."""
    best_epoch: int
    """The epoch after which `params` were taken: the last, or the best on the validation windows."""
    problem: Text | None = None
    """Why these weights are not to be used, where one fit of many failed; None for a good one."""


_OWN = ("lr", "momentum", "weight_decay", "clip_norm", "lr_step", "lr_gamma", "epochs", "batch_size", "patience")


@dataclass(frozen=True, kw_only=True, eq=False)
class Task:
    """One fit among many: windows start..stop-1 train, val_start..val_stop-1 validate (none if equal).

    Inputs become (X - x_shift) / x_scale, (F,) each, in float64 before they are cast; targets (K,) likewise. init holds
    weights by name. For lr, momentum, weight_decay, clip_norm, lr_step, lr_gamma, epochs, batch_size and patience None
    takes the call's own value.
    """

    start: int
    """First train window."""
    stop: int
    """One behind the last."""
    val_start: int = 0
    val_stop: int = 0
    """Validation windows; none if equal."""
    seed: int = 0
    init: Params | None = None
    """Initial weights by name."""
    x_shift: Any = 0.0
    """(F,): inputs become (X - x_shift) / x_scale, in float64, then cast."""
    x_scale: Any = 1.0
    y_shift: Any = 0.0
    """(K,), for targets."""
    y_scale: Any = 1.0
    lr: float | None = None
    momentum: float | None = None
    weight_decay: float | None = None
    clip_norm: float | None = None
    lr_step: int | None = None
    lr_gamma: float | None = None
    epochs: int | None = None
    batch_size: int | None = None
    patience: int | None = None

    def changes(self) -> dict[str, Any]:
        """The settings that are this task's own."""
        return {name: value for name in _OWN if (value := getattr(self, name)) is not None}


def check_batches(windows: int, batch_size: int | None, *, drop_last: bool, normalises: bool) -> None:
    """Raise SettingsError where no batch would be whole, or a normalisation would see a batch of one window."""
    size = batch_size or windows
    if drop_last and windows < size:
        raise SettingsError(
            "{windows} train windows fill no batch of {size}, and drop_last leaves out what fills none. Lower the "
            "batch_size, or train on more.",
            windows=windows,
            size=size,
        )
    last = size if drop_last or windows % size == 0 else windows % size
    if normalises and last < 2:
        raise SettingsError(
            "head=batchnorm takes a mean over each batch, and with {windows} train windows in batches of {size} the last "
            "has one. Change the batch_size, or set drop_last=on.",
            windows=windows,
            size=size,
        )
