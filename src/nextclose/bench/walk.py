"""`nextclose bench walk`: a walk-forward with a refit every session, beside a plain PyTorch loop.

2,000 sessions before the test and 490 in it, open, high, low and close, window 4, Elman with 32 units, Adam, batch 32, 10 epochs,
a new net for every session: from bars to a table of forecasts with intervals.
"""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from nextclose.bars import load_bars
from nextclose.bars.bars import Bars
from nextclose.bench.aims import Aim
from nextclose.bench.many import cores
from nextclose.bench.timing import Spread, no_gc, spread
from nextclose.bench.walk_loop import loop_refit
from nextclose.core.errors import NextcloseError
from nextclose.recipes import Recipe, load_recipe, with_settings
from nextclose.study.walk_forward import WalkForward, walk_forward

SOURCE = "sample:AAPL"
TRAIN, TEST = 2_000, 490
SETTINGS: dict[str, Any] = {
    "hidden_size": 32, "optimizer": "adam", "lr": 0.001, "batch_size": 32, "epochs": 10, "context": "before",
    "refit_every": 1, "seeds": 1,
}  # fmt: skip
"""What makes the tutorial's recipe the task."""
SEEDS = 10
TOLERANCES = {"float64": 1e-10, "float32": 1e-5}
"""Of a forecast after some 700 Adam steps, relative to the price."""
SECONDS, RATIO, COST, CORES = 6.0, 30.0, 10.0, 1.9
"""Aims: seconds on one core at most, times the loop's speed at least, ten seeds over one at most, one core over two at least."""


@dataclass(frozen=True, kw_only=True)
class WalkPlan:
    """How much is measured."""

    train: int = TRAIN
    test: int = TEST
    repeats: int = 5
    sample: int = 5
    """Refits of the loop in each round, spread over the test span."""
    seeds: int = SEEDS

    def bars(self) -> Bars:
        """The latest sessions of the bundled sample."""
        return load_bars(SOURCE)[-self.train - self.test :]

    def recipe(self, **changes: Any) -> Recipe:
        """The task's recipe."""
        return with_settings(load_recipe("tutorial"), SETTINGS | changes)

    def sampled(self) -> list[int]:
        """Row numbers of the targets that the loop refits for."""
        return np.linspace(self.train, self.train + self.test - 1, self.sample).round().astype(int).tolist()  # type: ignore[no-any-return]


@dataclass(frozen=True, kw_only=True)
class WalkParity:
    """The loop's forecasts from the engine's initial weights, beside the walk's."""

    passed: bool
    comparisons: int
    worst: dict[str, float]
    """Precision -> largest difference, relative to the price."""
    tolerances: dict[str, float]

    def error(self) -> NextcloseError:
        """What to say where it is red."""
        return NextcloseError(
            "forecasts differ from the PyTorch loop's, so no speed was measured: by {worst} of the price, allowed {tolerances}",
            worst=self.worst,
            tolerances=self.tolerances,
        )


@dataclass(frozen=True, kw_only=True)
class WalkSpeed:
    """The whole walk on one core, and the loop's, extrapolated from a sample of its refits."""

    refits: int
    engine: Spread
    """Process CPU seconds, bars to table."""
    wall: Spread
    loop_refit: Spread
    """Process CPU seconds of one refit of the loop."""
    loop: float
    """Seconds of all its refits: the sample's mean times their number."""
    ratio: float
    """Median over the rounds of loop over engine."""


@dataclass(frozen=True, kw_only=True)
class WalkScaling:
    """What more seeds cost and what a second core brings."""

    seeds: int
    seeds_cost: float
    """CPU time of that many seeds over one."""
    two_cores: float | None
    """Wall time on one core over two; None where there is one core or it cannot be chosen."""


def run_walk_bench(plan: WalkPlan, tick: Callable[[str], None]) -> Iterator[tuple[str, Any]]:
    """The parts of a run by name; after a red parity check there is no other."""
    from nextclose.bench.machine import describe_machine

    yield "machine", describe_machine()
    bars = plan.bars()
    tick("parity")
    parity = check_walk(plan, bars)
    yield "parity", parity
    if not parity.passed:
        return
    tick("walk")
    speed = measure_walk(plan, bars)
    yield "walk", speed
    tick("seeds")
    scaling = measure_scaling(plan, bars)
    yield "scaling", scaling
    yield "aims", walk_aims(speed, scaling)


