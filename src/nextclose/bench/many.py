"""Fits a second: many independent fits at once, on one thread and on two."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from functools import partial

import numpy as np

from nextclose import engine
from nextclose.bench.plan import TUTORIAL, Plan
from nextclose.bench.timing import Spread, Work, in_turn, paired


@dataclass(frozen=True, kw_only=True)
class Rate:
    """How fast one number of threads is."""

    threads: int
    fits_per_second: Spread
    """By the wall clock."""


@dataclass(frozen=True, kw_only=True)
class Many:
    """engine.fit_many at the tutorial's size."""

    tasks: int
    rates: tuple[Rate, ...]
    scaling: float | None
    """Two threads over one; None where there is one core."""


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def measure_many(plan: Plan) -> Many:
    """Rates on one thread and, where there are two cores, on two; medians over the plan's repeats."""
    X, y = TUTORIAL.data(np.float32)
    tasks = [engine.Task(start=0, stop=len(X), seed=seed) for seed in range(plan.tasks)]
    threads = (1, 2)[: cores()]
    works: list[Work] = [
        partial(engine.fit_many, X, y, tasks, hidden_size=TUTORIAL.hidden_size, epochs=plan.epochs, threads=count)
        for count in threads
    ]
    engine.fit_many(X, y, tasks[:8], hidden_size=TUTORIAL.hidden_size, epochs=plan.epochs, threads=threads[-1])
    took = in_turn(works, range(len(works)), 3 * plan.repeats, time.perf_counter)
    rates = tuple(
        Rate(threads=count, fits_per_second=_per_second(one.spread, plan.tasks))
        for count, one in zip(threads, took, strict=True)
    )
    scaling = paired(took[0], took[1]) if len(took) == 2 else None
    return Many(tasks=plan.tasks, rates=rates, scaling=scaling)


def _per_second(took: Spread, tasks: int) -> Spread:
    return Spread(median=tasks / took.median, low=tasks / took.high, high=tasks / took.low, n=took.n)
