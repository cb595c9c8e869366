"""What any engine returns from a fit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from nextclose.core.types import Float64s, Params

OnEpoch: TypeAlias = Callable[[int, float], None]
"""Called with (epoch, loss) after each epoch; epochs count from 0."""


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
