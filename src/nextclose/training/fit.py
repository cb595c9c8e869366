"""Training with PyTorch: the reference that every other engine must equal.

Nets of one shape that train on as many windows (the seeds of a fold, the folds of a rolling walk) are trained side by
side in one call.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from time import process_time

import numpy as np
import torch
from torch import Tensor

from nextclose.core.errors import FitError, SettingsError
from nextclose.core.fit import Fit, OnDone, OnEpoch, Task
from nextclose.core.lang import Text
from nextclose.core.settings import NetSettings, TrainingSettings
from nextclose.core.types import Float64s, Floats, Params
from nextclose.models.net import Net, build_net, side_by_side
from nextclose.training.batches import check_batches
from nextclose.training.loop import Windows, train
from nextclose.training.resolve import Done, Job, OnJobs

DTYPES = {"float32": torch.float32, "float64": torch.float64}


SIDE_BY_SIDE = 8
"""Nets trained in one call at most: more would fall out of the cache."""


def fit_many(
    X: Float64s,
    y: Float64s,
    tasks: Sequence[Task],
    *,
    net: NetSettings,
    training: TrainingSettings,
    on_done: OnDone | None = None,
) -> tuple[Fit, ...]:
    """One net a task, those of equal shape and settings side by side; `training.resolve.FitMany` says what is what."""
    fits: dict[int, Fit] = {}
    for group in _groups(tasks):
        fits |= dict(zip(group, _fit_tasks(X, y, [tasks[number] for number in group], net, training), strict=True))
        if on_done is not None:
            on_done(len(fits), len(tasks))
    return tuple(fits[number] for number in range(len(tasks)))


def _groups(tasks: Sequence[Task]) -> list[list[int]]:
    """Numbers of the tasks that can be fitted side by side: as many windows, and the same settings."""
    alike: dict[tuple[object, ...], list[int]] = {}
    for number, task in enumerate(tasks):
        key = task.stop - task.start, task.val_stop - task.val_start, *sorted(task.changes().items())
        alike.setdefault(key, []).append(number)
    return [own[first : first + SIDE_BY_SIDE] for own in alike.values() for first in range(0, len(own), SIDE_BY_SIDE)]


def fit_jobs(
    jobs: Sequence[Job],
    on_done: OnJobs | None = None,
    threads: int | None = None,  # noqa: ARG001
) -> tuple[Done, ...]:
    """One job after the other, on one thread whatever is asked for; `training.resolve.FitJobs` says what is what."""
    counts, done = [0] * len(jobs), []
    for number, job in enumerate(jobs):

        def tell(fits: int, _total: int, number: int = number) -> None:
            counts[number] = fits
            if on_done is not None:
                on_done(counts)

        began = process_time()
        fits = fit_many(job.X, job.y, job.tasks, net=job.net, training=job.training, on_done=tell)
        done.append(Done(fits=fits, seconds=process_time() - began))
    return tuple(done)


def fit(
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
    """Train one net; the same arguments give the same bits.

    Parameters
    ----------
    X (N, L, F), y (N, K) : scaled windows and targets.
    net, training : the net and how it is fitted.
    seed : of the initial weights and the order of batches.
    init : initial weights by canonical name; never modified.
    validation : windows and targets for early stopping; the weights of the best epoch are returned.
    on_epoch : called with (epoch, loss) after each epoch.

    Raises
    ------
    FitError : no windows, a value that is not finite, or a loss that became so.
    SettingsError : initial weights that do not fit the net, or windows that cannot be cut into its batches.
    """
    fitted = _fit_group(
        X, y, net=net, training=training, seeds=(seed,), inits=(init,), validation=validation, on_epoch=on_epoch
    )[0]
    if fitted.problem is not None:
        raise FitError(fitted.problem.template, **fitted.problem.values)
    return fitted


def _fit_group(
    X: Floats,
    y: Floats,
    *,
    net: NetSettings,
    training: TrainingSettings,
    seeds: Sequence[int],
    inits: Sequence[Params | None],
    validation: tuple[Floats, Floats] | None,
    on_epoch: OnEpoch | None = None,
) -> list[Fit]:
    """Train a net a seed, side by side where there are several; X (N, L, F) for all, or (S, N, L, F); y alike."""
    _check(X, y)
    check_batches(net, training, X.shape[-3])
    dtype = DTYPES[training.dtype]
    outputs = y.shape[-1] * training.heads // (X.shape[-2] if net.head == "every-step" else 1)
    with one_thread():
        built = [
            build_net(
                net, input_size=X.shape[-1], seq_len=X.shape[-2], output_size=outputs, seed=seed, init=init, dtype=dtype
            )
            for seed, init in zip(seeds, inits, strict=True)
        ]
        return train(
            built[0] if len(built) == 1 else side_by_side(built),
            Windows(X=_tensor(X, dtype), y=_tensor(y, dtype)),
            training,
            seeds,
            held_out=None
            if validation is None
            else Windows(X=_tensor(validation[0], dtype), y=_tensor(validation[1], dtype)),
            on_epoch=on_epoch,
        )


def predict(params: Params, X: Floats, *, net: NetSettings, outputs: int) -> Float64s:
    """The net with these weights on scaled windows: X (N, L, F) -> (N, K * Q) float64, computed in the weights' dtype."""
    dtype = DTYPES[str(params["w_y"].dtype)]
    built = _loaded(params, X, net, outputs)
    with one_thread(), torch.no_grad():
        return built(_tensor(X, dtype)).double().numpy()  # type: ignore[no-any-return]


