"""Training many independent nets over windows that they share, on all cores."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from typing import Any

import numpy as np

from nextclose.core.cells import InitScheme
from nextclose.core.errors import FitError, SettingsError
from nextclose.core.fit import Fit, Task
from nextclose.core.suggest import did_you_mean
from nextclose.core.types import Float64s, Params
from nextclose.engine import machine
from nextclose.engine.call import Problem, Results, Tables, Training, make_fit, make_problem, make_results
from nextclose.engine.fit import signed, start_row
from nextclose.engine.inputs import check_windows, choice, fit_dtype
from nextclose.engine.layout import VECTOR_BYTES, address, pack
from nextclose.engine.scratch import Scratch, scratch_for
from nextclose.engine.spec import NetArguments

OnDone = Callable[[int, int], None]
"""Called with (tasks done, tasks in all) a few times a second."""

_LOOK = 0.1
_SCALING = ("x_shift", "x_scale", "y_shift", "y_scale")
_CHUNKS = 64
"""Chunks a thread takes at least, so that none waits long for another."""


_OWN = ("lr", "momentum", "weight_decay", "clip_norm", "lr_step", "lr_gamma", "epochs", "batch_size", "patience")


def fit_many(
    X: Any,
    y: Any,
    tasks: Sequence[Task | Mapping[str, Any]],
    *,
    cell: str = "rnn",
    hidden_size: int = 10,
    num_layers: int = 1,
    bias: bool = False,
    output_bias: bool = True,
    activation: str = "tanh",
    memory: bool = True,
    h0: Any = None,
    zero_head: bool = False,
    init: InitScheme | Params | None = None,
    optimizer: str = "sgd",
    lr: float = 0.005,
    momentum: float = 0.0,
    weight_decay: float = 0.0,
    clip_norm: float | None = None,
    lr_step: int | None = None,
    lr_gamma: float = 0.1,
    epochs: int = 100,
    batch_size: int | None = None,
    shuffle: bool = False,
    loss: str = "mse",
    quantiles: tuple[float, ...] = (0.5,),
    sample_weight: Any = None,
    patience: int | None = None,
    dtype: Any = None,
    threads: int | None = None,
    on_done: OnDone | None = None,
) -> tuple[Fit, ...]:
    """Train one net a task over shared windows; each result depends on its task alone, bit for bit.

    Parameters
    ----------
    X : (N, L, F), y : (N, K), shared by all tasks and never copied for one.
    tasks : Task objects or mappings with their fields.
    dtype : float32 or float64 of the fits; X's own by default.
    threads : as many as there are cores by default.
    on_done : told of the progress a few times a second.
    The rest as in `fit`.

    Returns
    -------
    One Fit a task, in the order of the tasks. A task that diverged or met a bad value has `problem` set.

    Raises
    ------
    FitError, SettingsError : windows, settings or tasks that cannot be meant; nothing is fitted then.
    """
    kind = fit_dtype(X) if dtype is None else np.dtype(dtype)
    X, y = check_windows(X, y)
    training = Training(
        optimizer, lr, momentum, weight_decay, clip_norm, lr_step, lr_gamma, epochs, batch_size, shuffle, patience, loss,
        quantiles,
    )  # fmt: skip
    chosen = [_as_task(task, number) for number, task in enumerate(tasks)]
    if isinstance(h0, str):
        choice("h0", h0, ("random",))
    scheme, shared = (init, None) if isinstance(init, str) else ("linear", init)
    starts = [task.init if task.init is not None else shared for task in chosen]
    has_h0 = h0 is not None or any(start is not None and "h_0" in start for start in starts)
    net = NetArguments(cell, hidden_size, num_layers, bias, output_bias, activation, memory, has_h0, scheme, zero_head)
    problem = make_problem(X, y, sample_weight, net, training, kind)
    if not chosen:
        return ()
    trainings = [_own_training(task, training, number, len(X)) for number, task in enumerate(chosen)]
    spec = problem.plan.spec
    rows = [start_row(spec, start, h0, task.seed) for start, task in zip(starts, chosen, strict=True)]
    tables = _tables(chosen, trainings, rows, X.shape[2], y.shape[1])
    results = make_results(problem.plan, len(chosen), max(own.epochs for own in trainings))
    _Pool(problem, tables, results).work(threads or os.cpu_count() or 1, on_done)
    return tuple(
        make_fit(spec, results, i, own.lr, task.val_stop > task.val_start)
        for i, (task, own) in enumerate(zip(chosen, trainings, strict=True))
    )


class _Pool:
    """Threads that take chunks of tasks until none is left."""

    def __init__(self, problem: Problem, tables: Tables, results: Results) -> None:
        self.problem = problem
        self.control = pack((0, 0))
        self.arrays = (tables, results)  # the kernel knows their addresses only
        self.call = problem.call(tables, results, self.control)
        spans = np.asarray(tables.wholes)
        train, held_out, batch = spans[:, 1] - spans[:, 0], spans[:, 3] - spans[:, 2], spans[:, 6]
        batch = np.where((batch > 0) & (batch < train), batch, train)
        lanes = VECTOR_BYTES // problem.plan.dtype.itemsize
        laid = int((-(-train // batch) * (-(-batch // lanes) * lanes)).max())
        self.sizes = {"train": int(train.max()), "laid": laid, "held_out": int(held_out.max())}
        self.total, self.next, self.done = len(spans), 0, 0
        self.lock = threading.Lock()
        self.failed: list[BaseException] = []

    def work(self, threads: int, on_done: OnDone | None) -> None:
        """Run all tasks; Ctrl-C stops the kernels between two blocks."""
        threads = min(threads, self.total)
        self.chunk = max(1, min(256, self.total // (threads * _CHUNKS)))
        kernel = machine.kernel(self.problem.plan.kind)
        workers = [threading.Thread(target=self._take, args=(kernel,), daemon=True) for _ in range(threads)]
        for worker in workers:
            worker.start()
        try:
            for worker in workers:
                while worker.is_alive():
                    worker.join(_LOOK)
                    if on_done is not None:
                        on_done(self.done, self.total)
        except BaseException:
            self.control[0] = 1
            for worker in workers:
                worker.join()
            raise
        if self.failed:
            raise self.failed[0]
        if on_done is not None:
            on_done(self.total, self.total)

    def _scratch(self) -> Scratch:
        return scratch_for(self.problem.plan, **self.sizes)

    def _take(self, kernel: machine.Kernel) -> None:
        try:
            plan, scratch = self.problem.plan, self._scratch()
            places = (*plan.at, scratch.at, address(self.call))
            while self.control[0] == 0:
                with self.lock:
                    first, self.next = self.next, min(self.next + self.chunk, self.total)
                    stop = self.next
                if first == stop:
                    return
                kernel(*places, first, stop)
                with self.lock:
                    self.done += stop - first
        except BaseException as error:
            self.failed.append(error)


def _as_task(task: Task | Mapping[str, Any], number: int) -> Task:
    if isinstance(task, Task):
        return task
    known = [field.name for field in fields(Task)]
    for name in task:
        if name not in known:
            raise SettingsError(
                "task {number}: unknown field '{name}'; expected some of {known}.{hint}",
                number=number, name=name, known=", ".join(known), hint=did_you_mean(name, known),
            )  # fmt: skip
    for name in ("start", "stop"):
        if name not in task:
            raise SettingsError("task {number}: '{name}' is missing", number=number, name=name)
    return Task(**task)


def _own_training(task: Task, training: Training, number: int, windows: int) -> Training:
    """The call's settings with what the task changes."""
    changed = {name: getattr(task, name) for name in _OWN if getattr(task, name) is not None}
    own = training._replace(**changed)
    if changed:
        own.check()
    spans = (("start", "stop", task.start, task.stop, 1), ("val_start", "val_stop", task.val_start, task.val_stop, 0))
    for begin, end, start, stop, least in spans:
        if not 0 <= start <= stop - least <= windows - least:
            raise FitError(
                "task {number}: expected 0 <= {begin} < {end} <= {windows}, got {start} and {stop}",
                number=number, begin=begin, end=end, windows=windows, start=start, stop=stop,
            )  # fmt: skip
    return own


