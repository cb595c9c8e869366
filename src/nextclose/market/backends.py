"""Where shards are computed. A backend is asked for some of them and yields them as they come, with the fits meanwhile."""

from __future__ import annotations

import gc
import os
import signal
import threading
import time
from collections.abc import Generator, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
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
LOOK = 0.5
"""Seconds between two looks of a worker at whether it is still wanted."""
TRIES = 3
"""Times in a row that workers may die before any of them finishes a shard; then the run gives up."""
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
"""A worker computes on one core: more threads below it would only change the last bits of its sums."""


@dataclass(frozen=True, kw_only=True)
class Tick:
    """Fits done since a backend began."""

    fits: int


Results = Generator[ShardResult | Tick, None, None]


class Backend(Protocol):
    """Something that computes shards."""

    def ready(self) -> None:
        """Raise SettingsError if it cannot work, before anything is written."""

    def compute(self, config: MarketConfig, numbers: Sequence[int], nets: PooledNets | None) -> Results:
        """Each of the shards once, in any order; closing the generator stops the work."""


@dataclass(frozen=True, kw_only=True)
class LocalBackend:
    """Processes of this machine, one a core."""

    workers: int

    def ready(self) -> None:
        """Processes can always be started."""

    def compute(self, config: MarketConfig, numbers: Sequence[int], nets: PooledNets | None) -> Results:
        """A worker that dies costs the shards that are being computed; other workers take them."""
        left, died, counted = set(numbers), 0, 0
        while left:
            before = len(left)
            with _pool(config, nets, min(self.workers, len(left))) as (pool, fits):
                waiting = _submitted(pool, left)
                while waiting:
                    done, waiting = wait(waiting, timeout=TICK, return_when=FIRST_COMPLETED)
                    for future in done:
                        if isinstance(future.exception(), BrokenProcessPool):
                            continue
                        result = future.result()
                        left.discard(result.number)
                        yield result
                    yield Tick(fits=counted + fits.get_obj().value)
                counted += fits.get_obj().value
            died = 0 if len(left) < before else died + 1
            if died >= TRIES:
                raise _keeps_dying(len(left))


def _submitted(pool: ProcessPoolExecutor, numbers: Iterable[int]) -> set[Future[ShardResult]]:
    """A future a shard; fewer where the workers die meanwhile, and those then say so.

    Workers begin here, and a Ctrl-C at the terminal is not for them.
    """
    waiting: set[Future[ShardResult]] = set()
    with suppress(BrokenProcessPool), _deaf():
        for number in sorted(numbers):
            waiting.add(pool.submit(_compute, number))
    return waiting


@contextmanager
def _deaf() -> Iterator[None]:
    """Processes that are begun meanwhile never hear Ctrl-C; this one hears it afterwards."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _keeps_dying(left: int) -> NextcloseError:
    return NextcloseError(
        "worker processes were killed {times} times in a row, perhaps for want of memory; {left} shards are left. What was "
        "finished is kept: go on with nextclose market resume and fewer --workers.",
        times=TRIES,
        left=left,
    )


@contextmanager
def _pool(config: MarketConfig, nets: PooledNets | None, workers: int) -> Iterator[tuple[ProcessPoolExecutor, Any]]:
    """Worker processes that end with the block, whatever they are at, and the number of fits that they have done.

    Neither the flag nor the number may be waited for here: a worker that was killed may hold a lock for ever.
    """
    context = get_context("spawn")
    stop, fits = context.RawValue("b", 0), context.Value("q", 0)
    before = {name: os.environ.get(name) for name in ONE_THREAD}
    os.environ.update(ONE_THREAD)
    pool = ProcessPoolExecutor(workers, context, initializer=_start, initargs=(config, nets, stop, fits))
    try:
        yield pool, fits
    except BaseException:
        stop.value = 1
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
    bars: BarSet | None = None
    nets: PooledNets | None
    fits: Any


def _start(config: MarketConfig, nets: PooledNets | None, stop: Any, fits: Any) -> None:
    """Begin a worker: it leaves Ctrl-C to its parent, and ends when that says so or is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _Worker.config, _Worker.nets, _Worker.fits = config, nets, fits
    threading.Thread(target=_watch, args=(stop,), daemon=True).start()


def _watch(stop: Any) -> None:
    parent = parent_process()
    while not stop.value and parent is not None and parent.is_alive():
        time.sleep(LOOK)
    os._exit(0)


def _compute(number: int) -> ShardResult:
    bars = _Worker.bars = _Worker.bars or open_set(_Worker.config.source)
    done = compute_shard(_Worker.config, number, bars, nets=_Worker.nets, on_fits=_count)
    gc.collect()  # arrays in cycles would wait for many shards
    if not gc.get_freeze_count():
        gc.freeze()  # what libraries hold is no garbage, and looking it through takes long
    return done


def _count(fits: int) -> None:
    with _Worker.fits.get_lock():
        _Worker.fits.value += fits
