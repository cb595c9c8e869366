"""Training with PyTorch, one net after the other: the reference that every other engine must equal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from time import process_time

import numpy as np
import torch
from torch import Tensor

from nextclose.core.errors import FitError
from nextclose.core.fit import Fit, OnDone, OnEpoch, Task
from nextclose.core.lang import Text
from nextclose.core.seeds import permutation
from nextclose.core.settings import NetSettings, TrainingSettings
from nextclose.core.types import Float64s, Floats, Params
from nextclose.models.net import Net, build_net
from nextclose.training.resolve import Done, Job, OnJobs

DTYPES = {"float32": torch.float32, "float64": torch.float64}


def fit_many(
    X: Float64s,
    y: Float64s,
    tasks: Sequence[Task],
    *,
    net: NetSettings,
    training: TrainingSettings,
    on_done: OnDone | None = None,
) -> tuple[Fit, ...]:
    """One net a task, one after the other; `training.resolve.FitMany` says what is what."""
    fits = []
    for task in tasks:
        fits.append(_fit_task(X, y, task, net, training))
        if on_done is not None:
            on_done(len(fits), len(tasks))
    return tuple(fits)


def fit_jobs(
    jobs: Sequence[Job],
    on_done: OnJobs | None = None,
    threads: int | None = None,  # noqa: ARG001
) -> tuple[Done, ...]:
    """One net after the other, on one thread whatever is asked for; `training.resolve.FitJobs` says what is what."""
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
    SettingsError : initial weights that do not fit the net.
    """
    _check(X, y)
    dtype = DTYPES[training.dtype]
    with _one_thread():
        built = build_net(
            net, input_size=X.shape[2], seq_len=X.shape[1], output_size=y.shape[1] * training.heads, seed=seed, init=init,
            dtype=dtype,
        )  # fmt: skip
        held_out = None if validation is None else (_tensor(validation[0], dtype), _tensor(validation[1], dtype))
        return _train(built, _tensor(X, dtype), _tensor(y, dtype), training, seed, held_out, on_epoch)


def predict(params: Params, X: Floats, *, net: NetSettings) -> Float64s:
    """The net with these weights on scaled windows: X (N, L, F) -> (N, K * Q) float64, computed in the weights' dtype."""
    dtype = DTYPES[str(params["w_y"].dtype)]
    built = Net(net, input_size=X.shape[2], seq_len=X.shape[1], output_size=len(params["w_y"])).to(dtype)
    built.h_0 = built.h_0.to(dtype)
    built.load(params)
    with _one_thread(), torch.no_grad():
        return built(_tensor(X, dtype)).double().numpy()  # type: ignore[no-any-return]


def predict_many(X: Float64s, tasks: Sequence[Task], *, net: NetSettings) -> list[Float64s]:
    """Many nets, one after the other; `training.resolve.PredictMany` says what is what."""
    scaled = (((X[task.start : task.stop] - task.x_shift) / task.x_scale, task.init or {}) for task in tasks)
    return [predict(params, windows, net=net) for windows, params in scaled]


def _fit_task(X: Float64s, y: Float64s, task: Task, net: NetSettings, training: TrainingSettings) -> Fit:
    """One task's net, or why there is none."""
    windows, held_out = (
        ((X[start:stop] - task.x_shift) / task.x_scale, (y[start:stop] - task.y_shift) / task.y_scale)
        for start, stop in ((task.start, task.stop), (task.val_start, task.val_stop))
    )
    validation = held_out if task.val_stop > task.val_start else None
    try:
        return fit(
            *windows,
            net=net,
            training=replace(training, **task.changes()),
            seed=task.seed,
            init=task.init,
            validation=validation,
        )
    except FitError as error:
        problem = Text(error.template, **error.values)
        return Fit(params={}, losses=np.empty(0), val_losses=np.empty(0), best_epoch=-1, problem=problem)