def _tables(
    tasks: Sequence[Task], trainings: Sequence[Training], starts: Sequence[Float64s | None], F: int, K: int
) -> Tables:
    """The tables of a call; tasks with the same scaling or the same initial weights share a row."""
    scalings = [(task.x_shift, task.x_scale, task.y_shift, task.y_scale) for task in tasks]
    rows = {tuple(map(id, scaling)): scaling for scaling in scalings}
    row_of = {ids: row for row, ids in enumerate(rows)}
    places = [row_of[tuple(map(id, scaling))] for scaling in scalings]
    given = [start for start in starts if start is not None]
    numbers = np.cumsum([start is not None for start in starts]) - 1
    wholes = [
        (
            task.start, task.stop, task.val_start, task.val_stop, signed(task.seed), *own.counts(),
            -1 if start is None else int(number), place,
        )
        for task, own, start, number, place in zip(tasks, trainings, starts, numbers, places, strict=True)
    ]  # fmt: skip
    return Tables(
        wholes=np.array(wholes, dtype=np.int64),
        rates=np.array([own.rates() for own in trainings]),
        scales=np.stack([_scale_row(scaling, F, K) for scaling in rows.values()]),
        init=np.stack(given) if given else np.empty((0, 0)),
    )


def _scale_row(scaling: Sequence[Any], F: int, K: int) -> Float64s:
    """x_shift, x_scale, y_shift, y_scale as one row."""
    parts = []
    for field, value, columns in zip(_SCALING, scaling, (F, F, K, K), strict=True):
        try:
            part = np.broadcast_to(np.asarray(value, dtype=np.float64), (columns,))
        except ValueError as error:
            raise FitError(
                "{field}: expected {columns} numbers a task ({error})", field=field, columns=columns, error=error
            ) from None
        if not np.isfinite(part).all() or (field.endswith("scale") and not part.all()):
            raise FitError("{field}: expected finite numbers, and none of 0 for a scale", field=field)
        parts.append(part)
    return np.concatenate(parts)