def predict_many(X: Float64s, tasks: Sequence[Task], *, net: NetSettings, outputs: int) -> list[Float64s]:
    """Many nets, one after the other; `training.resolve.PredictMany` says what is what."""
    scaled = (((X[task.start : task.stop] - task.x_shift) / task.x_scale, task.init or {}) for task in tasks)
    return [predict(params, windows, net=net, outputs=outputs) for windows, params in scaled]


def attention(params: Params, X: Floats, *, net: NetSettings, outputs: int) -> Float64s:
    """Where a net with attention looks: scaled windows X (N, L, F) -> weights (N, K, L), each row summing to 1."""
    dtype = DTYPES[str(params["w_y"].dtype)]
    built = _loaded(params, X, net, outputs)
    with one_thread(), torch.no_grad():
        return built.attention(_tensor(X, dtype)).double().numpy()


def _loaded(params: Params, X: Floats, net: NetSettings, outputs: int) -> Net:
    dtype = DTYPES[str(params["w_y"].dtype)]
    built = Net(net, input_size=X.shape[2], seq_len=X.shape[1], output_size=outputs).to(dtype)
    built.h_0 = built.h_0.to(dtype)
    built.load(params)
    return built


def _fit_tasks(
    X: Float64s, y: Float64s, tasks: Sequence[Task], net: NetSettings, training: TrainingSettings
) -> list[Fit]:
    """The nets of tasks that are alike, or why there is none."""
    windows = _windows(X, y, tasks, [(task.start, task.stop) for task in tasks])
    spans = [(task.val_start, task.val_stop) for task in tasks]
    try:
        return _fit_group(
            *windows,
            net=net,
            training=replace(training, **tasks[0].changes()),
            seeds=[task.seed for task in tasks],
            inits=[task.init for task in tasks],
            validation=_windows(X, y, tasks, spans) if spans[0][1] > spans[0][0] else None,
        )
    except (FitError, SettingsError) as error:
        problem = Text(error.template, **error.values)
        failed = Fit(params={}, losses=np.empty(0), val_losses=np.empty(0), best_epoch=-1, problem=problem)
        return [failed] * len(tasks)


def _windows(
    X: Float64s, y: Float64s, tasks: Sequence[Task], spans: Sequence[tuple[int, int]]
) -> tuple[Float64s, Float64s]:
    """Scaled windows and targets of some tasks: once where all share them, else one set a task."""

    def scaled(task: Task, span: tuple[int, int]) -> tuple[Float64s, Float64s]:
        own = slice(*span)
        return (X[own] - task.x_shift) / task.x_scale, (y[own] - task.y_shift) / task.y_scale

    first = tasks[0]
    if all(span == spans[0] and _scaled_alike(task, first) for task, span in zip(tasks, spans, strict=True)):
        return scaled(first, spans[0])
    sets = [scaled(task, span) for task, span in zip(tasks, spans, strict=True)]
    return np.stack([windows for windows, _ in sets]), np.stack([targets for _, targets in sets])


def _scaled_alike(a: Task, b: Task) -> bool:
    return all(
        np.array_equal(getattr(a, name), getattr(b, name)) for name in ("x_shift", "x_scale", "y_shift", "y_scale")
    )


def _check(X: Floats, y: Floats) -> None:
    sets = X.shape[: X.ndim - 3]
    if X.ndim < 3 or y.ndim != X.ndim - 1 or y.shape[:-1] != (*sets, X.shape[-3]) or min(*X.shape, *y.shape) == 0:
        raise FitError(
            "expected windows (N, L, F) and targets (N, K) of at least one sample, got {X} and {y}",
            X=X.shape,
            y=y.shape,
        )
    for name, array in (("X", X), ("y", y)):
        bad = int(np.count_nonzero(~np.isfinite(array)))
        if bad:
            raise FitError("{name} holds {bad} values that are not finite; a net cannot be fitted", name=name, bad=bad)


def _tensor(array: Floats, dtype: torch.dtype) -> Tensor:
    return torch.tensor(np.asarray(array), dtype=dtype)


@contextmanager
def one_thread() -> Iterator[None]:
    """Nets of this size run slower on two threads than on one."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
