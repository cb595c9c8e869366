"""`nextclose bench sweep`: the lecture's grid beside plain PyTorch loops.

Nine settings of `lstm-log` (lr 1e-3, 1e-4, 1e-5 by 1, 2, 3 layers), five seeds each, twenty epochs, on the recipe's own
spans: from bars to judged forecasts, beside a loop over the same 45 fits.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any, Literal

import numpy as np

from nextclose.bars import load_bars
from nextclose.bars.bars import Bars
from nextclose.bench.simulated import simulate
from nextclose.bench.sweep_loop import Contender, HandLSTM, LibraryLSTM, LoopFit, Spans, cut_spans, loop_fit
from nextclose.bench.timing import Spread, no_gc, seconds, spread
from nextclose.bench.walk import on_cores
from nextclose.bench.worlds import Walk
from nextclose.core.errors import NextcloseError
from nextclose.core.sweep import SweepResult
from nextclose.recipes import Recipe, load_recipe, with_settings
from nextclose.study.sweep import sweep

RECIPE = "lstm-log"
SAMSUNG = Path("../shared/data/samsung_005930_1990_2023.parquet")
GRID: dict[str, tuple[Any, ...]] = {"lr": (1e-3, 1e-4, 1e-5), "num_layers": (1, 2, 3)}
SIMULATED = 5_300
"""Sessions of the simulated bars behind their first 750: they reach beyond the recipe's spans."""
TOLERANCES = {"float64": 1e-9, "float32": 1e-2}
"""Of losses and forecasts, relative to the largest: after all epochs in float64, after one in float32, whose rounding RMSprop
amplifies; so it does between the two PyTorch loops."""
Loop = Literal["hand", "library"]
LOOPS: Mapping[Loop, Contender] = {"hand": HandLSTM, "library": LibraryLSTM}


@dataclass(frozen=True, kw_only=True)
class SweepPlan:
    """How much is measured."""

    bars: Bars
    simulated: bool = False
    epochs: int = 20
    seeds: int = 5
    repeats: int = 3
    grid: Mapping[str, tuple[Any, ...]] = field(default_factory=lambda: GRID)

    def recipe(self, **changes: Any) -> Recipe:
        """The recipe of one fit."""
        return with_settings(load_recipe(RECIPE), {"epochs": self.epochs, **changes})

    @property
    def fits(self) -> int:
        """Nets in all."""
        return self.seeds * len(list(product(*self.grid.values())))


@dataclass(frozen=True, kw_only=True)
class SweepTask:
    """What is fitted."""

    symbol: str
    simulated: bool
    settings: int
    seeds: int
    epochs: int
    train: int
    """Windows that train."""
    validation: int
    test: int


@dataclass(frozen=True, kw_only=True)
class SweepParity:
    """The loops from nextclose's initial weights and batches, beside the sweep's own numbers."""

    passed: bool
    comparisons: int
    worst: dict[str, float]
    """Precision -> largest difference of a loss or forecast, relative to the largest."""
    loops: dict[str, float]
    """The same between the two loops."""
    epochs: dict[str, int]
    """Precision -> epochs after which they are compared."""
    tolerances: dict[str, float]

    def error(self) -> NextcloseError:
        """What to say where it is red."""
        return NextcloseError(
            "losses or forecasts differ from the PyTorch loops', so no speed was measured: by {worst}, allowed {tolerances}",
            worst=self.worst,
            tolerances=self.tolerances,
        )


@dataclass(frozen=True, kw_only=True)
class SweepSpeed:
    """The whole sweep on one core, and the loops', extrapolated from one fit of each number of layers a round."""

    fits: int
    sampled: int
    """Fits of each loop that were timed."""
    sweep: Spread
    """Process CPU seconds: windows, fits, forecasts, plainer forecasts, verdicts."""
    loop: dict[str, Spread]
    """Contender -> process CPU seconds of all its fits, extrapolated in each round."""
    ratio: dict[str, float]
    """Contender -> median over the rounds of its seconds over the sweep's."""


def make_sweep_plan(repeats: int, source: str | None) -> SweepPlan:
    """The plan on the bars of `source`; without one on Samsung's where they lie beside the project, else on simulated ones."""
    if source is not None:
        return SweepPlan(bars=load_bars(source, faults="drop"), repeats=repeats)
    if SAMSUNG.is_file():
        return SweepPlan(bars=load_bars(str(SAMSUNG)), repeats=repeats)
    made = simulate(Walk(), SIMULATED, np.random.default_rng(0)).bars
    return SweepPlan(bars=made, simulated=True, repeats=repeats)


