"""Calling the kernel with one task: stoppable, with its epochs told."""

from __future__ import annotations

import threading
from array import array

from nextclose.core.fit import OnEpoch
from nextclose.core.types import Float64s
from nextclose.engine import machine
from nextclose.engine.call import Problem, Results, Tables
from nextclose.engine.layout import STATUS, address, pack
from nextclose.engine.scratch import Scratch

DIRECT = 1e8
"""Multiplications up to which a call stays in its thread: some ten milliseconds, too short to wish to stop it."""
_LOOK = 0.05
"""Seconds between looks at a kernel that runs in a thread of its own."""


def run_one(
    problem: Problem, tables: Tables, results: Results, scratch: Scratch, work: float, on_epoch: OnEpoch | None = None
) -> None:
    """Run the one task of a call of about `work` multiplications; long ones beside a thread that listens for Ctrl-C."""
    plan = problem.plan
    control = pack((0, 0))
    call = problem.call(tables, results, control)
    kernel = machine.kernel(plan.kind)
    places = (*plan.at, scratch.at, address(call))
    if work < DIRECT:
        kernel(*places, 0, 1)
        told = 0
    else:
        worker = threading.Thread(target=kernel, args=(*places, 0, 1), daemon=True)
        worker.start()
        told = _wait(worker, control, results.record[0, STATUS:], on_epoch)
    _tell_epochs(on_epoch, results.record[0, STATUS:], told, control[1])


def _wait(worker: threading.Thread, control: array[int], losses: Float64s, on_epoch: OnEpoch | None) -> int:
    told = 0
    try:
        while worker.is_alive():
            worker.join(_LOOK)
            told = _tell_epochs(on_epoch, losses, told, control[1])
    except BaseException:
        control[0] = 1
        worker.join()
        raise
    return told


def _tell_epochs(on_epoch: OnEpoch | None, losses: Float64s, told: int, done: int) -> int:
    if on_epoch is not None:
        for epoch in range(told, done):
            on_epoch(epoch, float(losses[epoch]))
    return done
