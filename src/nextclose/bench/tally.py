"""Thousands of simulated series on several processes; each has its own random numbers, so the sums never differ."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from multiprocessing import get_context

import numpy as np

from nextclose.bench.experiments import Experiment
from nextclose.core.seeds import purpose_key
from nextclose.core.types import Ints

SEED = 20260
CHUNK = 20
"""Series that a process takes at once."""

Tick = Callable[[str], None]
Span = tuple[int, int]


def generator(experiment: str, series: int) -> np.random.Generator:
    """The random numbers of one series of one experiment."""
    seeds = np.random.SeedSequence(SEED, spawn_key=(purpose_key(experiment), series))
    return np.random.Generator(np.random.PCG64(seeds))


def count(experiment: Experiment, start: int, stop: int) -> Ints:
    """How many of the series `start`..`stop`-1 answer yes, (rows, questions)."""
    answers = [experiment.once(generator(experiment.name, series)) for series in range(start, stop)]
    total: Ints = np.sum(answers, axis=0, dtype=np.int64)
    return total


@contextmanager
def workers(processes: int) -> Iterator[Executor | None]:
    """Fresh processes, or None where one is enough; on an error or Ctrl-C what has not begun is dropped."""
    if processes <= 1:
        yield None
        return
    pool = ProcessPoolExecutor(processes, mp_context=get_context("spawn"), initializer=_leave_interrupts)
    try:
        yield pool
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def tally(experiment: Experiment, series: int, pool: Executor | None, tick: Tick) -> Ints:
    """How many of so many series answer yes, (rows, questions); whole numbers, so their order is no matter."""
    spans = [(start, min(start + CHUNK, series)) for start in range(0, series, CHUNK)]
    found, done = [], 0
    for (start, stop), counted in _counted(experiment, spans, pool):
        found.append(counted)
        done += stop - start
        tick(f"{experiment.name}: {done:,} / {series:,}")
    total: Ints = np.sum(found, axis=0)
    return total


def _counted(experiment: Experiment, spans: Sequence[Span], pool: Executor | None) -> Iterator[tuple[Span, Ints]]:
    """The spans and their counts, as they come."""
    if pool is None:
        for span in spans:
            yield span, count(experiment, *span)
        return
    waiting = {pool.submit(count, experiment, *span): span for span in spans}
    for future in as_completed(waiting):
        yield waiting[future], future.result()


def _leave_interrupts() -> None:
    """Ctrl-C is for the process that started this one."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