def run_sweep_bench(plan: SweepPlan, tick: Callable[[str], None]) -> Iterator[tuple[str, Any]]:
    """The parts of a run by name; after a red parity check there is no other."""
    from nextclose.bench.machine import describe_machine

    yield "machine", describe_machine()
    spans = cut_spans(plan.bars, plan.recipe(), _test_last(plan))
    yield "task", _task(plan, spans)
    tick("parity")
    parity = check_sweep(plan, spans)
    yield "parity", parity
    if parity.passed:
        tick("sweep")
        yield "sweep", measure_sweep(plan, spans)


def check_sweep(plan: SweepPlan, spans: Spans) -> SweepParity:
    """The last of two seeds at each number of layers, by both loops and in both precisions."""
    worst, between, layers = {}, {}, plan.grid["num_layers"]
    epochs = {"float64": plan.epochs, "float32": 1}
    for dtype, own in epochs.items():
        ours = _sweep(plan, {"num_layers": layers, "dtype": dtype, "epochs": own}, seeds=2)
        differ, apart = [], []
        for cell, count in zip(ours.cells, layers, strict=True):
            recipe = plan.recipe(num_layers=count, dtype=dtype, epochs=own)
            hand, library = (loop_fit(make, spans, recipe, ours=1) for make in LOOPS.values())
            fit = LoopFit(losses=cell.losses[1], val_losses=cell.val_losses[1], prices=cell.prices[1])
            differ += [_difference(fit, hand), _difference(fit, library)]
            apart.append(_difference(hand, library))
        worst[dtype], between[dtype] = max(differ), max(apart)
    return SweepParity(
        passed=all(worst[dtype] <= tolerance for dtype, tolerance in TOLERANCES.items()),
        comparisons=len(TOLERANCES) * len(layers) * len(LOOPS),
        worst=worst,
        loops=between,
        epochs=epochs,
        tolerances=TOLERANCES,
    )


def measure_sweep(plan: SweepPlan, spans: Spans) -> SweepSpeed:
    """Rounds of one whole sweep, and one fit of each loop at each number of layers; one core, PyTorch on one thread."""
    layers = plan.grid["num_layers"]
    each = plan.fits // len(layers)
    swept, loops = [], {name: list[float]() for name in LOOPS}
    with no_gc(), on_cores(1):
        for make in LOOPS.values():
            loop_fit(make, spans, plan.recipe(epochs=1))
        for _ in range(plan.repeats):
            swept.append(seconds(partial(_sweep, plan, plan.grid, seeds=plan.seeds)))
            for name, make in LOOPS.items():
                own = [seconds(partial(loop_fit, make, spans, plan.recipe(num_layers=count))) for count in layers]
                loops[name].append(each * sum(own))
    return SweepSpeed(
        fits=plan.fits,
        sampled=plan.repeats * len(layers),
        sweep=spread(swept),
        loop={name: spread(own) for name, own in loops.items()},
        ratio={
            name: statistics.median(a / b for a, b in zip(own, swept, strict=True)) for name, own in loops.items()
        },
    )  # fmt: skip


def _sweep(plan: SweepPlan, settings: Mapping[str, Any], *, seeds: int) -> SweepResult:
    return sweep(plan.bars, recipe=RECIPE, settings={"epochs": plan.epochs, **settings}, seeds=seeds, engine="auto")


def _difference(one: LoopFit, other: LoopFit) -> float:
    """The largest of any loss or forecast, relative to the largest of its kind."""
    pairs = ((one.losses, other.losses), (one.val_losses, other.val_losses), (one.prices, other.prices))
    return float(max(np.max(np.abs(own - theirs)) / np.max(np.abs(theirs)) for own, theirs in pairs))


def _task(plan: SweepPlan, spans: Spans) -> SweepTask:
    return SweepTask(
        symbol=plan.bars.symbol,
        simulated=plan.simulated,
        settings=plan.fits // plan.seeds,
        seeds=plan.seeds,
        epochs=plan.epochs,
        train=len(spans.train[0]),
        validation=len(spans.validation[0]),
        test=len(spans.test[0]),
    )


def _test_last(plan: SweepPlan) -> int:
    """Row of the recipe's last test session."""
    return int(np.searchsorted(plan.bars.dates, np.datetime64(str(plan.recipe().test_end)), side="right")) - 1
