"""Training many independent nets over windows that they share, on all cores."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from functools import partial
from typing import Any

import numpy as np

from nextclose.core.cells import InitScheme
from nextclose.core.fit import Fit, OnDone, Task
from nextclose.core.types import Params
from nextclose.engine import machine
from nextclose.engine.beside import run_beside
from nextclose.engine.call import Problem, Results, Tables, Training, make_fit, make_problem, make_results
from nextclose.engine.inputs import check_init, check_weights, check_windows, choice, fit_dtype, named_dtype, whole
from nextclose.engine.layout import address, pack
from nextclose.engine.scratch import Sizes, laid_out, scratch_for
from nextclose.engine.spec import NetArguments
from nextclose.engine.tasks import make_tables, read_tasks

_CHUNKS = 64
"""Chunks a thread takes at least, so that none waits long for another."""


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
    progress: bool = False,
) -> tuple[Fit, ...]:
    """Train one net a task over shared windows; each result depends on its task alone, bit for bit.

    Parameters
    ----------
    X : (N, L, F), y : (N, K), shared by all tasks and never copied for one.
    tasks : Task objects or mappings with their fields: start, stop, val_start, val_stop (windows start..stop-1 train,
        val_start..val_stop-1 validate), seed, init, x_shift, x_scale (F,), y_shift, y_scale (K,), and lr, momentum,
        weight_decay, clip_norm, lr_step, lr_gamma, epochs, batch_size, patience instead of the call's own. Inputs become
        (X - x_shift) / x_scale in float64 before they are cast, targets likewise.
    patience : as in `fit`, for the tasks that have validation windows.
    dtype : float32 or float64 of the fits; X's own by default.
    threads : as many as there are cores by default.
    on_done : told of the progress a few times a second.
    progress : show a bar with the fits done, the rate and the time left.
    The rest as in `fit`.

    Returns
    -------
    One Fit a task, in the order of the tasks. A task that diverged or met a bad value has `problem` set.

    Raises
    ------
    FitError, SettingsError : windows, settings or tasks that cannot be meant; nothing is fitted then.
    """
    kind = fit_dtype(X) if dtype is None else named_dtype(dtype)
    X, y = check_windows(X, y)
    if isinstance(h0, str):
        choice("h0", h0, ("random",))
    training = Training.of(
        optimizer, lr, momentum, weight_decay, clip_norm, lr_step, lr_gamma, epochs, batch_size, shuffle, patience, loss,
        quantiles,
    )  # fmt: skip
    workers = _cores() if threads is None else whole("threads", threads, 1)
    weight = None if sample_weight is None else check_weights(sample_weight, len(X), kind)
    scheme, shared = check_init(init)
    chosen = read_tasks(tasks, training, shared, len(X), weight)
    has_h0 = h0 is not None or any(task.starts for task in chosen)
    net = NetArguments(cell, hidden_size, num_layers, bias, output_bias, activation, memory, has_h0, scheme, zero_head)
    batch = min((task.training.batch_size for task in chosen if task.training.batch_size), default=None)
    problem = make_problem(X, y, weight, net, training, kind, batch)
    if not chosen:
        return ()
    tables = make_tables(chosen, problem.plan, h0)
    results = make_results(problem.plan, len(chosen), max(task.training.epochs for task in chosen))
    with _bar(len(chosen), on_done) if progress else nullcontext(on_done) as told:
        _Pool(problem, tables, results).work(workers, told)
    return tuple(
        make_fit(
            problem.plan, results.params[i].copy(), results.record[i].copy(), task.training.lr,
            validates=task.validates, starts=h0 is not None or task.starts,
        )
        for i, task in enumerate(chosen)
    )  # fmt: skip


@contextmanager
def _bar(tasks: int, on_done: OnDone | None) -> Iterator[OnDone]:
    """A bar on standard error that moves as tasks are done."""
    from nextclose.core.progress import fits_bar

    with fits_bar() as bar:
        row = bar.add_task("fitting", total=tasks)

        def move(done: int, total: int) -> None:
            bar.update(row, completed=done)
            if on_done is not None:
                on_done(done, total)

        yield move


def _cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class _Pool:
    """Threads that take chunks of tasks until none is left."""

    def __init__(self, problem: Problem, tables: Tables, results: Results) -> None:
        self.problem = problem
        self.control = pack((0, 0))
        self.arrays = (tables, results)  # the kernel knows their addresses only
        self.call = problem.call(tables, results, self.control)
        spans = np.asarray(tables.wholes)
        train, held_out, batches = spans[:, 1] - spans[:, 0], spans[:, 3] - spans[:, 2], spans[:, 6]
        laid = max(
            laid_out(windows, batch, problem.plan.dtype)
            for windows, batch in set(zip(train.tolist(), batches.tolist(), strict=True))
        )
        self.sizes = Sizes(int(train.max()), laid, int(held_out.max()))
        self.total, self.next, self.done = len(spans), 0, 0
        self.lock = threading.Lock()

    def work(self, threads: int, on_done: OnDone | None) -> None:
        """Run all tasks; Ctrl-C stops the kernels between two blocks."""
        threads = min(threads, self.total)
        self.chunk = max(1, min(256, self.total // (threads * _CHUNKS)))
        kernel = machine.kernel(self.problem.plan.kind)

        def look() -> None:
            if on_done is not None:
                on_done(self.done, self.total)

        run_beside([partial(self._take, kernel)] * threads, stop=self._stop, look=look)
        look()

    def _stop(self) -> None:
        self.control[0] = 1

    def _take(self, kernel: machine.Kernel) -> None:
        plan, scratch = self.problem.plan, scratch_for(self.problem.plan, self.sizes)
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
