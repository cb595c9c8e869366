"""A thread's scratch memory, made once and used again by calls of the same size."""

from __future__ import annotations

import os
import threading
from array import array
from typing import Any, NamedTuple

import numpy as np

from nextclose.engine import layout
from nextclose.engine.call import Plan
from nextclose.engine.layout import VECTOR_BYTES, address, pack

FILL_WITH_NAN = "NEXTCLOSE_NAN_SCRATCH" in os.environ
"""Set in tests: what a kernel reads before it was written shows."""

_kept = threading.local()


class Scratch(NamedTuple):
    """Arrays, and their addresses as the kernel reads them."""

    arrays: tuple[np.ndarray[Any, Any], ...]
    packed: array[int]
    at: int
    """Where the record of addresses lies."""


def scratch_for(plan: Plan, *, train: int, laid: int, held_out: int) -> Scratch:
    """Memory for tasks of up to `train` train windows, which take `laid` samples in whole vectors a batch, and `held_out`."""
    key = (plan.spec.net, plan.job, train, laid, held_out, plan.dtype)
    if getattr(_kept, "key", None) == key and not FILL_WITH_NAN:
        return _kept.scratch  # type: ignore[no-any-return]
    _kept.key, _kept.scratch = key, _make(plan, train, laid, held_out)
    return _kept.scratch  # type: ignore[no-any-return]


def _make(plan: Plan, train: int, laid: int, held_out: int) -> Scratch:
    net, job, dtype = plan.spec.net, plan.job, plan.dtype
    lanes = VECTOR_BYTES // dtype.itemsize
    size = net.seq_len * net.input_size + job.targets + 1
    resident = job.block if job.shuffle or not job.train else laid
    inputs = net.seq_len * net.input_size if job.keep else 0
    padded = _padded(net.trained, lanes)
    starts = net.num_layers * 4 * net.hidden_size + net.output_size + 1
    arrays = layout.Scratch(
        samples=_aligned((max(train, job.block) if job.shuffle else job.block) * size, dtype),
        memory=_aligned((resident + _padded(held_out, lanes)) * size + job.block * (net.work_rows + inputs), dtype),
        theta=_aligned(padded + starts, dtype),
        sums=_aligned(padded * lanes, dtype),
        grad=_aligned(padded, dtype),
        first=_aligned(padded, dtype),
        second=_aligned(padded, dtype),
        best=_aligned(padded, dtype),
        drawn=_aligned(net.total, np.dtype(np.float64)),
        order=np.zeros(train if job.shuffle else 0, dtype=np.int64),
    )
    packed = pack(map(address, arrays))
    return Scratch(arrays, packed, address(packed))


def _padded(count: int, lanes: int) -> int:
    return -(-count // lanes) * lanes


def _aligned(count: int, dtype: np.dtype[Any]) -> np.ndarray[Any, Any]:
    """An array that begins on a cache line."""
    raw = np.zeros(count + VECTOR_BYTES // dtype.itemsize, dtype)
    if FILL_WITH_NAN:
        raw[:] = np.nan
    first = -address(raw) % VECTOR_BYTES // dtype.itemsize
    return raw[first : first + count]
