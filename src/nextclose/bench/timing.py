"""Stop watches for a shared machine: contenders in turn, medians with their spread."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

Work = Callable[[], object]
Clock = Callable[[], float]


@dataclass(frozen=True, kw_only=True)
class Spread:
    """Several measurements of one quantity."""

    median: float
    low: float
    """The smallest."""
    high: float
    """The largest."""
    n: int
    """How many."""


def spread(values: Sequence[float]) -> Spread:
    """Median, smallest and largest of `values`."""
    return Spread(median=statistics.median(values), low=min(values), high=max(values), n=len(values))


def seconds(work: Work, clock: Clock = time.process_time) -> float:
    """How long one call takes; by default in CPU time of this process, which others on the machine do not lengthen."""
    began = clock()
    work()
    return clock() - began


@dataclass(frozen=True, kw_only=True)
class Timed:
    """One contender among several that took turns."""

    spread: Spread
    """Seconds of all its calls."""
    by_round: tuple[float, ...]
    """Median seconds of its calls in each round."""


def in_turn(works: Sequence[Work], order: Sequence[int], rounds: int, clock: Clock = time.process_time) -> list[Timed]:
    """Time `works`, called in `order` again and again, so that a drift of the machine meets them all.

    order : positions in `works` of one round; a quick contender may stand there several times.
    """
    found: list[list[list[float]]] = [[[] for _ in range(rounds)] for _ in works]
    with no_gc():
        for number in range(rounds):
            for at in order:
                found[at][number].append(seconds(works[at], clock))
    return [
        Timed(
            spread=spread([one for turn in turns for one in turn]),
            by_round=tuple(statistics.median(turn) for turn in turns),
        )
        for turns in found
    ]


def paired(slow: Timed, quick: Timed) -> float:
    """How many times as long `slow` took: the median over the rounds of the ratio within a round."""
    return statistics.median(a / b for a, b in zip(slow.by_round, quick.by_round, strict=True))


@contextmanager
def no_gc() -> Iterator[None]:
    """Collect garbage now, and none until the end."""
    was_on = gc.isenabled()
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
