"""Tasks as the tables that a kernel reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

import numpy as np

from nextclose.core.errors import FitError, SettingsError
from nextclose.core.fit import Task
from nextclose.core.suggest import did_you_mean
from nextclose.core.types import Float64s, Floats
from nextclose.engine.call import Tables, Training
from nextclose.engine.fit import signed

_OWN = ("lr", "momentum", "weight_decay", "clip_norm", "lr_step", "lr_gamma", "epochs", "batch_size", "patience")
"""Settings that a task may have of its own."""
_SCALING = ("x_shift", "x_scale", "y_shift", "y_scale")


def as_task(task: Task | Mapping[str, Any], number: int) -> Task:
    """A task from its fields. Raises SettingsError for unknown or missing ones."""
    if isinstance(task, Task):
        if task.init is not None and not isinstance(task.init, Mapping):
            raise SettingsError(
                "task {number}: init: expected weights by name, got {got}", number=number, got=task.init
            )
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
    return as_task(Task(**task), number)


def own_training(task: Task, training: Training, number: int, windows: int, weight: Floats | None) -> Training:
    """The call's settings with what the task changes.

    Raises
    ------
    FitError, SettingsError : spans that are none, weights that are all 0, or settings that cannot be meant.
    """
    changed = {name: getattr(task, name) for name in _OWN if getattr(task, name) is not None}
    own = training._replace(**changed)
    if changed:
        own.check()
    spans = (("start", "stop", task.start, task.stop, 1), ("val_start", "val_stop", task.val_start, task.val_stop, 0))
    for begin, end, start, stop, least in spans:
        if not (_is_whole(start) and _is_whole(stop) and 0 <= start <= stop - least <= windows - least):
            raise FitError(
                "task {number}: expected 0 <= {begin} < {end} <= {windows}, got {start} and {stop}",
                number=number, begin=begin, end=end, windows=windows, start=start, stop=stop,
            )  # fmt: skip
    if weight is not None and not weight[task.start : task.stop].any():
        raise FitError("task {number}: the sample weights of its windows are all 0", number=number)
    return own


def _is_whole(number: object) -> bool:
    return isinstance(number, int | np.integer)


def make_tables(
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
