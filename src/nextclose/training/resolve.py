"""Which engine fits a recipe, and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

from nextclose.core.errors import SettingsError
from nextclose.core.fit import Fit, OnEpoch
from nextclose.core.lang import Text
from nextclose.core.settings import NetSettings, TrainingSettings
from nextclose.core.types import Float64s, Floats, Params

EngineName = Literal["auto", "torch"]
ENGINES: tuple[EngineName, ...] = ("auto", "torch")


class FitFunction(Protocol):
    """Trains one net on scaled windows."""

    def __call__(
        self,
        X: Floats,
        y: Floats,
        *,
        net: NetSettings,
        training: TrainingSettings,
        seed: int,
        init: Params | None = None,
        validation: tuple[Floats, Floats] | None = None,
        on_epoch: OnEpoch | None = None,
    ) -> Fit:
        """X (N, L, F), y (N, K) -> the fitted net."""


class PredictFunction(Protocol):
    """Runs a trained net."""

    def __call__(self, params: Params, X: Floats, *, net: NetSettings) -> Float64s:
        """X (N, L, F) -> (N, K) in the scaled target's unit."""


@dataclass(frozen=True, kw_only=True)
class Engine:
    """Something that fits and predicts, and why it was chosen."""

    chosen: str
    reason: Text
    fit: FitFunction
    predict: PredictFunction


def resolve_engine(wish: str = "auto") -> Engine:
    """The engine for a wish. Raises SettingsError for a wish that cannot be met."""
    if wish not in ENGINES:
        raise SettingsError("unknown engine '{wish}': expected one of {known}", wish=wish, known=", ".join(ENGINES))
    from nextclose.training.fit import fit, predict

    asked = Text("asked for") if wish == "torch" else Text("the PyTorch reference is the engine of this version")
    return Engine(chosen="torch", reason=asked, fit=fit, predict=predict)
