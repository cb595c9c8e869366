"""One stream of random numbers that any engine can draw, bit for bit.

SplitMix64 (Steele, Lea & Flood 2014, "Fast splittable pseudorandom number generators"): draw i of
a stream is a fixed hash of (start + i * golden ratio), so it needs no state, vectorises, and is ten
lines in any language. A stream is named by a seed and a purpose ("w_x", "shuffle 12", ...): giving
a net a bias, or taking its memory away, leaves all its other initial weights as they were.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from nextclose.core.types import Float64s, Ints

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)
_FNV_OFFSET, _FNV_PRIME, _MASK = 0xCBF29CE484222325, 0x100000001B3, (1 << 64) - 1


def _mix(z: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    z = (z ^ (z >> np.uint64(30))) * _MIX_1
    z = (z ^ (z >> np.uint64(27))) * _MIX_2
    return z ^ (z >> np.uint64(31))


def purpose_key(purpose: str) -> int:
    """FNV-1a hash of a purpose, 64 bits."""
    key = _FNV_OFFSET
    for byte in purpose.encode():
        key = ((key ^ byte) * _FNV_PRIME) & _MASK
    return key


def stream_start(seed: int, purpose: str) -> int:
    """Where the stream of (seed, purpose) starts: mix(mix(seed) ^ purpose_key), 64 bits."""
    mixed = _mix(np.array([seed & _MASK], dtype=np.uint64))
    return int(_mix(mixed ^ np.uint64(purpose_key(purpose)))[0])


def draws(start: int, count: int) -> npt.NDArray[np.uint64]:
    """Draws 1..count of the stream that begins at `start`, (count,) uint64."""
    steps = np.arange(1, count + 1, dtype=np.uint64) * _GOLDEN
    return _mix(steps + np.uint64(start))


def uniform(seed: int, purpose: str, shape: tuple[int, ...]) -> Float64s:
    """Uniform on [-1, 1) with 53 random bits, row by row in `shape`."""
    count = int(np.prod(shape, dtype=np.int64))
    bits = draws(stream_start(seed, purpose), count) >> np.uint64(11)
    return (bits.astype(np.float64) * 2.0**-52 - 1.0).reshape(shape)


def permutation(seed: int, epoch: int, count: int) -> Ints:
    """The order in which an epoch visits `count` samples, (count,) int64.

    Fisher-Yates from the back; place i swaps with (high 32 bits of its draw * (i + 1)) >> 32
    (Lemire 2019, "Fast random integer generation in an interval", without the rejection step).
    """
    places = np.arange(count, dtype=np.uint64)
    high = draws(stream_start(seed, f"shuffle {epoch}"), count) >> np.uint64(32)
    partners = ((high * (places + np.uint64(1))) >> np.uint64(32)).tolist()
    order = list(range(count))
    for i in range(count - 1, 0, -1):
        j = partners[i]
        order[i], order[j] = order[j], order[i]
    return np.array(order, dtype=np.int64)
