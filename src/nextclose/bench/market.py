"""`nextclose bench market`: from a market's Parquet to its forecasts, beside the bare fits and a plain PyTorch loop.

Nets of the tutorial's size, a refit every 21 sessions, three seeds, two workers. Every market run has a process of its own,
timed from its start to its end: planning, reading, fits, forecasts, judging, writing and the final tables; the summary that
`nextclose market run` prints afterwards is left out.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nextclose.bench.aims import Aim
from nextclose.bench.market_bare import bare_jobs, bare_seconds, configure, count, loop_seconds
from nextclose.bench.market_command import Ran, run_market
from nextclose.bench.market_growth import measure_growth
from nextclose.bench.market_memory import can_watch
from nextclose.bench.market_parity import check_market
from nextclose.bench.market_plan import MarketPlan
from nextclose.bench.timing import Spread, no_gc, spread
from nextclose.market.config import SHARD_SIZE, MarketConfig

SHARE, MEMORY, MORE = 0.85, 1.5 * 2**30, 1.2
"""Aims: rate of the whole over that of the bare fits at least; bytes at most; those on the larger set over them at most."""
MANY = 50_000
"""Symbols of the extrapolation."""


@dataclass(frozen=True, kw_only=True)
class Pipeline:
    """Whole market runs and the bare fits, in turn."""

    set: str
    simulated: bool
    symbols: int
    fits: int
    """Of one run."""
    workers: int
    wall: Spread
    """Seconds of a whole run."""
    cpu: Spread
    """CPU seconds of a whole run, all processes."""
    rate: Spread
    """Fits a second of a whole run, by the wall clock."""
    bare: Spread
    """Fits a second of `engine.fit_batches` on as many threads, by the wall clock."""
    bare_symbols: int
    """Symbols whose fits those are in a round."""
    share: float
    """The whole's rate over the bare one of its round, the median."""
    cpu_share: float
    """The same by CPU time: what a bare fit costs over what a fit of the whole costs."""
    in_fits: float
    """Share of the whole's CPU time in the engine's kernels, the median."""
    in_shards: float
    """Share in the rest of the shards: reading, forecasts, judging, tables."""
    years: float
    """Of the test span."""
    symbol_year: float
    """CPU seconds for a symbol and a year of test, the median."""
    many: float
    """CPU hours of 50,000 symbols and a year, extrapolated."""


@dataclass(frozen=True, kw_only=True)
class Loop:
    """A plain PyTorch loop for the same fits, extrapolated from a sample of them."""

    fit: Spread
    """Process CPU seconds of a fit, scaling included."""
    fits: int
    """Of the whole."""
    total: float
    """CPU seconds of all fits: the sample's mean times their number."""
    ratio: float
    """That over the CPU seconds of the whole market run, the median of the rounds."""


@dataclass(frozen=True, kw_only=True)
class Memory:
    """Most memory of one market run at a time."""

    set: str
    symbols: int
    folds: int
    shard_size: int
    epochs: int
    """Of its fits: fewer than the recipe's, which changes the run's time and not its memory."""
    file: int
    """Bytes of the set's file."""
    peak: int
    """Bytes, PSS summed over the process and its workers."""


def run_market_bench(plan: MarketPlan, tick: Callable[[str], None]) -> Iterator[tuple[str, Any]]:
    """The parts of a run by name; after a red parity check there is no other."""
    from nextclose.bench.machine import describe_machine

    yield "machine", describe_machine()
    tick("parity")
    parity = check_market(plan)
    yield "parity", parity
    if not parity.passed:
        return
    pipeline: Pipeline | None = None
    memory: tuple[Memory, ...] = ()
    if plan.wants("pipeline"):
        pipeline, loop = measure_pipeline(plan, tick)
        yield "pipeline", pipeline
        yield "loop", loop
    if plan.wants("memory") and can_watch():
        memory = measure_memory(plan, tick)
        yield "memory", memory
    if plan.wants("growth"):
        yield "growth", measure_growth(plan, tick)
    reached = market_aims(pipeline, memory)
    if reached:
        yield "aims", reached


