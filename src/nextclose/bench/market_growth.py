"""How a market run's time grows with its symbols, folds and seeds: it should be a straight line."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from nextclose.bench.market_bare import configure
from nextclose.bench.market_command import run_market
from nextclose.bench.market_plan import MarketPlan, Task

Quantity = Literal["symbols", "folds", "seeds"]


@dataclass(frozen=True, kw_only=True)
class Growth:
    """Market runs that differ in one thing."""

    of: Quantity
    counts: tuple[int, ...]
    """How many of it."""
    seconds: tuple[float, ...]
    """CPU seconds of each run, all processes."""
    fits: tuple[int, ...]
    slope: float
    """Seconds for one more, by least squares."""
    start: float
    """Seconds for none, on the same line."""
    r2: float
    """Share of the seconds' variance that the line explains."""


def measure_growth(plan: MarketPlan, tick: Callable[[str], None]) -> tuple[Growth, ...]:
    """Three series of runs on the set's most traded symbols."""
    found = []
    for of, counts, tasks in _series(plan):
        seconds, fits = [], []
        for number, task in zip(counts, tasks, strict=True):
            tick(f"{of} {number}")
            ran = run_market(task)
            seconds.append(ran.cpu)
            fits.append(ran.fits)
        found.append(straight(of, counts, tuple(seconds), tuple(fits)))
    return tuple(found)


def _series(plan: MarketPlan) -> Iterator[tuple[Quantity, tuple[int, ...], list[Task]]]:
    base = plan.task(top=plan.base, seeds=1)
    yield "symbols", plan.symbols, [plan.task(top=top, seeds=1) for top in plan.symbols]
    sessions = len(configure(base).sessions)
    folds = tuple(-(-sessions // every) for every in plan.refits)
    yield "folds", folds, [plan.task(top=plan.base, seeds=1, refit_every=every) for every in plan.refits]
    yield "seeds", plan.seeds, [plan.task(top=plan.base, seeds=seeds) for seeds in plan.seeds]


def straight(of: Quantity, counts: tuple[int, ...], seconds: tuple[float, ...], fits: tuple[int, ...]) -> Growth:
    """The line of least squares through runs."""
    x, y = np.array(counts, dtype=np.float64), np.array(seconds)
    slope, start = np.polyfit(x, y, 1).tolist()
    left = y - (start + slope * x)
    r2 = 1.0 - float(left @ left) / float(np.sum((y - y.mean()) ** 2))
    return Growth(of=of, counts=counts, seconds=seconds, fits=fits, slope=slope, start=start, r2=r2)
