"""A thread's scratch memory, made once and used again by calls of the same size."""

from __future__ import annotations

import os
import threading
from array import array
from typing import Any, NamedTuple

import numpy as np

from nextclose.engine.call import Plan
from nextclose.engine.layout import TRAIN, VECTOR_BYTES, Scratch, address, pack

FILL_WITH_NAN = "NEXTCLOSE_NAN_SCRATCH" in os.environ
"""Set in tests: what a kernel reads before it was written shows."""

_kept = threading.local()


_MOST_KEPT = 1 << 23
"""Bytes up to which memory is kept for the next call; more is given back."""


class Sizes(NamedTuple):
    """How much memory tasks need."""

    train: int
    """Train windows, at most."""
    laid: int = 0
    """Samples that they take where each batch is filled up to whole vectors."""
    held_out: int = 0
    """Validation windows, at most."""
    batch: int = 0
    """Samples of the largest batch, filled up to whole vectors, where all of it is kept at once; 0 where it is not."""


def laid_out(train: int, batch: int, dtype: np.dtype[Any]) -> int:
    """Samples that `train` windows take in batches of `batch` (0 for all) that are filled up to whole vectors."""
    batch = batch if 0 < batch < train else train
    return -(-train // batch) * _padded(batch, VECTOR_BYTES // dtype.itemsize)


def kept_batch(plan: Plan, train: int, batch: int) -> int:
    """Samples that a batch of `batch` (0 for all) of `train` windows keeps at once, filled up to whole vectors."""
    if not plan.spec.net.normalises:
        return 0
    return _padded(batch if 0 < batch < train else train, VECTOR_BYTES // plan.dtype.itemsize)


class Room(NamedTuple):
    """Arrays, and their addresses as the kernel reads them."""

    arrays: tuple[np.ndarray[Any, Any], ...]
    packed: array[int]
    at: int
    """Where the record of addresses lies."""


def scratch_for(plan: Plan, sizes: Sizes) -> Room:
    """Memory for tasks of some sizes; the thread's own, until it asks for another."""
    key = (plan.spec.net, plan.job, sizes, plan.kind)
    if getattr(_kept, "key", None) == key and not FILL_WITH_NAN:
        return _kept.room  # type: ignore[no-any-return]
    room = make_room(plan, sizes)
    small = sum(part.nbytes for part in room.arrays) <= _MOST_KEPT
    _kept.key, _kept.room = (key, room) if small else (None, None)
    return room


def make_room(plan: Plan, sizes: Sizes) -> Room:
    """Memory for tasks of some sizes."""
    train, laid, held_out, batch = sizes
    net, job, dtype = plan.spec.net, plan.job, plan.dtype
    lanes = VECTOR_BYTES // dtype.itemsize
    size = net.seq_len * net.input_size + job.targets + 1
    at_once = max(job.block, batch)
    resident = at_once if job.gathers or job.mode != TRAIN else laid
    inputs = net.seq_len * net.input_size if job.keep else 0
    padded = _padded(net.trained, lanes)
    arrays = Scratch(
        samples=_aligned((max(train, job.block) if job.gathers else job.block) * size, dtype),
        memory=_aligned((resident + _padded(held_out, lanes)) * size + at_once * (net.work_rows + inputs), dtype),
        theta=_aligned(padded + net.behind, dtype),
        sums=_aligned(padded * lanes, dtype),
        grad=_aligned(padded, dtype),
        first=_aligned(padded, dtype),
        second=_aligned(padded, dtype),
        best=_aligned(net.start, dtype),
        drawn=_aligned(net.total, np.dtype(np.float64)),
        order=np.zeros(train if job.shuffle else 0, dtype=np.int64),
    )
    packed = pack(map(address, arrays))
    return Room(arrays, packed, address(packed))


def _padded(count: int, lanes: int) -> int:
    return -(-count // lanes) * lanes


def _aligned(count: int, dtype: np.dtype[Any]) -> np.ndarray[Any, Any]:
    """An array that begins on a cache line."""
    raw = np.zeros(count + VECTOR_BYTES // dtype.itemsize, dtype)
    if FILL_WITH_NAN:
        raw[:] = np.nan
    first = -address(raw) % VECTOR_BYTES // dtype.itemsize
    return raw[first : first + count]
