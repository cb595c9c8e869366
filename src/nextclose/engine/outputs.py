"""The outputs of many nets in one call, each on windows of its own."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from nextclose.core.errors import FitError
from nextclose.core.fit import Task
from nextclose.core.types import Floats, Params
from nextclose.engine.call import Problem, Results, Tables, Training, plan_of
from nextclose.engine.inputs import check_inputs, fit_dtype
from nextclose.engine.kernel import run_one
from nextclose.engine.layout import STATUS
from nextclose.engine.passes import check_record, pass_job, spec_of
from nextclose.engine.scratch import Sizes
from nextclose.engine.spec import block_size, flatten
from nextclose.engine.tasks import Rows, scale_row

_COUNTS = Training().counts()


def predict_many(X: Any, tasks: Sequence[Task], *, cell: str = "rnn", activation: str = "tanh") -> tuple[Floats, ...]:
    """The outputs (n, K) of each task's net, whose weights are its `init`, in their dtype; the bits of `predict`.

    Parameters
    ----------
    X : (N, L, F), shared by all tasks.
    tasks : nets of one shape and dtype, each on its windows start..stop-1, which become (X - x_shift) / x_scale.

    Raises
    ------
    FitError : windows of a wrong shape, that are not there, or with values that are not finite.
    SettingsError : weights that are no nets of this cell and of one shape.
    """
    X, nets = check_inputs(X), [_weights(task, number) for number, task in enumerate(tasks)]
    if not nets:
        return ()
    for task in tasks:
        if not 0 <= task.start < task.stop <= len(X):
            raise FitError(
                "expected 0 <= {begin} < {end} <= {windows}, got {start} and {stop}",
                begin="start", end="stop", windows=len(X), start=task.start, stop=task.stop,
            )  # fmt: skip
    spec, dtype = spec_of(nets, X, cell, activation, False), fit_dtype(np.asarray(nets[0]["w_y"]))
    plan = plan_of(spec, pass_job(spec, block_size(spec, dtype.itemsize), X, 1), (), dtype)
    ends = np.cumsum([task.stop - task.start for task in tasks])
    outputs = np.empty((int(ends[-1]), spec.net.output_size), dtype)
    params, record = np.empty((len(nets), spec.net.total), dtype), np.zeros((len(nets), STATUS + 2))
    results = Results(params, record, 1, outputs, np.empty(spec.net.trained, dtype), np.empty(0, dtype))
    starts = [0, *ends[:-1].tolist()]
    problem = Problem(plan, X, np.zeros((len(X), 1)), None)
    work = float(spec.net.trained * spec.net.seq_len * len(outputs))
    longest = max(task.stop - task.start for task in tasks)
    scales = Rows()
    places = [
        scales.place(
            (id(task.x_shift), id(task.x_scale)),
            partial(scale_row, (task.x_shift, task.x_scale, 0.0, 1.0), X.shape[2], 1),
        )
        for task in tasks
    ]
    wholes = [
        (task.start, task.stop, row, 0, 0, *_COUNTS, i, place)
        for i, (task, row, place) in enumerate(zip(tasks, starts, places, strict=True))
    ]
    tables = Tables(
        np.array(wholes, dtype=np.int64),
        array("d", Training().rates()),
        scales.table(),
        np.stack([flatten(net, spec) for net in nets]),
    )
    run_one(problem, tables, results, Sizes(longest), work, tasks=len(nets))
    check_record(results)
    return tuple(outputs[start:stop] for start, stop in zip(starts, ends.tolist(), strict=True))


def _weights(task: Task, number: int) -> Params:
    if task.init is None:
        raise FitError("task {number}: expected a net's weights as its init", number=number)
    return task.init
