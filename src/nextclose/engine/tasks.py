"""Tasks as the tables that a kernel reads."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import fields
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from nextclose.core.errors import FitError, NextcloseError, SettingsError
from nextclose.core.fit import Task, check_batches
from nextclose.core.lang import Text
from nextclose.core.suggest import did_you_mean
from nextclose.core.types import Float64s, Floats, Params
from nextclose.engine.call import Plan, Tables, Training
from nextclose.engine.fit import signed, start_row
from nextclose.engine.inputs import check_init, seed_of

_SCALING = ("x_shift", "x_scale", "y_shift", "y_scale")
_FIELDS = [field.name for field in fields(Task)]


class Read(NamedTuple):
    """A task that was checked, with the settings that it is trained with."""

    task: Task
    training: Training
    seed: int
    init: Params | None

    @property
    def starts(self) -> bool:
        """Whether its initial weights have an h_0."""
        return self.init is not None and "h_0" in self.init

    @property
    def validates(self) -> bool:
        """Whether it has validation windows."""
        return self.task.val_stop > self.task.val_start


def read_tasks(
    tasks: Sequence[Task | Mapping[str, Any]],
    training: Training,
    init: Params | None,
    windows: int,
    weight: Floats | None,
    head: str,
) -> tuple[Read, ...]:
    """Checked tasks; training and init are the call's, which a task may change.

    Raises
    ------
    FitError, SettingsError : what cannot be meant, with the task's number.
    """
    read = []
    for number, task in enumerate(tasks):
        try:
            read.append(_read(task, training, init, windows, weight, head))
        except NextcloseError as error:
            raise _in_task(error, number) from None
    return tuple(read)


def _read(
    given: Task | Mapping[str, Any],
    training: Training,
    init: Params | None,
    windows: int,
    weight: Floats | None,
    head: str,
) -> Read:
    task = _as_task(given)
    changed = task.changes()
    own = Training.of(*training._replace(**changed)) if changed else training
    if changed:
        own.check()
    spans = (("start", "stop", task.start, task.stop, 1), ("val_start", "val_stop", task.val_start, task.val_stop, 0))
    for begin, end, start, stop, least in spans:
        if not (_is_whole(start) and _is_whole(stop) and 0 <= start <= stop - least <= windows - least):
            raise FitError(
                "expected 0 <= {begin} < {end} <= {windows}, got {start} and {stop}",
                begin=begin, end=end, windows=windows, start=start, stop=stop,
            )  # fmt: skip
    check_batches(task.stop - task.start, own.batch_size, drop_last=own.drop_last, normalises=head == "batchnorm")
    if weight is not None and not weight[task.start : task.stop].any():
        raise FitError("the sample weights of its windows are all 0")
    if isinstance(task.init, str):
        raise SettingsError("init: expected weights by name, got {got}", got=task.init)
    return Read(task, own, seed_of(task.seed), check_init(task.init)[1] if task.init is not None else init)


def _as_task(given: Task | Mapping[str, Any]) -> Task:
    if isinstance(given, Task):
        return given
    if not isinstance(given, Mapping):
        raise SettingsError("expected an engine.Task or a mapping of its fields, got {got}", got=type(given).__name__)
    for name in given:
        if name not in _FIELDS:
            raise SettingsError(
                "unknown field '{name}'; expected some of {known}.{hint}",
                name=name, known=", ".join(_FIELDS), hint=did_you_mean(str(name), _FIELDS),
            )  # fmt: skip
    for name in ("start", "stop"):
        if name not in given:
            raise SettingsError("'{name}' is missing", name=name)
    return Task(**given)


def _in_task(error: NextcloseError, number: int) -> NextcloseError:
    """The error with the task's number before it."""
    told = Text("task {number}: {problem}", number=number, problem=Text(error.template, **error.values))
    return type(error)(told.template, **told.values)


def _is_whole(number: object) -> bool:
    return isinstance(number, int | np.integer)


def make_tables(read: Sequence[Read], plan: Plan, h0: Any) -> Tables:
    """The tables of a call; tasks with the same scaling or the same initial weights share a row."""
    scales, starts, wholes = Rows(), Rows(), []
    for number, (task, training, seed, init) in enumerate(read):
        scaling = (task.x_shift, task.x_scale, task.y_shift, task.y_scale)
        drawn = init is None or (isinstance(h0, str) and "h_0" not in init)
        start_key = (id(init), seed if drawn and plan.spec.net.starts else None)  # the tasks keep what they name alive
        try:
            place = scales.place(
                tuple(map(id, scaling)), partial(scale_row, scaling, plan.job.columns, plan.job.targets)
            )
            start = starts.place(start_key, partial(start_row, plan.spec, init, h0, seed))
        except NextcloseError as error:
            raise _in_task(error, number) from None
        span = (task.start, task.stop, task.val_start, task.val_stop)
        wholes.append((*span, signed(seed), *training.counts(), start, place))
    rates = np.array([one.training.rates() for one in read])
    return Tables(np.array(wholes, dtype=np.int64), rates, scales.table(), starts.table() if starts.rows else None)


class Rows:
    """A table whose rows stand in it once, however many tasks name them."""

    def __init__(self) -> None:
        self.rows: list[Float64s] = []
        self.places: dict[Hashable, int] = {}

    def place(self, key: Hashable, make: Callable[[], Float64s | None]) -> int:
        """Where the row of a key stands; -1 if it has none. `make` is called once a key."""
        if key not in self.places:
            row = make()
            self.places[key] = -1 if row is None else len(self.rows)
            self.rows += [] if row is None else [row]
        return self.places[key]

    def table(self) -> Float64s:
        """(rows, columns)."""
        return np.stack(self.rows)


def scale_row(scaling: Sequence[Any], F: int, K: int) -> Float64s:
    """x_shift, x_scale, y_shift, y_scale as one row."""
    parts = [
        _columns(field, value, columns) for field, value, columns in zip(_SCALING, scaling, (F, F, K, K), strict=True)
    ]
    row = np.concatenate(parts)
    if not (np.isfinite(row).all() and parts[1].all() and parts[3].all()):
        raise FitError("{field}: expected finite numbers, and none of 0 for a scale", field=_bad_field(parts))
    return row


def _columns(field: str, value: Any, columns: int) -> Float64s:
    """One number a column."""
    numbers: Float64s = np.asarray(value, dtype=np.float64)
    if numbers.shape == (columns,):
        return numbers
    try:
        return np.broadcast_to(numbers, (columns,))
    except ValueError as error:
        raise FitError(
            "{field}: expected {columns} numbers a task ({error})", field=field, columns=columns, error=error
        ) from None


def _bad_field(parts: Sequence[Float64s]) -> str:
    return next(
        field
        for field, part in zip(_SCALING, parts, strict=True)
        if not np.isfinite(part).all() or (field.endswith("scale") and not part.all())
    )
