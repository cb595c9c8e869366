"""Random numbers inside kernels: the streams of `core.seeds`, bit for bit.

draw i of a stream = mix(start + i * golden)      start = mix(mix(seed) ^ key of the purpose)
"""

from __future__ import annotations

import numpy as np

from nextclose.engine.compile import jit

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)
_STEP = 2.0**-52
_FNV_PRIME = np.uint64(0x100000001B3)
_LOOK = (1 << 20) - 1
"""Swaps between looks at whether to stop, less one."""


@jit
def mix(z):
    """SplitMix64's hash of 64 bits."""
    z = (z ^ (z >> np.uint64(30))) * _MIX_1
    z = (z ^ (z >> np.uint64(27))) * _MIX_2
    return z ^ (z >> np.uint64(31))


@jit
def uniform(start, i):
    """Number i of a stream, on [-1, 1)."""
    bits = mix(start + np.uint64(i + 1) * _GOLDEN) >> np.uint64(11)
    return np.float64(bits) * _STEP - 1.0


@jit
def initialise(seed, keys, sizes, bounds, values):
    """values = each parameter's own stream within its bound; a bound b of 0 or less gives -b."""
    at, mixed = 0, mix(np.uint64(seed))
    for parameter in range(len(keys)):
        start = mix(mixed ^ np.uint64(keys[parameter]))
        for i in range(sizes[parameter]):
            drawn = uniform(start, i) * bounds[parameter] if bounds[parameter] > 0.0 else 0.0 - bounds[parameter]
            values[at + i] = drawn
        at += sizes[parameter]


@jit
def shuffle(seed, key, epoch, order, control):
    """`core.seeds.permutation` into order (N,); key is the FNV-1a hash of the text that the epoch's digits follow.

    It is left half done soon after control[0] is no longer 0.
    """
    key, power = np.uint64(key), 1
    while epoch >= 10 * power:
        power *= 10
    while power > 0:
        key = (key ^ np.uint64(48 + epoch // power % 10)) * _FNV_PRIME
        power //= 10
    start = mix(mix(np.uint64(seed)) ^ key)
    for i in range(len(order)):
        order[i] = i
    for i in range(len(order) - 1, 0, -1):
        if i & _LOOK == 0 and control[0] != 0:
            return
        high = mix(start + np.uint64(i + 1) * _GOLDEN) >> np.uint64(32)
        j = np.int64((high * np.uint64(i + 1)) >> np.uint64(32))
        order[i], order[j] = order[j], order[i]
