"""The fused engine behind the settings of a recipe."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from nextclose import engine
from nextclose.core.errors import SettingsError
from nextclose.core.fit import Fit, OnDone, Task
from nextclose.core.lang import Text
from nextclose.core.settings import MEDIAN, NetSettings, TrainingSettings
from nextclose.core.start import has_random_start
from nextclose.core.types import Float64s, Params
from nextclose.training.resolve import Done, Job, OnJobs

CELLS = ("rnn", "gru", "lstm", "mlp")
OPTIMIZERS = ("sgd", "rmsprop", "adam", "adamw")
LOSSES = ("mse", "pinball")
HEADS = ("linear", "batchnorm")


def uncovered(net: NetSettings, training: TrainingSettings) -> Text | None:
    """What the fused engine lacks for this net and training; None where it does all of it."""
    wanted = (("cell", net.cell, CELLS), ("optimizer", training.optimizer, OPTIMIZERS), ("loss", training.loss, LOSSES))
    for field, got, known in wanted:
        if got not in known:
            return Text("it has no {field} '{got}'", field=field, got=got)
    parts = {
        "bidirectional": net.bidirectional,
        f"decoder={net.decoder}": net.decoder != "none",
        f"head={net.head}": net.head not in HEADS,
        "dropout": net.dropout > 0.0,
    }
    return _lacking(parts)


def _lacking(parts: dict[str, bool]) -> Text | None:
    lacking = [part for part, wanted in parts.items() if wanted]
    return Text("it has no {parts}", parts=", ".join(lacking)) if lacking else None


def fit_many(
    X: Float64s,
    y: Float64s,
    tasks: Sequence[Task],
    *,
    net: NetSettings,
    training: TrainingSettings,
    on_done: OnDone | None = None,
) -> tuple[Fit, ...]:
    """One net a task, on all cores; `training.resolve.FitMany` says what is what."""
    return engine.fit_many(X, y, tasks, **_settings(net, training), on_done=on_done)


def fit_jobs(jobs: Sequence[Job], on_done: OnJobs | None = None, threads: int | None = None) -> tuple[Done, ...]:
    """All jobs as one batch; `training.resolve.FitJobs` says what is what."""
    batches = [{"X": job.X, "y": job.y, "tasks": job.tasks, **_settings(job.net, job.training)} for job in jobs]
    fitted = engine.fit_batches(batches, threads=threads, on_done=on_done)
    return tuple(Done(fits=got.fits, seconds=got.seconds) for got in fitted)


def _settings(net: NetSettings, training: TrainingSettings) -> dict[str, Any]:
    """A recipe's settings as the engine's keyword arguments."""
    return {
        "cell": net.cell,
        "hidden_size": net.hidden_size,
        "num_layers": net.num_layers,
        "bias": net.bias,
        "output_bias": net.output_bias,
        "activation": net.activation,
        "memory": net.memory,
        "h0": "random" if has_random_start(net) else None,
        "zero_head": net.zero_head,
        "init": "rnn" if net.init == "rnn" else "linear",
        "optimizer": training.optimizer,
        "lr": training.lr,
        "momentum": training.momentum,
        "weight_decay": training.weight_decay,
        "clip_norm": training.clip_norm,
        "lr_step": training.lr_step,
        "lr_gamma": training.lr_gamma,
        "epochs": training.epochs,
        "batch_size": training.batch_size,
        "shuffle": training.shuffle,
        "loss": training.loss,
        "quantiles": training.quantiles or (MEDIAN,),
        "patience": training.patience,
        "dtype": training.dtype,
        "head": net.head,
        "drop_last": training.drop_last,
        "restore_best": training.restore_best,
    }


_ONE_NET = ("head", "drop_last", "restore_best")
"""Settings that `engine.fit_pooled` has none of."""


def unpooled(net: NetSettings, training: TrainingSettings) -> Text | None:
    """What the fused engine lacks to fit this one on a whole market at once; None where it does all of it."""
    parts = {
        f"head={net.head}": net.head != "linear",
        "drop_last": training.drop_last,
        "restore_best=off": not training.restore_best,
    }
    return uncovered(net, training) or _lacking(parts)


def pooled_settings(net: NetSettings, training: TrainingSettings) -> dict[str, Any]:
    """A recipe's settings as the keyword arguments of `engine.fit_pooled`.

    Raises SettingsError for what a pooled fit has none of: a random h_0, and what the engine has none of.
    """
    lacks = unpooled(net, training)
    if lacks is not None:
        raise SettingsError(
            "one net for a whole market is fitted by the fused engine, which cannot do this one: {lacks}. Nets for each "
            "symbol (--scope symbol) can be fitted by PyTorch.",
            lacks=lacks,
        )
    if has_random_start(net):
        raise SettingsError("one net for a whole market starts from h0=zero, got h0=random")
    return {name: value for name, value in _settings(net, training).items() if name not in (*_ONE_NET, "h0")}


def predict(params: Params, X: Float64s, *, net: NetSettings, outputs: int) -> Float64s:  # noqa: ARG001
    """The net with these weights on scaled windows: X (N, L, F) -> (N, K * Q) float64, computed in the weights' dtype."""
    if len(X) == 0:
        return np.empty((0, len(params["w_y"])))
    return engine.predict(params, X, cell=net.cell, activation=net.activation).astype(np.float64)


def predict_many(
    X: Float64s,
    tasks: Sequence[Task],
    *,
    net: NetSettings,
    outputs: int,  # noqa: ARG001
) -> list[Float64s]:
    """Many nets in one call; `training.resolve.PredictMany` says what is what."""
    found = iter(
        engine.predict_many(
            X, [task for task in tasks if task.stop > task.start], cell=net.cell, activation=net.activation
        )
    )
    return [next(found).astype(np.float64) if task.stop > task.start else _nothing(task) for task in tasks]


def _nothing(task: Task) -> Float64s:
    """What a net says of no windows."""
    return np.empty((0, 0 if task.init is None else len(task.init["w_y"])))
