"""Where shards are computed. A backend is asked for some of them and yields them as they come, with the fits meanwhile."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context, parent_process
from typing import Any, Protocol

from nextclose.core.errors import NextcloseError
from nextclose.market.config import MarketConfig
from nextclose.market.nets import PooledNets
from nextclose.market.sets import BarSet, open_set
from nextclose.market.shard import ShardResult, compute_shard

TICK = 0.25
"""Seconds between two looks at the progress."""
TRIES = 3
"""Times that a worker may die in a row before the run gives up."""
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
"""A worker computes on one core: more threads below it would only change the last bits of its sums."""


@dataclass(frozen=True, kw_only=True)
class Tick:
    """Fits done since a backend began."""

    fits: int


class Backend(Protocol):
    """Something that computes shards."""

    def compute(
        self, config: MarketConfig, numbers: Sequence[int], nets: PooledNets | None
    ) -> Iterator[ShardResult | Tick]:
        """Each of the shards once, in any order; closing the iterator stops the work."""


@dataclass(frozen=True, kw_only=True)
class LocalBackend:
    """Processes of this machine, one a core."""

    workers: int

    def compute(
        self, config: MarketConfig, numbers: Sequence[int], nets: PooledNets | None
    ) -> Iterator[ShardResult | Tick]:
        """A worker that dies costs its shard's work so far; another one takes the shard."""
        left, died, counted = set(numbers), 0, 0
        while left:
            with _pool(config, nets, min(self.workers, len(left))) as (pool, fits):
                waiting: set[Future[ShardResult]] = set()
                try:
                    waiting = {pool.submit(_compute, number) for number in sorted(left)}
                    while waiting:
                        done, waiting = wait(waiting, timeout=TICK, return_when=FIRST_COMPLETED)
                        for future in done:
                            result = future.result()
                            left.discard(result.number)
                            died = 0
                            yield result
                        yield Tick(fits=counted + fits.value)
                except BrokenProcessPool as error:
                    died += 1
                    if died >= TRIES:
                        raise _keeps_dying(len(left)) from error
                counted += fits.value


def _keeps_dying(left: int) -> NextcloseError:
    return NextcloseError(
        "worker processes were killed {times} times in a row, perhaps for want of memory; {left} shards are left. What was "
        "finished is kept: go on with nextclose market resume and fewer --workers.",
        times=TRIES,
        left=left,
    )


@contextmanager
def _pool(config: MarketConfig, nets: PooledNets | None, workers: int) -> Iterator[tuple[ProcessPoolExecutor, Any]]:
    """Worker processes that end with the block, whatever they are at, and the number of fits that they have done."""
    context = get_context("spawn")
    stop, fits = context.Event(), context.Value("q", 0)
    before = {name: os.environ.get(name) for name in ONE_THREAD}
    os.environ.update(ONE_THREAD)
    pool = ProcessPoolExecutor(workers, context, initializer=_start, initargs=(config, nets, stop, fits))
    try:
        yield pool, fits
    except BaseException:
        stop.set()
        raise
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


class _Worker:
    """What a worker process knows."""

    config: MarketConfig
    bars: BarSet
    nets: PooledNets | None
    fits: Any


def _start(config: MarketConfig, nets: PooledNets | None, stop: Any, fits: Any) -> None:
    """Begin a worker: it leaves Ctrl-C to its parent, and ends when that says so or is gone."""
    import signal

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _Worker.config, _Worker.nets, _Worker.fits = config, nets, fits
    _Worker.bars = open_set(config.source)
    threading.Thread(target=_watch, args=(stop,), daemon=True).start()


def _watch(stop: Any) -> None:
    parent = parent_process()
    while not stop.wait(1.0):
        if parent is None or not parent.is_alive():
            break
    os._exit(0)


def _compute(number: int) -> ShardResult:
    return compute_shard(_Worker.config, number, _Worker.bars, nets=_Worker.nets, on_fits=_count)


def _count(fits: int) -> None:
    with _Worker.fits.get_lock():
        _Worker.fits.value += fits
