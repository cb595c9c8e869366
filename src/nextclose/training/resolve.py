"""Which engine fits a recipe, and why."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias

from nextclose.core.errors import SettingsError
from nextclose.core.fit import Fit, OnDone, Task
from nextclose.core.lang import Joined, Text
from nextclose.core.settings import NetSettings, TrainingSettings
from nextclose.core.suggest import did_you_mean
from nextclose.core.types import Float64s, Params
from nextclose.recipes import Recipe

EngineName = Literal["auto", "fused", "torch"]
ENGINES: tuple[EngineName, ...] = ("auto", "fused", "torch")
INSTALL = 'pip install -c constraints.txt -e ".[torch]"'
_ASKED_FOR = Text("asked for")

Tell: TypeAlias = Callable[[Text], None]


class FitMany(Protocol):
    """Trains one net a task on windows that they share."""

    def __call__(
        self,
        X: Float64s,
        y: Float64s,
        tasks: Sequence[Task],
        *,
        net: NetSettings,
        training: TrainingSettings,
        on_done: OnDone | None = None,
    ) -> tuple[Fit, ...]:
        """X (N, L, F), y (N, K) unscaled -> one Fit a task, in order; one that failed has `problem` set."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Job:
    """The nets of one recipe on windows that they share."""

    X: Float64s
    """(N, L, F) unscaled."""
    y: Float64s
    """(N, K)"""
    tasks: Sequence[Task]
    net: NetSettings
    training: TrainingSettings


@dataclass(frozen=True, kw_only=True, eq=False)
class Done:
    """What came of one job."""

    fits: tuple[Fit, ...]
    """One a task, in order; one that failed has `problem` set."""
    seconds: float
    """Process time of the threads that fitted them."""


OnJobs: TypeAlias = Callable[[Sequence[int]], None]
"""Called with the fits done of each job."""


class FitJobs(Protocol):
    """Trains the nets of several jobs as one batch."""

    def __call__(
        self, jobs: Sequence[Job], on_done: OnJobs | None = None, threads: int | None = None
    ) -> tuple[Done, ...]:
        """One Done a job, in order; on as many threads as there are cores unless `threads` says how many."""


class Predict(Protocol):
    """Runs a trained net."""

    def __call__(self, params: Params, X: Float64s, *, net: NetSettings, outputs: int) -> Float64s:
        """X (N, L, F) scaled -> (N, outputs = K * Q) in the scaled target's unit, by session, then quantile."""


class PredictMany(Protocol):
    """Runs many trained nets of one shape."""

    def __call__(self, X: Float64s, tasks: Sequence[Task], *, net: NetSettings, outputs: int) -> list[Float64s]:
        """X (N, L, F) unscaled -> (n, outputs = K * Q) of each task: its `init` as a net, on its windows, scaled as it says."""


class Pretrain(Protocol):
    """Teaches a transformer to fill in masked bars."""

    def __call__(
        self, X: Float64s, *, net: NetSettings, training: TrainingSettings, seeds: Sequence[int], outputs: int
    ) -> tuple[list[Params], list[list[float]]]:
        """X (N, L, F) scaled -> the weights of a net a seed, and each epoch's losses by seed."""


class Attention(Protocol):
    """Asks a net with attention where it looks."""

    def __call__(self, params: Params, X: Float64s, *, net: NetSettings, outputs: int) -> Float64s:
        """X (N, L, F) scaled -> weights (N, K, L)."""


@dataclass(frozen=True, kw_only=True)
class Engine:
    """Something that fits and predicts, and why it was chosen."""

    chosen: Literal["fused", "torch"]
    reason: Text
    fit_many: FitMany
    fit_jobs: FitJobs
    predict: Predict
    predict_many: PredictMany
    pretrain: Pretrain | None = None
    """None where no net that it fits is pre-trained."""
    attention: Attention | None = None
    """None where no net that it fits has attention."""


def resolve_engine(wish: str, recipe: Recipe, tell: Tell | None = None) -> Engine:
    """The engine for a recipe, ready to work: the one wished for; with auto the fused one where it can, else PyTorch.

    `tell` is told what has to be waited for, once on a machine; standard error by default.

    Raises
    ------
    SettingsError : an unknown engine, or one that cannot fit the recipe here.
    """
    if wish not in ENGINES:
        known = ", ".join(ENGINES)
        hint = did_you_mean(wish, ENGINES)
        raise SettingsError(
            "unknown engine '{wish}': expected one of {known}.{hint}", wish=wish, known=known, hint=hint
        )
    if wish == "torch":
        if not _torch_is_there():
            raise SettingsError(
                "engine torch needs PyTorch, which is not installed: {install}. The fused engine needs none of it.",
                install=INSTALL,
            )
        return _torch(_ASKED_FOR)
    lacks = _lacks(recipe, tell)
    if lacks is None:
        return _fused(_ASKED_FOR if wish == "fused" else Text("it covers the net and its training"))
    if wish == "fused":
        raise SettingsError(
            "engine fused cannot fit recipe '{recipe}': {lacks}. Ask for torch, or for auto, which takes PyTorch where "
            "the fused engine cannot do it.",
            recipe=recipe.name,
            lacks=lacks,
        )
    if not _torch_is_there():
        raise SettingsError(
            "recipe '{recipe}' cannot be fitted here: the fused engine cannot do it ({lacks}), and PyTorch is not "
            "installed: {install}.",
            recipe=recipe.name,
            lacks=lacks,
            install=INSTALL,
        )
    return _torch(Text("the fused engine cannot do it: {lacks}", lacks=lacks))


def tell_engines(engines: Mapping[Recipe, Engine]) -> tuple[str, Text]:
    """What fits some recipes, "fused, torch" where they differ, and the reason, which then says what fits which."""
    groups: dict[tuple[str, str], list[Recipe]] = {}
    for recipe, engine in engines.items():
        groups.setdefault((engine.chosen, str(engine.reason)), []).append(recipe)
    chosen = ", ".join(sorted({name for name, _ in groups}))
    if len(groups) == 1:
        return chosen, next(iter(engines.values())).reason
    parts = [
        Text(
            "{engine} for {recipes}: {reason}",
            engine=name,
            recipes=", ".join(dict.fromkeys(recipe.name for recipe in recipes)),
            reason=engines[recipes[0]].reason,
        )
        for (name, _), recipes in groups.items()
    ]
    return chosen, Joined(parts)


def _lacks(recipe: Recipe, tell: Tell | None) -> Text | None:
    """Why the fused engine cannot fit a recipe here; None where it can."""
    from nextclose.engine import unusable
    from nextclose.training.fused import uncovered

    return uncovered(recipe.net, recipe.training) or unusable(recipe.training.dtype, tell)


def _fused(reason: Text) -> Engine:
    from nextclose.training.fused import fit_jobs, fit_many, predict, predict_many

    return Engine(
        chosen="fused", reason=reason, fit_many=fit_many, fit_jobs=fit_jobs, predict=predict, predict_many=predict_many
    )  # fmt: skip


def _torch(reason: Text) -> Engine:
    from nextclose.training.fit import attention, fit_jobs, fit_many, predict, predict_many
    from nextclose.training.pretrain import pretrain

    return Engine(
        chosen="torch", reason=reason, fit_many=fit_many, fit_jobs=fit_jobs, predict=predict, predict_many=predict_many,
        pretrain=pretrain, attention=attention,
    )  # fmt: skip


def _torch_is_there() -> bool:
    try:
        import torch  # noqa: F401
    except ImportError:
        return False
    return True
