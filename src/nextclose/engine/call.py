"""From keyword arguments to one call of the kernel, for `fit` and `fit_many` alike."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from nextclose.core.errors import SettingsError
from nextclose.core.fit import Fit
from nextclose.core.lang import Text
from nextclose.core.types import Float64s, Floats
from nextclose.engine.inputs import between, choice, levels, positive, whole
from nextclose.engine.layout import (
    ADAM,
    ADAMW,
    BAD_INIT,
    BAD_X,
    BAD_Y,
    DIVERGED,
    MSE,
    NO_BACKWARD,
    PINBALL,
    RMSPROP,
    SGD,
    STATUS,
    STOPPED,
    TRAIN,
    VECTOR_BYTES,
    Call,
    Job,
    address,
    addressof,
    buffer_of,
    pack,
)
from nextclose.engine.spec import NetArguments, Spec, block_size, make_spec, unflatten

OPTIMIZERS = {"sgd": SGD, "rmsprop": RMSPROP, "adam": ADAM, "adamw": ADAMW}
LOSSES = {"mse": MSE, "pinball": PINBALL}
Numbers: TypeAlias = "np.ndarray[Any, Any] | array[Any]"


_NO_CHUNKS = tuple(Call._field_defaults.values())
_COUNTS = ("epochs", "batch_size", "lr_step", "patience")
_COUNTED = {int, type(None)}


class Training(NamedTuple):
    """How nets are trained; what `Task` may change for one of them is None there."""

    optimizer: str = "sgd"
    lr: float = 0.005
    momentum: float = 0.0
    weight_decay: float = 0.0
    clip_norm: float | None = None
    lr_step: int | None = None
    lr_gamma: float = 0.1
    epochs: int = 100
    batch_size: int | None = None
    shuffle: bool = False
    patience: int | None = None
    loss: str = "mse"
    quantiles: tuple[float, ...] = (0.5,)
    drop_last: bool = False
    restore_best: bool = True

    @classmethod
    def of(cls, *settings: Any) -> Training:
        """The training of arguments in the order of the fields, with Python's own whole numbers and a tuple of quantiles.

        Raises
        ------
        SettingsError : a number of epochs, samples or steps that is none.
        """
        made = cls(*settings)
        counts = (made.epochs, made.batch_size, made.lr_step, made.patience)
        if type(made.epochs) is int and set(map(type, counts)) <= _COUNTED and type(made.quantiles) is tuple:
            return made
        odd = {name: whole(name, got, 1) for name, got in zip(_COUNTS, counts, strict=True) if got is not None}
        if made.epochs is None:
            whole("epochs", None, 1)
        return made._replace(quantiles=levels(made.quantiles), **odd)  # type: ignore[arg-type]

    def check(self) -> None:
        """Raise SettingsError for a value that cannot be meant."""
        choice("optimizer", self.optimizer, OPTIMIZERS)
        choice("loss", self.loss, LOSSES)
        whole("epochs", self.epochs, 1)
        for field in ("batch_size", "lr_step", "patience"):
            if getattr(self, field) is not None:
                whole(field, getattr(self, field), 1)
        for field in ("lr", "lr_gamma", "clip_norm"):
            if field != "clip_norm" or self.clip_norm is not None:
                positive(field, getattr(self, field))
        if self.patience is not None and not self.restore_best:
            raise SettingsError("patience stops at the best epoch, so it needs restore_best=True")
        between("momentum", self.momentum, 0.0, 1.0)
        between("weight_decay", self.weight_decay, 0.0, float("inf"))
        if not self.quantiles:
            raise SettingsError("quantiles: expected at least one")
        for quantile in self.quantiles:
            between("quantiles", quantile, 0.0, 1.0)

    def levels(self) -> tuple[float, ...]:
        """The quantiles that the loss needs, checked with all else; none for mse."""
        self.check()
        return self.quantiles if self.loss == "pinball" else ()

    def counts(self) -> tuple[int, int, int, int]:
        """epochs, batch size, patience, schedule step; 0 for none."""
        return self.epochs, self.batch_size or 0, self.patience or 0, self.lr_step or 0

    def rates(self) -> tuple[float, float, float, float, float]:
        """lr, momentum, weight decay, clip norm (0 for none), gamma."""
        return self.lr, self.momentum, self.weight_decay, self.clip_norm or 0.0, self.lr_gamma


class Shape(NamedTuple):
    """What a call's arrays decide."""

    steps: int
    columns: int
    targets: int
    dtype: str
    """Its character: f or d."""


class Plan(NamedTuple):
    """What the arguments of a call decide, whatever its numbers are."""

    spec: Spec
    job: Job
    packed: array[int]
    """`job` as the kernel reads it."""
    at: tuple[int, int]
    """Where the records of net and job lie."""
    quantiles: array[float]
    quantiles_at: int
    dtype: np.dtype[Any]
    kind: str
    """float32 or float64."""


