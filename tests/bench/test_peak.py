"""The loop that measures a core computes what it says, and takes time."""

from __future__ import annotations

import ctypes

import numpy as np
import pytest

from nextclose.bench.peak import _compile, _registers, _source, measure_peak


def test_a_peak_is_positive_and_a_float32_one_the_larger():
    peak = measure_peak(runs=2)
    assert peak.float32 > peak.float64 > 0.0
    assert peak.vector_bits in (128, 256, 512)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_loop_is_not_optimised_away(dtype):
    width, chains = _registers()
    lanes = width // np.dtype(dtype).itemsize
    memory = np.ones((2 + chains, lanes), dtype)
    memory[0], memory[1] = 0.5, 0.25
    memory[2:] = np.arange(chains)[:, None]
    expected = memory[2:] * 0.125 + 0.25 * 1.75
    engine = _compile(_source(dtype, lanes, chains))
    ctypes.CFUNCTYPE(None, ctypes.c_int64, ctypes.c_void_p)(engine.get_function_address("chains"))(
        3, memory.ctypes.data
    )
    np.testing.assert_allclose(memory[2:], expected, rtol=1e-6)