def measure_pipeline(plan: MarketPlan, tick: Callable[[str], None]) -> tuple[Pipeline, Loop]:
    """Rounds of the bare fits of some symbols, a whole run, the same bare fits again, and a sample of the loop's."""
    task = plan.task()
    config = configure(task)
    rounds = []
    for number in range(plan.rounds):
        tick(f"pipeline {number + 1}/{plan.rounds}")
        rounds.append(_round(plan, config, number))
    return _pipeline(plan, rounds), _loop(rounds)


@dataclass(frozen=True, kw_only=True)
class _Round:
    ran: Ran
    rate: float
    """Bare fits a second."""
    bare_fit: float
    """CPU seconds of a bare fit."""
    symbols: int
    loop: Sequence[float]


def _round(plan: MarketPlan, config: MarketConfig, number: int) -> _Round:
    names = [name for shard in config.shards for name in shard]
    jobs, task = bare_jobs(config, names[number % plan.share :: plan.share]), plan.task()
    with no_gc():
        before = bare_seconds(jobs, task.workers)
        ran = run_market(task)
        after = bare_seconds(jobs, task.workers)
        loop = loop_seconds(jobs, plan.sample)
    fits = 2 * count(jobs)
    return _Round(
        ran=ran,
        rate=fits / (before[0] + after[0]),
        bare_fit=(before[1] + after[1]) / fits,
        symbols=len(jobs),
        loop=loop,
    )


def _pipeline(plan: MarketPlan, rounds: Sequence[_Round]) -> Pipeline:
    runs = [one.ran for one in rounds]
    first, task = runs[0], plan.task()
    each = statistics.median(ran.cpu / (ran.symbols * ran.years) for ran in runs)
    return Pipeline(
        set=plan.set.name,
        simulated=plan.set.simulated,
        symbols=first.symbols,
        fits=first.fits,
        workers=task.workers,
        wall=spread([ran.wall for ran in runs]),
        cpu=spread([ran.cpu for ran in runs]),
        rate=spread([ran.fits / ran.wall for ran in runs]),
        bare=spread([one.rate for one in rounds]),
        bare_symbols=rounds[0].symbols,
        share=statistics.median(one.ran.fits / one.ran.wall / one.rate for one in rounds),
        cpu_share=statistics.median(one.bare_fit * one.ran.fits / one.ran.cpu for one in rounds),
        in_fits=statistics.median(ran.in_fits / ran.cpu for ran in runs),
        in_shards=statistics.median((ran.in_shards - ran.in_fits) / ran.cpu for ran in runs),
        years=first.years,
        symbol_year=each,
        many=MANY * each / 3600.0,
    )


def _loop(rounds: Sequence[_Round]) -> Loop:
    every = [took for one in rounds for took in one.loop]
    fits = rounds[0].ran.fits
    return Loop(
        fit=spread(every),
        fits=fits,
        total=fits * statistics.mean(every),
        ratio=statistics.median(fits * statistics.mean(one.loop) / one.ran.cpu for one in rounds),
    )


def measure_memory(plan: MarketPlan, tick: Callable[[str], None]) -> tuple[Memory, ...]:
    """One run on each set with few epochs: all symbols, folds and seeds, written and summed up as any run."""
    found = []
    for one in filter(None, (plan.set, plan.larger)):
        tick(f"memory {one.name}")
        task = plan.task(set=one, epochs=plan.memory_epochs)
        ran = run_market(task, watched=True)
        assert ran.peak is not None
        folds = int(np.ceil(len(configure(task).sessions) / task.refit_every))
        found.append(
            Memory(
                set=one.name, symbols=ran.symbols, folds=folds, shard_size=SHARD_SIZE, epochs=plan.memory_epochs,
                file=one.bytes, peak=ran.peak,
            )
        )  # fmt: skip
    return tuple(found)


def market_aims(pipeline: Pipeline | None, memory: Sequence[Memory]) -> tuple[Aim, ...]:
    """The aims beside what was reached."""
    found = []
    if pipeline is not None:
        share = pipeline.share
        found.append(Aim(quantity="pipeline", where=pipeline.set, aim=SHARE, reached=share, met=share >= SHARE))
    if memory:
        peak = float(memory[0].peak)
        found.append(Aim(quantity="memory", where=memory[0].set, aim=MEMORY, reached=peak, met=peak < MEMORY))
    if len(memory) > 1:
        more = memory[1].peak / memory[0].peak
        found.append(Aim(quantity="more", where=memory[1].set, aim=MORE, reached=more, met=more <= MORE))
    return tuple(found)
