"""The kernel's random numbers are those of `core.seeds`, bit for bit."""

from __future__ import annotations

import numpy as np
import pytest
from tests.engine.reference import drawn_params, same_bits, windows

from nextclose import engine
from nextclose.core.cells import NetShape, initial_params, initial_state
from nextclose.core.seeds import permutation

DTYPES = [np.float64, np.float32]
SEEDS = [0, 1, -1, -(2**62), 2**31, 2**63 - 1, 2**63, 2**64 - 1, 2**64 + 5, -(2**63), 20230324]


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_weights_and_the_start(seed, dtype):
    net = {"cell": "gru", "hidden_size": 7, "num_layers": 2, "bias": True}
    got = drawn_params(dtype, L=4, F=3, K=2, seed=seed, h0="random", **net)
    expected = initial_params(NetShape(input_size=3, output_size=2, **net), scheme="linear", seed=seed)
    expected["h_0"] = initial_state(seed, 2, 7)
    assert list(got) == list(expected)
    for name, array in expected.items():
        np.testing.assert_array_equal(got[name], array.astype(dtype), err_msg=name)


def test_a_parameter_that_comes_or_goes_moves_no_other():
    few = drawn_params(np.float64, hidden_size=7)
    many = drawn_params(np.float64, hidden_size=7, num_layers=2, bias=True, h0="random")
    assert len(many) == len(few) + 7
    for name, array in few.items():
        np.testing.assert_array_equal(many[name], array, err_msg=name)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("N", "batch_size"), [(1, None), (2, 1), (37, 5), (130, 64), (130, None)])
def test_an_epochs_order(seed, dtype, N, batch_size):
    X, y = windows(N, 3, 2, 1, dtype)
    order = permutation(seed, 0, N)
    call = {"batch_size": batch_size, "epochs": 1, "lr": 0.05, "init": drawn_params(dtype, seed=3)}
    ordered = engine.fit(X[order], y[order], **call)
    same_bits(engine.fit(X, y, seed=seed, shuffle=True, **call), ordered)


@pytest.mark.parametrize("seed", [5, 2**64 - 1])
@pytest.mark.parametrize("dtype", DTYPES)
def test_every_epoch_has_an_order_of_its_own(seed, dtype):
    """Epochs of one, two and three digits: each goes on from the last one's weights, as plain sgd does."""
    X, y = windows(12, 3, 2, 1, dtype)
    params, losses = drawn_params(dtype, seed=3), []
    for epoch in range(102):
        order = permutation(seed, epoch, 12)
        fit = engine.fit(X[order], y[order], init=params, epochs=1, batch_size=5)
        params, losses = fit.params, [*losses, *fit.losses]
    got = engine.fit(X, y, init=drawn_params(dtype, seed=3), epochs=102, batch_size=5, shuffle=True, seed=seed)
    np.testing.assert_array_equal(got.losses, losses)
    for name, array in params.items():
        np.testing.assert_array_equal(got.params[name], array, err_msg=name)