def _train(
    net: Net,
    X: Tensor,
    y: Tensor,
    training: TrainingSettings,
    seed: int,
    held_out: tuple[Tensor, Tensor] | None,
    on_epoch: OnEpoch | None,
) -> Fit:
    weights = [weight for weight in net.weights().values() if weight.requires_grad]
    optimizer = _make_optimizer(weights, training)
    schedule = torch.optim.lr_scheduler.StepLR(optimizer, training.lr_step or training.epochs, training.lr_gamma)
    losses: list[float] = []
    val_losses: list[float] = []
    best, best_epoch = net.params(), 0
    for epoch in range(training.epochs):
        losses.append(_epoch(net, X, y, weights, optimizer, training, seed, epoch))
        schedule.step()
        if not np.isfinite(losses[-1]):
            raise FitError(
                "training diverged: the loss of epoch {epoch} is {loss}. Lower the learning rate (lr is {lr}).",
                epoch=epoch,
                loss=losses[-1],
                lr=training.lr,
            )
        if on_epoch is not None:
            on_epoch(epoch, losses[-1])
        if held_out is None:
            continue
        with torch.no_grad():
            val_losses.append(float(_loss(net(held_out[0]), held_out[1], training)))
        if val_losses[-1] <= min(val_losses):
            best, best_epoch = net.params(), epoch
        if training.patience is not None and epoch - best_epoch >= training.patience:
            break
    if held_out is None:
        best, best_epoch = net.params(), len(losses) - 1
    return Fit(params=best, losses=np.array(losses), val_losses=np.array(val_losses), best_epoch=best_epoch)


def _epoch(
    net: Net,
    X: Tensor,
    y: Tensor,
    weights: list[torch.nn.Parameter],
    optimizer: torch.optim.Optimizer,
    training: TrainingSettings,
    seed: int,
    epoch: int,
) -> float:
    """One pass over all windows; the sample-weighted mean of the batch losses, each taken before its update."""
    total = 0.0
    for X_batch, y_batch in _batches(X, y, training, seed, epoch):
        optimizer.zero_grad()
        loss = _loss(net(X_batch), y_batch, training)
        loss.backward()  # type: ignore[no-untyped-call]
        if training.clip_norm is not None:
            torch.nn.utils.clip_grad_norm_(weights, training.clip_norm)
        optimizer.step()
        total += loss.item() * len(X_batch)
    return total / len(X)


def _loss(yhat: Tensor, y: Tensor, training: TrainingSettings) -> Tensor:
    """The mean loss of outputs (N, K * Q), ordered by session, then quantile, against y (N, K).

    Pinball (Koenker & Bassett 1978) is max(q d, (q - 1) d), d = y - yhat; its slope at d = 0 is q - 1.
    """
    if training.loss == "mse":
        return torch.nn.functional.mse_loss(yhat, y)
    q = torch.tensor(training.quantiles, dtype=y.dtype)
    d = y[:, :, None] - yhat.view(*y.shape, len(q))  # (N, K, Q)
    return (torch.where(d > 0.0, q, q - 1.0) * d).mean()


def _batches(
    X: Tensor, y: Tensor, training: TrainingSettings, seed: int, epoch: int
) -> Iterator[tuple[Tensor, Tensor]]:
    if training.shuffle:
        order = torch.from_numpy(permutation(seed, epoch, len(X)))
        X, y = X[order], y[order]
    size = training.batch_size or len(X)
    return zip(torch.split(X, size), torch.split(y, size), strict=True)


def _make_optimizer(weights: list[torch.nn.Parameter], training: TrainingSettings) -> torch.optim.Optimizer:
    lr, decay = training.lr, training.weight_decay
    if training.optimizer == "sgd":
        return torch.optim.SGD(weights, lr=lr, momentum=training.momentum, weight_decay=decay)
    if training.optimizer == "rmsprop":
        return torch.optim.RMSprop(weights, lr=lr, momentum=training.momentum, weight_decay=decay)
    if training.optimizer == "adamw":
        return torch.optim.AdamW(weights, lr=lr, weight_decay=decay)
    return torch.optim.Adam(weights, lr=lr, weight_decay=decay)


def _check(X: Floats, y: Floats) -> None:
    if X.ndim != 3 or y.ndim != 2 or len(X) != len(y) or min(*X.shape, *y.shape) == 0:
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
def _one_thread() -> Iterator[None]:
    """Nets of this size run slower on two threads than on one."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
