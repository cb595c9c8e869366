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
from typing import Any, Protocol, TypeVar

from nextclose.core.errors import NextcloseError
from nextclose.core.lang import Text
from nextclose.market.config import MarketConfig
from nextclose.market.nets import PooledNets
from nextclose.market.sets import BarSet, open_set
from nextclose.market.shard import OnFits, ShardResult, compute_shard

TICK = 0.25
"""Seconds between two looks at the progress."""
LOOK = 0.5
"""Seconds between two looks of a worker at whether it is still wanted."""
TRIES = 3
"""Times in a row that workers may die before any of them finishes a shard; then the run gives up."""
RESUME = Text("What was finished is kept: go on with nextclose market resume and fewer --workers.")
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


R_co = TypeVar("R_co", covariant=True)


class Work(Protocol[R_co]):
    """Something that is computed shard by shard, by whichever process has time; it travels to them once."""

    def compute(self, number: int, on_fits: OnFits) -> R_co:
        """Shard `number`; the same wherever it is computed."""


@dataclass(kw_only=True)
class _ShardWork:
    """The shards of a run."""

    config: MarketConfig
    nets: PooledNets | None
    bars: BarSet | None = None

    def compute(self, number: int, on_fits: OnFits) -> ShardResult:
        """Shard `number`."""
        self.bars = self.bars or open_set(self.config.source)
        return compute_shard(self.config, number, self.bars, nets=self.nets, on_fits=on_fits)


@dataclass(frozen=True, kw_only=True)
class LocalBackend:
    """Processes of this machine, one a core."""

    workers: int

    def ready(self) -> None:
        """Processes can always be started."""

    def compute(self, config: MarketConfig, numbers: Sequence[int], nets: PooledNets | None) -> Results:
        """A worker that dies costs the shards that are being computed; other workers take them."""
        for got in in_processes(_ShardWork(config=config, nets=nets), numbers, self.workers):
            yield got if isinstance(got, Tick) else got[1]


def in_processes(
    work: Work[R_co], numbers: Iterable[int], workers: int, *, again: Text = RESUME
) -> Generator[tuple[int, R_co] | Tick, None, None]:
    """(number, shard) of each as it comes, from processes of this machine; closing the generator stops them.

    again : how to go on where they keep dying.
    """
    left, died, counted = set(numbers), 0, 0
    while left:
        before = len(left)
        with _pool(work, min(workers, len(left))) as (pool, fits):
            waiting = _submitted(pool, left)
            while waiting:
                done, waiting = wait(waiting, timeout=TICK, return_when=FIRST_COMPLETED)
                for future in done:
                    if isinstance(future.exception(), BrokenProcessPool):
                        continue
                    number, result = future.result()
                    left.discard(number)
                    yield number, result
                yield Tick(fits=counted + fits.get_obj().value)
            counted += fits.get_obj().value
        died = 0 if len(left) < before else died + 1
        if died >= TRIES:
            raise _keeps_dying(len(left), again)


def _submitted(pool: ProcessPoolExecutor, numbers: Iterable[int]) -> set[Future[tuple[int, Any]]]:
    """A future a shard; fewer where the workers die meanwhile, and those then say so.

    Workers begin here, and a Ctrl-C at the terminal is not for them.
    """
    waiting: set[Future[tuple[int, Any]]] = set()
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


def _keeps_dying(left: int, again: Text) -> NextcloseError:
    return NextcloseError(
        "worker processes were killed {times} times in a row, perhaps for want of memory; {left} shards are left. {again}",
        times=TRIES,
        left=left,
        again=again,
    )


@contextmanager
def _pool(work: Work[Any], workers: int) -> Iterator[tuple[ProcessPoolExecutor, Any]]:
    """Worker processes that end with the block, whatever they are at, and the number of fits that they have done.

    Neither the flag nor the number may be waited for here: a worker that was killed may hold a lock for ever.
    """
    context = get_context("spawn")
    stop, fits = context.RawValue("b", 0), context.Value("q", 0)
    before = {name: os.environ.get(name) for name in ONE_THREAD}
    os.environ.update(ONE_THREAD)
    pool = ProcessPoolExecutor(workers, context, initializer=_start, initargs=(work, stop, fits))
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

    work: Work[Any]
    fits: Any


def _start(work: Work[Any], stop: Any, fits: Any) -> None:
    """Begin a worker: it leaves Ctrl-C to its parent, and ends when that says so or is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _Worker.work, _Worker.fits = work, fits
    threading.Thread(target=_watch, args=(stop,), daemon=True).start()


def _watch(stop: Any) -> None:
    parent = parent_process()
    while not stop.value and parent is not None and parent.is_alive():
        time.sleep(LOOK)
    os._exit(0)


def _compute(number: int) -> tuple[int, Any]:
    done = _Worker.work.compute(number, _count)
    gc.collect()  # arrays in cycles would wait for many shards
    if not gc.get_freeze_count():
        gc.freeze()  # what libraries hold is no garbage, and looking it through takes long
    return number, done


def _count(fits: int) -> None:
    with _Worker.fits.get_lock():
        _Worker.fits.value += fits
