"""Training one net on more windows than memory holds, with all cores inside the fit."""

from __future__ import annotations

from typing import Any

import numpy as np

from nextclose.core.cells import InitScheme
from nextclose.core.errors import FitError, SettingsError
from nextclose.core.fit import Fit, OnDone
from nextclose.core.types import Ints, Params
from nextclose.engine.beside import cores
from nextclose.engine.call import Shape, Training, make_fit, make_plan
from nextclose.engine.course import Course
from nextclose.engine.crew import Crew
from nextclose.engine.fit import start_row
from nextclose.engine.inputs import check_init, named_dtype, seed_of, whole
from nextclose.engine.source import Source, Windows, check_rows
from nextclose.engine.spec import NetArguments
from nextclose.engine.store import Store
from nextclose.engine.turns import Cut


def fit_pooled(
    windows: Windows,
    train: Any,
    *,
    held_out: Any = None,
    cell: str = "rnn",
    hidden_size: int = 10,
    num_layers: int = 1,
    bias: bool = False,
    output_bias: bool = True,
    activation: str = "tanh",
    memory: bool = True,
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
    patience: int | None = None,
    seed: int = 0,
    dtype: Any = "float32",
    threads: int | None = None,
    on_batch: OnDone | None = None,
) -> Fit:
    """Train one net on windows that are made chunk by chunk; the same bits whatever the number of threads.

    A batch is cut into chunks of at most 1,024 windows, each thread computes the gradients of whole chunks, and they are
    summed in float64 in the order of the chunks. So a batch of one chunk moves the weights as `fit` does, bit for bit, and a
    larger one to rounding. What lies in memory is a few chunks a thread, and with `shuffle` 16 bytes a window.

    Parameters
    ----------
    windows : an object with `take(rows)`: window numbers (m,) int64 -> X (m, L, F) and y (m, K), scaled and finite. It is
        called from several threads at once, ahead of the update that comes before; fast where it is numpy that lets other
        threads run, and where its arrays are in the fit's dtype and C-contiguous.
    train : how many windows train, 0..train-1, or their numbers (N,).
    held_out : numbers (M,) of the windows whose loss is taken after each epoch; the weights after the best epoch are
        returned. patience : epochs without a better one before training stops, which needs held-out windows.
    batch_size : None is the full batch. shuffle : a new order every epoch, that of `fit` for the same seed.
    dtype : float32 or float64 of the fit.
    threads : as many as there are cores by default.
    on_batch : called with (updates done, updates in all) from the caller's thread, a few times a second and at the end.
    The rest as in `fit`.

    Returns
    -------
    Fit : as `fit` returns it.

    Raises
    ------
    FitError : windows of a wrong shape, values that are not finite, or a loss that became so.
    SettingsError : settings or initial weights that do not fit the net.
    Whatever `take` or `on_batch` raises; Ctrl-C ends the threads first.
    """
    kind, seed = named_dtype(dtype), seed_of(seed)
    workers = cores() if threads is None else whole("threads", threads, 1)
    scheme, given = check_init(init)
    training = Training.of(
        optimizer, lr, momentum, weight_decay, clip_norm, lr_step, lr_gamma, epochs, batch_size, shuffle, patience, loss,
        quantiles,
    )  # fmt: skip
    training.check()
    if patience is not None and held_out is None:
        raise SettingsError("patience needs validation windows: without them nothing can stop early")
    numbers, count = _train_rows(train)
    held = np.empty(0, dtype=np.int64) if held_out is None else check_rows("held_out", held_out)
    source = Source.of(windows, np.zeros(1, dtype=np.int64) if numbers is None else numbers[:1], kind)
    has_h0 = given is not None and "h_0" in given
    net = NetArguments(cell, hidden_size, num_layers, bias, output_bias, activation, memory, has_h0, scheme, zero_head)
    plan = make_plan(net, training, Shape(source.steps, source.columns, source.targets, kind.char), False)
    cut = Cut(count, len(held), min(training.batch_size or count, count), training.epochs, training.shuffle)
    store = Store(plan, training, cut.widest, seed, start_row(plan.spec, given, None, seed))
    course = Course(training, cut, plan.spec.net.output_size)
    crew = Crew(store, course, source, numbers, held, cut)

    def look() -> None:
        if on_batch is not None:
            on_batch(course.updates, cut.epochs * cut.updates)

    crew.run(min(workers, 2 * cut.widest), look)
    look()
    weights, record = course.outcome(store.params[0])
    fitted = make_fit(plan, weights, record, lr, validates=len(held) > 0)
    if fitted.problem is not None:
        raise FitError(fitted.problem.template, **fitted.problem.values)
    return fitted


def _train_rows(train: Any) -> tuple[Ints | None, int]:
    """The numbers of the train windows, None where they are 0, 1, 2, ..., and how many there are."""
    if np.ndim(train) == 0:
        return None, whole("train", train, 1)
    rows = check_rows("train", train)
    return rows, len(rows)
