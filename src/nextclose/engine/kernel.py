"""Calling the kernel with one task: stoppable, with its epochs told."""

from __future__ import annotations

from functools import partial

from nextclose.core.fit import OnEpoch
from nextclose.engine import machine
from nextclose.engine.beside import run_beside
from nextclose.engine.call import Problem, Results, Tables
from nextclose.engine.layout import STATUS, address, pack
from nextclose.engine.scratch import Sizes, scratch_for

DIRECT = 1e8
"""Multiplications up to which a call stays in its thread: some ten milliseconds, too short to wish to stop it."""


def run_one(
    problem: Problem, tables: Tables, results: Results, sizes: Sizes, work: float, on_epoch: OnEpoch | None = None
) -> None:
    """Run the one task of a call of about `work` multiplications; long ones beside a caller that hears Ctrl-C.

    on_epoch is called from the caller's thread: in the meantime for a long call, afterwards for a short one.
    """
    control = pack((0, 0))
    kernel = machine.kernel(problem.plan.kind)
    told = 0

    def run() -> None:
        scratch, call = scratch_for(problem.plan, sizes), problem.call(tables, results, control)
        kernel(*problem.plan.at, scratch.at, address(call), 0, 1)

    def tell() -> None:
        nonlocal told
        if on_epoch is not None:
            for epoch in range(told, control[1]):
                told = epoch + 1
                on_epoch(epoch, float(results.record[0, STATUS + epoch]))

    if work < DIRECT:
        run()
    else:
        run_beside([run], stop=partial(control.__setitem__, 0, 1), look=tell)
    tell()