def check_walk(plan: WalkPlan, bars: Bars) -> WalkParity:
    """Every sampled refit by the loop, in both precisions; a walk that lacks a session is an error."""
    worst = {}
    for dtype in TOLERANCES:
        table = _walk(bars, plan.recipe(dtype=dtype), plan).table
        if not np.array_equal(table.target_date, bars.dates[plan.train :]):
            raise NextcloseError("the walk lacks sessions: {got} of {wanted}", got=len(table), wanted=plan.test)
        differ = [
            abs(
                loop_refit(bars, target, plan.recipe(dtype=dtype), from_engine=True) / table.yhat[target - plan.train]
                - 1.0
            )
            for target in plan.sampled()
        ]
        worst[dtype] = float(max(differ))
    return WalkParity(
        passed=all(worst[dtype] <= tolerance for dtype, tolerance in TOLERANCES.items()),
        comparisons=len(TOLERANCES) * plan.sample,
        worst=worst,
        tolerances=TOLERANCES,
    )


def measure_walk(plan: WalkPlan, bars: Bars) -> WalkSpeed:
    """Rounds of one whole walk and a sample of the loop's refits, on one core."""
    cpu, wall, refits, ratios = [], [], [], []
    recipe = plan.recipe()
    with no_gc(), on_cores(1):
        _walk(bars, recipe, plan)
        loop_refit(bars, plan.train, recipe)
        for _ in range(plan.repeats):
            took = _timed(partial(_walk, bars, recipe, plan))
            own = [_timed(partial(loop_refit, bars, target, recipe))[0] for target in plan.sampled()]
            cpu.append(took[0])
            wall.append(took[1])
            refits += own
            ratios.append(plan.test * statistics.mean(own) / took[0])
    return WalkSpeed(
        refits=plan.test,
        engine=spread(cpu),
        wall=spread(wall),
        loop_refit=spread(refits),
        loop=plan.test * statistics.mean(refits),
        ratio=statistics.median(ratios),
    )


def measure_scaling(plan: WalkPlan, bars: Bars) -> WalkScaling:
    """One and ten seeds in CPU time on one core; one and two cores by the wall clock."""
    one, many = plan.recipe(), plan.recipe(seeds=plan.seeds)
    costs, gains = [], []
    with no_gc():
        for _ in range(max(plan.repeats // 2, 1)):
            with on_cores(1):
                few = _timed(partial(_walk, bars, one, plan))
                costs.append(_timed(partial(_walk, bars, many, plan))[0] / few[0])
            if can_choose_cores() and cores() > 1:
                for _ in range(3):
                    with on_cores(1):
                        alone = _timed(partial(_walk, bars, one, plan))[1]
                    with on_cores(2):
                        gains.append(alone / _timed(partial(_walk, bars, one, plan))[1])
    return WalkScaling(
        seeds=plan.seeds,
        seeds_cost=statistics.median(costs),
        two_cores=statistics.median(gains) if gains else None,
    )


def walk_aims(speed: WalkSpeed, scaling: WalkScaling) -> tuple[Aim, ...]:
    """The aims beside what was reached."""
    found = [
        Aim(quantity="walk", where="", aim=SECONDS, reached=speed.engine.median, met=speed.engine.median < SECONDS),
        Aim(quantity="ratio", where="", aim=RATIO, reached=speed.ratio, met=speed.ratio >= RATIO),
        Aim(quantity="seeds", where="", aim=COST, reached=scaling.seeds_cost, met=scaling.seeds_cost <= COST),
    ]
    if scaling.two_cores is not None:
        reached = scaling.two_cores
        found.append(Aim(quantity="cores", where="", aim=CORES, reached=reached, met=reached >= CORES))
    return tuple(found)


def _walk(bars: Bars, recipe: Recipe, plan: WalkPlan) -> WalkForward:
    return walk_forward(bars, recipe, test_start=str(bars.dates[plan.train]))


def _timed(work: Callable[[], object]) -> tuple[float, float]:
    """Process CPU seconds and wall seconds of one call."""
    cpu, wall = time.process_time(), time.perf_counter()
    work()
    return time.process_time() - cpu, time.perf_counter() - wall


def can_choose_cores() -> bool:
    """Whether the system lets a process choose its cores."""
    return hasattr(os, "sched_setaffinity")


@contextmanager
def on_cores(count: int) -> Iterator[None]:
    """Keep this process on some cores, where that can be had."""
    if not can_choose_cores():
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, sorted(before)[:count])
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
