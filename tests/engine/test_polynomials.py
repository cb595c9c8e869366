"""tanh and the logistic function of the kernels, against the true values to more digits."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest

from nextclose import engine

DTYPES = [np.float64, np.float32]
LIMIT = {np.float64: 4.0, np.float32: 6.0}
"""Units in the last place."""


def grid(dtype):
    """Both signs: 0, tiny and huge, every size between, and dense where the functions bend."""
    rng = np.random.default_rng(0)
    ends = [
        0.0,
        5e-324,
        1e-310,
        1e-45,
        1e-38,
        1e-20,
        9.0,
        9.01,
        9.02,
        18.0,
        18.03,
        19.9,
        20.0,
        20.1,
        40.0,
        88.0,
        1e4,
        3e38,
    ]
    sizes = 10.0 ** rng.uniform(-12, 2, 3000)
    steps = np.linspace(0.0, 22.0, 4001)
    x = np.concatenate([ends, sizes, steps, np.log(2.0) / 4 * np.arange(1, 60)]).astype(dtype)
    return np.concatenate([x, -x])


def through_a_net(x, cell, gate):
    """One unit whose sum before the activation is x."""
    rows = {"rnn": 1, "lstm": 4}[cell]
    one = np.ones((rows, 1), x.dtype)
    params = {"w_x": one, "w_h": np.zeros((rows, 1), x.dtype), "w_y": np.ones((1, 1), x.dtype)}
    found = engine.states(params, x[:, None, None], cell=cell)[gate]
    return found[:, -1, 0]


def tanh(x):
    return through_a_net(x, "rnn", "h")


def sigmoid(x):
    return through_a_net(x, "lstm", "i")


def true_values(function, x):
    """As float64 pairs (value, rest), so that their sum has twice the digits."""
    with mpmath.workdps(60):
        exact = [function(mpmath.mpf(float(value))) for value in x]
        near = [float(value) for value in exact]
        return np.array(near), np.array([float(value - part) for value, part in zip(exact, near, strict=True)])


def ulps(got, exact):
    """How far off, in units in the last place of the true value."""
    near, rest = exact
    unit = np.spacing(np.abs(near).astype(got.dtype)).astype(np.float64)
    return np.abs((got.astype(np.float64) - near) - rest) / unit


def logistic(x):
    return 1 / (1 + mpmath.exp(-x))


@pytest.mark.parametrize("dtype", DTYPES)
def test_tanh_is_within_a_few_units_in_the_last_place(dtype):
    x = grid(dtype)
    off = ulps(tanh(x), true_values(mpmath.tanh, x))
    assert off.max() <= LIMIT[dtype], (off.max(), x[off.argmax()])


@pytest.mark.parametrize("dtype", DTYPES)
def test_the_logistic_function_is_within_a_few_units_in_the_last_place(dtype):
    x = grid(dtype)
    x = x[x > -1.0]
    off = ulps(sigmoid(x), true_values(logistic, x))
    assert off.max() <= LIMIT[dtype], (off.max(), x[off.argmax()])


@pytest.mark.parametrize("dtype", DTYPES)
def test_where_the_logistic_function_is_small_its_error_is_that_of_one_half(dtype):
    """tanh(x/2)/2 + 1/2 keeps absolute, not relative, precision: what a gate that is almost closed lets through."""
    x = grid(dtype)
    near, rest = true_values(logistic, x)
    off = np.abs((sigmoid(x).astype(np.float64) - near) - rest) / np.spacing(dtype(0.5))
    assert off.max() <= LIMIT[dtype], (off.max(), x[off.argmax()])


@pytest.mark.parametrize("dtype", DTYPES)
def test_tanh_is_odd_bit_for_bit(dtype):
    x = grid(dtype)
    np.testing.assert_array_equal(tanh(-x), -tanh(x))
    assert tanh(np.array([0.0, -0.0], dtype)).tolist() == [0.0, 0.0]


@pytest.mark.parametrize("dtype", DTYPES)
def test_sigmoids_of_x_and_minus_x_make_one(dtype):
    x = grid(dtype)
    assert sigmoid(np.zeros(1, dtype)) == 0.5
    assert np.abs(sigmoid(x) + sigmoid(-x) - 1.0).max() <= 2 * np.spacing(dtype(1.0))


BACK = {np.float64: 1.0, np.float32: LIMIT[np.float32]}
"""The rational of float32 rounds a few times, and may turn back by as much as it may be off."""


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("function", [tanh, sigmoid])
def test_neither_turns_back_by_more_than_its_error(dtype, function):
    x = np.sort(grid(dtype))
    value = function(x)
    size = np.abs(value) if function is tanh else np.maximum(value, 0.5)  # a small logistic value is exact as 1/2 is
    unit = np.spacing(np.maximum(size[1:], size[:-1])).astype(np.float64)
    steps = np.diff(value.astype(np.float64)) / unit
    assert steps.min() >= -BACK[dtype], (steps.min(), x[steps.argmin()])


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("function", "low"), [(tanh, -1.0), (sigmoid, 0.0)])
def test_neither_leaves_its_range(dtype, function, low):
    x = grid(dtype)
    value = function(x)
    assert low <= value.min(), (value.min(), x[value.argmin()])
    assert value.max() <= 1.0, (value.max(), x[value.argmax()])