@lru_cache(maxsize=256)
def make_plan(net: NetArguments, training: Training, shape: Shape, small_batches: bool) -> Plan:
    """Checked net and training; small_batches : some task's batches fill less than half of their vectors.

    Raises
    ------
    SettingsError : settings that cannot be meant.
    """
    quantiles = training.levels()
    dtype = np.dtype(shape.dtype)
    spec = make_spec(net, shape.steps, shape.columns, shape.targets * max(len(quantiles), 1), False)
    job = Job(
        mode=TRAIN,
        optimizer=OPTIMIZERS[training.optimizer],
        shuffle=int(training.shuffle),
        gathers=int(training.shuffle or small_batches),
        loss=LOSSES[training.loss],
        block=block_size(spec, dtype.itemsize),
        skip=spec.skip,
        steps=shape.steps,
        columns=shape.columns,
        targets=shape.targets,
        backward=NO_BACKWARD,
        keep=0,
        drop_last=int(training.drop_last),
        restores=int(training.restore_best),
    )
    return plan_of(spec, job, quantiles, dtype)


def plan_of(spec: Spec, job: Job, quantiles: Sequence[float], dtype: np.dtype[Any]) -> Plan:
    """The plan of a net and a job."""
    packed, numbers = pack(job), array("d", quantiles)
    at = address(spec.packed), address(packed)
    return Plan(spec, job, packed, at, numbers, address(numbers), dtype, dtype.name)


class Tables(NamedTuple):
    """One row a task, as `layout.Call` describes them."""

    wholes: Numbers
    rates: Numbers
    scales: Numbers
    init: Float64s | None


class Results(NamedTuple):
    """What comes back, one row a task, as `layout.Call` describes it."""

    params: Floats
    record: Float64s
    epochs: int
    outputs: Floats | None = None
    grads: Floats | None = None
    kept: Floats | None = None


class Problem(NamedTuple):
    """The windows and the net that all tasks of a call share."""

    plan: Plan
    X: Float64s
    y: Float64s
    weight: Floats | None

    def call(self, tables: Tables, results: Results, control: array[int]) -> array[int]:
        """Everything of one call as the kernel reads it."""
        plan = self.plan
        return array(
            "q",
            (  # the fields of layout.Call in their order, but for those of chunks
                address(self.X),
                address(self.y),
                0 if self.weight is None else address(self.weight),
                plan.quantiles_at,
                len(plan.quantiles),
                address(tables.wholes),
                address(tables.rates),
                address(tables.scales),
                0 if tables.init is None else address(tables.init),
                addressof(buffer_of(results.params)),
                addressof(buffer_of(results.record)),
                results.epochs,
                0 if results.outputs is None else address(results.outputs),
                0 if results.grads is None else address(results.grads),
                0 if results.kept is None else address(results.kept),
                control.buffer_info()[0],
                *_NO_CHUNKS,
            ),
        )


def make_problem(
    X: Float64s,
    y: Float64s,
    weight: Floats | None,
    net: NetArguments,
    training: Training,
    dtype: np.dtype[Any],
    batch: int | None,
) -> Problem:
    """Checked windows with their net and training; batch : the smallest batch size of any task.

    Raises
    ------
    SettingsError : settings that cannot be meant.
    """
    if weight is not None and net.head == "batchnorm":
        raise SettingsError(
            "head=batchnorm takes a mean over each batch in which all samples count alike: leave out sample_weight"
        )
    _, L, F = X.shape
    small_batches = batch is not None and 2 * batch < VECTOR_BYTES // dtype.itemsize
    plan = make_plan(net, training, Shape(L, F, y.shape[1], dtype.char), small_batches)
    return Problem(plan, X, y, weight)


def make_results(plan: Plan, tasks: int, epochs: int) -> Results:
    """Room for what training runs return."""
    params = np.empty((tasks, plan.spec.net.total), plan.dtype)
    return Results(params, np.empty((tasks, STATUS + 2 * epochs)), epochs)


def make_fit(plan: Plan, row: Floats, record: Float64s, lr: float, *, validates: bool, starts: bool = True) -> Fit:
    """A Fit from its rows of the results; `problem` says why it has no weights to trust.

    starts : whether the task has an h_0 of its own, where any task of the call has one.
    """
    ended, detail, run, best = map(int, record[:STATUS].tolist())
    losses = record[STATUS : STATUS + run]
    held_out = (len(record) + STATUS) // 2
    return Fit(
        params=unflatten(row if starts else row[: plan.spec.net.start], plan.spec),
        losses=losses,
        val_losses=record[held_out : held_out + (run if validates else 0)],
        best_epoch=-1 if ended else best,
        problem=_reason(ended, detail, losses, lr) if ended else None,
    )


def _reason(ended: int, detail: int, losses: Float64s, lr: float) -> Text | None:
    if ended == DIVERGED and np.isfinite(losses[detail]):
        return Text(
            "training diverged: the weights after epoch {epoch} are not finite. Lower the learning rate (lr is {lr}).",
            epoch=detail, lr=lr,
        )  # fmt: skip
    if ended == DIVERGED:
        return Text(
            "training diverged: the loss of epoch {epoch} is {loss}. Lower the learning rate (lr is {lr}).",
            epoch=detail, loss=float(losses[detail]), lr=lr,
        )  # fmt: skip
    if ended in (BAD_X, BAD_Y):
        name = "X" if ended == BAD_X else "y"
        return Text("{name} holds {bad} values that are not finite; a net cannot be fitted", name=name, bad=detail)
    if ended == BAD_INIT:
        return Text("the initial weights hold {bad} values that are not finite", bad=detail)
    return Text("stopped before it was finished") if ended == STOPPED else None
