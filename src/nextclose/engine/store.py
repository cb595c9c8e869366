"""The numbers of a fit that threads share, and the calls of the kernel that work on them."""

from __future__ import annotations

from array import array
from typing import Any

import numpy as np

from nextclose.core.errors import FitError
from nextclose.core.types import Float64s, Ints
from nextclose.engine import machine
from nextclose.engine.call import Plan, Training
from nextclose.engine.fit import signed
from nextclose.engine.layout import (
    BAD_INIT,
    CHUNK,
    NO_BACKWARD,
    OF_LOSS,
    ORDER,
    START,
    STATUS,
    UPDATE,
    WHOLES,
    Call,
    Scratch,
    address,
    pack,
)
from nextclose.engine.scratch import Sizes, make_room
from nextclose.engine.turns import Turn


class Store:
    """A fit's numbers and the kernel that works on them: row 0 of each table is the fit's, the others its chunks'."""

    def __init__(self, plan: Plan, training: Training, widest: int, seed: int, start: Float64s | None) -> None:
        net, rows = plan.spec.net, widest + 1
        self.plan = plan._replace(job=plan.job._replace(mode=CHUNK, backward=OF_LOSS))
        self.kernel, self.seed = machine.kernel(plan.kind), signed(seed)
        self.control = pack((0, 0))
        self.wholes = np.zeros((rows, WHOLES), dtype=np.int64)
        self.rates = np.array([training.rates()])
        self.params = np.empty((1, net.total), plan.dtype)
        self.record = np.zeros((rows, STATUS + 2))
        self.grads = np.empty((rows, net.trained), plan.dtype)
        self.totals = np.empty(net.trained)
        self.room = make_room(self.plan, Sizes(0))
        self.jobs = {mode: pack(plan.job._replace(mode=mode)) for mode in (START, UPDATE, ORDER)}
        self.learn, self.judge = pack(self.plan.job), pack(self.plan.job._replace(backward=NO_BACKWARD))
        self.start = start
        self.call = pack(self._call(self.wholes, self.record))
        self.wholes[0, 4], self.wholes[0, 9] = self.seed, -1 if start is None else 0
        self.run(self.jobs[START], self.room.at, self.call, 0)
        if self.record[0, 0] == BAD_INIT:
            raise FitError("the initial weights hold {bad} values that are not finite", bad=int(self.record[0, 1]))

    def _call(self, wholes: Any, record: Float64s) -> Call:
        return Call(*(0,) * len(Call._fields))._replace(
            quantiles=self.plan.quantiles_at,
            quantile_count=len(self.plan.quantiles),
            wholes=address(wholes),
            rates=address(self.rates),
            init=0 if self.start is None else address(self.start),
            params=address(self.params),
            record=address(record),
            epochs=1,
            grads=address(self.grads),
            control=address(self.control),
            totals=address(self.totals),
        )

    def run(self, job: array[int], room: int, call: array[int], row: int) -> None:
        """One call of the kernel."""
        self.kernel(self.plan.at[0], address(job), room, address(call), row, row + 1)

    def order(self, epoch: int, samples: int) -> Ints:
        """The samples in the order of an epoch, (samples,): `core.seeds.permutation`; beside whatever else runs."""
        order, record = np.empty(samples, dtype=np.int64), np.zeros((1, STATUS + 2))
        wholes = np.zeros((1, WHOLES), dtype=np.int64)
        wholes[0, [1, 4, 5]] = samples, self.seed, epoch
        room = pack(Scratch(*(0,) * len(Scratch._fields))._replace(order=address(order)))
        self.run(self.jobs[ORDER], address(room), pack(self._call(wholes, record)), 0)
        return order

    def end(self, turn: Turn, lr: float) -> list[float]:
        """Sum a turn up, and make the update that it ends with; returns its chunks' losses."""
        if not turn.held_out:
            self.rates[0, 0] = lr
            self.wholes[0, 1], self.wholes[0, 5] = turn.chunks, turn.step
            self.run(self.jobs[UPDATE], self.room.at, self.call, 0)
        losses: list[float] = self.record[1 : turn.chunks + 1, STATUS].tolist()
        return losses
