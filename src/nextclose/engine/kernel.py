"""Calling the kernel with one task: stoppable, with its epochs told."""

from __future__ import annotations

from array import array
from collections.abc import Callable

from nextclose.core.fit import OnEpoch
from nextclose.engine import machine
from nextclose.engine.beside import run_beside
from nextclose.engine.call import Problem, Results, Tables
from nextclose.engine.layout import STATUS, address, pack
from nextclose.engine.scratch import Sizes, scratch_for

DIRECT = 1e8
"""Multiplications up to which a call stays in its thread: some ten milliseconds, too short to wish to stop it."""


def run_one(
    problem: Problem,
    tables: Tables,
    results: Results,
    sizes: Sizes,
    work: float,
    on_epoch: OnEpoch | None = None,
    tasks: int = 1,
) -> None:
    """Run the tasks of a call of about `work` multiplications; long ones beside a caller that hears Ctrl-C.

    on_epoch is called from the caller's thread: in the meantime for a long call, afterwards for a short one.
    """
    control = pack((0, 0, 0))
    kernel = machine.kernel(problem.plan.kind)

    def run() -> None:
        room, call = scratch_for(problem.plan, sizes), problem.call(tables, results, control)
        kernel(*problem.plan.at, room.at, address(call), 0, tasks)

    if work < DIRECT:
        run()
    else:
        _run_long(run, control, results, on_epoch)
    if on_epoch is not None:
        _tell(on_epoch, control, results)


def _run_long(run: Callable[[], None], control: array[int], results: Results, on_epoch: OnEpoch | None) -> None:
    def stop() -> None:
        control[0] = 1

    def look() -> None:
        if on_epoch is not None:
            _tell(on_epoch, control, results)

    run_beside([run], stop=stop, look=look)


def _tell(on_epoch: OnEpoch, control: array[int], results: Results) -> None:
    """The epochs that were finished since this was called before; control[2] keeps how many were told."""
    for epoch in range(control[2], control[1]):
        control[2] = epoch + 1
        on_epoch(epoch, float(results.record[0, STATUS + epoch]))
