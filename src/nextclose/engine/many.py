"""Training many independent nets over windows that they share, on all cores."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from functools import partial
from time import thread_time
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from nextclose.core.cells import InitScheme
from nextclose.core.fit import Fit, OnDone, Task
from nextclose.core.types import Params
from nextclose.engine import machine
from nextclose.engine.beside import cores, run_beside
from nextclose.engine.call import Problem, Training, make_fit, make_problem, make_results
from nextclose.engine.inputs import check_init, check_weights, check_windows, choice, fit_dtype, named_dtype, whole
from nextclose.engine.layout import address, pack
from nextclose.engine.scratch import Sizes, kept_batch, laid_out, scratch_for
from nextclose.engine.spec import NetArguments
from nextclose.engine.tasks import Read, make_tables, read_tasks

OnBatches: TypeAlias = Callable[[Sequence[int]], None]
"""Called with the fits done of each batch."""

_CHUNKS = 64
"""Chunks a thread takes at least, so that none waits long for another."""


class Settings(NamedTuple):
    """What `fit_many` takes beside windows and tasks, with the same defaults."""

    cell: str = "rnn"
    hidden_size: int = 10
    num_layers: int = 1
    bias: bool = False
    output_bias: bool = True
    activation: str = "tanh"
    memory: bool = True
    h0: Any = None
    zero_head: bool = False
    init: InitScheme | Params | None = None
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
    loss: str = "mse"
    quantiles: tuple[float, ...] = (0.5,)
    sample_weight: Any = None
    patience: int | None = None
    dtype: Any = None
    head: str = "linear"
    drop_last: bool = False
    restore_best: bool = True

    def training(self) -> Training:
        """How the nets are trained."""
        return Training.of(
            self.optimizer, self.lr, self.momentum, self.weight_decay, self.clip_norm, self.lr_step, self.lr_gamma,
            self.epochs, self.batch_size, self.shuffle, self.patience, self.loss, self.quantiles,
            self.drop_last, self.restore_best,
        )  # fmt: skip

    def net(self, scheme: str, *, has_h0: bool) -> NetArguments:
        """The net that is trained."""
        return NetArguments(
            self.cell, self.hidden_size, self.num_layers, self.bias, self.output_bias, self.activation, self.memory,
            has_h0, scheme, self.zero_head, self.head,
        )  # fmt: skip


class Batched(NamedTuple):
    """What came of one batch of `fit_batches`."""

    fits: tuple[Fit, ...]
    """In the order of the tasks."""
    seconds: float
    """Process time of the threads that fitted them."""


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
    head: str = "linear",
    drop_last: bool = False,
    restore_best: bool = True,
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
    settings = Settings(
        cell, hidden_size, num_layers, bias, output_bias, activation, memory, h0, zero_head, init, optimizer, lr, momentum,
        weight_decay, clip_norm, lr_step, lr_gamma, epochs, batch_size, shuffle, loss, quantiles, sample_weight, patience,
        dtype, head, drop_last, restore_best,
    )  # fmt: skip
    batch = _Batch.of(X, y, tasks, settings)
    workers = cores() if threads is None else whole("threads", threads, 1)
    with _bar(len(tasks), on_done) if progress else nullcontext(on_done) as told:
        _work([batch], workers, None if told is None else partial(_tell_total, told, len(tasks)))
    return batch.fits()


def fit_batches(
    batches: Iterable[Mapping[str, Any]], *, threads: int | None = None, on_done: OnBatches | None = None
) -> tuple[Batched, ...]:
    """Train the tasks of several calls of `fit_many` as one: no core waits for the last task of a batch.

    Parameters
    ----------
    batches : the arguments of one `fit_many` each, X, y and tasks among them; windows and nets may differ.
    threads : as many as there are cores by default.
    on_done : told the fits done of each batch a few times a second.

    Returns
    -------
    One Batched a batch: its fits, the bits of `fit_many`'s own, and the process seconds that they took.

    Raises
    ------
    FitError, SettingsError : as in `fit_many`; nothing is fitted then.
    """
    made = [
        _Batch.of(batch["X"], batch["y"], batch["tasks"], Settings(**_without(batch, "X", "y", "tasks")))
        for batch in batches
    ]
    _work(made, cores() if threads is None else whole("threads", threads, 1), on_done)
    return tuple(Batched(batch.fits(), batch.seconds) for batch in made)


def _without(batch: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in batch.items() if name not in names}


def _tell_total(on_done: OnDone, total: int, done: Sequence[int]) -> None:
    on_done(sum(done), total)


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


class _Batch:
    """Tasks that share windows and net, and the threads' place among them."""

    def __init__(self, problem: Problem, chosen: Sequence[Read], h0: Any) -> None:
        self.problem, self.chosen, self.has_h0 = problem, chosen, h0 is not None
        self.total, self.next, self.done, self.seconds, self.chunk = len(chosen), 0, 0, 0.0, 1
        self.control = pack((0, 0))
        if not chosen:
            return
        tables = make_tables(chosen, problem.plan, h0)
        self.results = make_results(problem.plan, len(chosen), max(task.training.epochs for task in chosen))
        self.arrays = (tables, self.results)  # the kernel knows their addresses only
        self.call = problem.call(tables, self.results, self.control)
        self.kernel = machine.kernel(problem.plan.kind)
        spans = np.asarray(tables.wholes)
        train, held_out, batches = spans[:, 1] - spans[:, 0], spans[:, 3] - spans[:, 2], spans[:, 6]
        laid = max(
            laid_out(windows, batch, problem.plan.dtype)
            for windows, batch in set(zip(train.tolist(), batches.tolist(), strict=True))
        )
        kept = max(kept_batch(problem.plan, *own) for own in zip(train.tolist(), batches.tolist(), strict=True))
        self.sizes = Sizes(int(train.max()), laid, int(held_out.max()), kept)

    @classmethod
    def of(cls, X: Any, y: Any, tasks: Sequence[Task | Mapping[str, Any]], settings: Settings) -> _Batch:
        """Checked; raises FitError or SettingsError for what cannot be meant."""
        kind = fit_dtype(X) if settings.dtype is None else named_dtype(settings.dtype)
        X, y = check_windows(X, y)
        if isinstance(settings.h0, str):
            choice("h0", settings.h0, ("random",))
        training = settings.training()
        weight = None if settings.sample_weight is None else check_weights(settings.sample_weight, len(X), kind)
        scheme, shared = check_init(settings.init)
        chosen = read_tasks(tasks, training, shared, len(X), weight, settings.head)
        has_h0 = settings.h0 is not None or any(task.starts for task in chosen)
        batch = min((task.training.batch_size for task in chosen if task.training.batch_size), default=None)
        problem = make_problem(X, y, weight, settings.net(scheme, has_h0=has_h0), training, kind, batch)
        return cls(problem, chosen, settings.h0)

    def fits(self) -> tuple[Fit, ...]:
        """What came out, in the order of the tasks."""
        return tuple(
            make_fit(
                self.problem.plan, self.results.params[i].copy(), self.results.record[i].copy(), task.training.lr,
                validates=task.validates, starts=self.has_h0 or task.starts,
            )
            for i, task in enumerate(self.chosen)
        )  # fmt: skip

    def take(self, lock: threading.Lock) -> None:
        """Fit chunk after chunk until none is left, or somebody stops it."""
        if self.next == self.total:
            return
        plan, scratch = self.problem.plan, scratch_for(self.problem.plan, self.sizes)
        places = (*plan.at, scratch.at, address(self.call))
        while self.control[0] == 0:
            with lock:
                first, self.next = self.next, min(self.next + self.chunk, self.total)
                stop = self.next
            if first == stop:
                return
            began = thread_time()
            self.kernel(*places, first, stop)
            with lock:
                self.done += stop - first
                self.seconds += thread_time() - began


def _work(batches: Sequence[_Batch], threads: int, on_done: OnBatches | None) -> None:
    """Fit all tasks of all batches, one batch after the other; Ctrl-C stops the kernels between two blocks."""
    lock, total = threading.Lock(), sum(batch.total for batch in batches)
    if not total:
        return
    threads = min(threads, total)
    for batch in batches:
        batch.chunk = max(1, min(256, batch.total // (threads * _CHUNKS)))

    def take() -> None:
        for batch in batches:
            batch.take(lock)

    def stop() -> None:
        for batch in batches:
            batch.control[0] = 1

    def look() -> None:
        if on_done is not None:
            on_done([batch.done for batch in batches])

    run_beside([take] * threads, stop=stop, look=look)
    look()
