"""Outputs, losses and every gradient against PyTorch with the same weights."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from nextclose import engine
from nextclose.core.errors import FitError, SettingsError

from .reference import close, make_net, pinball, squared, tensor, windows

CELLS = [("rnn", "tanh"), ("rnn", "relu"), ("rnn", "identity"), ("mlp", "tanh"), ("gru", "tanh"), ("lstm", "tanh")]
SIZES = [1, 2, 3, 15, 16, 17, 63, 64, 65, 685]
DTYPES = [np.float64, np.float32]


def check(cell, activation, dtype, *, N=9, L=3, F=4, H=5, K=2, layers=1, bias=True, output_bias=True, seed=0):
    net = make_net(
        cell, dtype, L=L, F=F, H=H, K=K, layers=layers, bias=bias, output_bias=output_bias, activation=activation
    )
    X, y = windows(N, L, F, K, dtype, seed)
    cotangent = np.random.default_rng(seed + 1).standard_normal((N, K)).astype(dtype)
    outputs = net(tensor(X))
    params = net.params()
    close(engine.predict(params, X, cell=cell, activation=activation), outputs.detach(), dtype, "outputs")
    for goal in ({"y": y}, {"cotangent": cotangent}):
        net.zero_grad()
        value = squared(outputs, tensor(y)) if "y" in goal else (outputs * tensor(cotangent)).sum()
        value.backward(retain_graph=True)
        got, gradients = engine.gradients(params, X, cell=cell, activation=activation, **goal)
        if "y" in goal:
            close(got, value.item(), dtype, "loss")
        assert list(gradients) == list(net.weights())
        for name, weight in net.weights().items():
            close(gradients[name], weight.grad, dtype, name)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("cell", "activation"), CELLS)
@pytest.mark.parametrize(("bias", "output_bias"), [(True, True), (False, True), (False, False), (True, False)])
def test_every_cell_with_and_without_biases(cell, activation, dtype, bias, output_bias):
    check(cell, activation, dtype, bias=bias, output_bias=output_bias)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("cell", "activation"), [case for case in CELLS if case[0] != "mlp"])
@pytest.mark.parametrize("layers", [2, 3])
def test_stacked_layers(cell, activation, dtype, layers):
    check(cell, activation, dtype, layers=layers, N=21, L=4)


@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
@pytest.mark.parametrize("letter", ["N", "L", "F", "H", "K"])
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("dtype", DTYPES)
def test_odd_sizes(cell, letter, size, dtype):
    if letter == "H" and size == 685:
        pytest.skip("in the slow tier")
    if dtype is np.float32 and letter == "L" and size == 685:
        pytest.skip("685 steps amplify float32 rounding in PyTorch and here alike")
    check(cell, "tanh", dtype, **{letter: size})


@pytest.mark.slow
@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
@pytest.mark.parametrize("dtype", DTYPES)
def test_a_wide_layer(cell, dtype):
    check(cell, "tanh", dtype, H=685)


@given(
    cell=st.sampled_from(CELLS),
    N=st.integers(1, 40),
    L=st.integers(1, 7),
    F=st.integers(1, 9),
    H=st.integers(1, 20),
    K=st.integers(1, 5),
    layers=st.integers(1, 2),
    bias=st.booleans(),
    seed=st.integers(0, 2**32),
)
@settings(max_examples=60, deadline=None)
def test_any_net(cell, N, L, F, H, K, layers, bias, seed):
    """In float64 alone: in a tensor of one or two values sums may cancel, and what float32 leaves of them is rounding, in
    PyTorch as here."""
    layers = 1 if cell[0] == "mlp" else layers
    check(*cell, np.float64, N=N, L=L, F=F, H=H, K=K, layers=layers, bias=bias, seed=seed)


@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
def test_gradients_agree_with_finite_differences(cell):
    net = make_net(cell, np.float64, L=3, F=2, H=3, K=2, layers=2, bias=True)
    X, y = windows(5, 3, 2, 2, np.float64)
    params = net.params()
    _, gradients = engine.gradients(params, X, y, cell=cell)
    for name, array in params.items():
        for index in list(np.ndindex(array.shape))[:3]:
            moved = {sign: {key: value.copy() for key, value in params.items()} for sign in (1.0, -1.0)}
            for sign, where in moved.items():
                where[name][index] += sign * 1e-6
            up, down = (engine.gradients(moved[sign], X, y, cell=cell)[0] for sign in (1.0, -1.0))
            assert gradients[name][index] == pytest.approx((up - down) / 2e-6, rel=1e-6, abs=1e-9)


@pytest.mark.parametrize("dtype", DTYPES)
def test_sample_weights_and_quantiles(dtype):
    quantiles = (0.05, 0.5, 0.95)
    net = make_net("gru", dtype, L=4, F=3, H=5, K=6, bias=True)
    X, y = windows(37, 4, 3, 2, dtype)
    weight = np.random.default_rng(3).random(37).astype(dtype)
    value = pinball(net(tensor(X)), tensor(y), quantiles, tensor(weight))
    value.backward()
    got, gradients = engine.gradients(
        net.params(), X, y, cell="gru", loss="pinball", quantiles=quantiles, sample_weight=weight
    )
    close(got, value.item(), dtype, "loss")
    for name, parameter in net.weights().items():
        close(gradients[name], parameter.grad, dtype, name)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
def test_a_given_start(cell, dtype):
    net = make_net(cell, dtype, L=3, F=2, H=4, K=1, layers=2, bias=True, h0="random", seed=5)
    X, y = windows(19, 3, 2, 1, dtype)
    loss = squared(net(tensor(X)), tensor(y))
    loss.backward()
    params = net.params()
    assert np.abs(params["h_0"]).min() > 0
    got, gradients = engine.gradients(params, X, y, cell=cell)
    close(got, loss.item(), dtype, "loss")
    for name, weight in net.weights().items():
        close(gradients[name], weight.grad, dtype, name)


@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
def test_states_are_those_of_the_cells(cell):
    net = make_net(cell, np.float64, L=5, F=3, H=4, K=2, layers=2, bias=True)
    X, _ = windows(70, 5, 3, 2, np.float64)
    cotangent = np.random.default_rng(2).standard_normal((70, 2))
    found = engine.states(net.params(), X, cell=cell, cotangent=cotangent)
    inputs = tensor(X).requires_grad_()
    x = net.time_major(inputs)
    for layer, module in enumerate(net.cells):
        state, suffix, hidden = net.start(layer, x), "" if layer == 0 else "_l1", []
        for t in range(5):
            terms = module.terms(x[t], state)
            state = (terms["h"], terms["c"]) if "c" in terms else (terms["h"],)
            hidden.append(terms["h"])
            for name in {"gru": ("r", "z", "n"), "lstm": ("i", "f", "g", "o")}.get(cell, ()):
                close(found[name + suffix][:, t], terms[name].detach(), np.float64, name)
            close(found["h" + suffix][:, t + 1], terms["h"].detach(), np.float64, "h")
            if cell == "lstm":
                close(found["c" + suffix][:, t + 1], terms["c"].detach(), np.float64, "c")
        x = torch.stack(hidden)
    outputs = net.head(x[-1])
    close(found["y"], outputs.detach(), np.float64, "y")
    (outputs * tensor(cotangent)).sum().backward()
    close(found["d_x"], inputs.grad, np.float64, "d_x")
    assert found["h"].shape == (70, 6, 4)
    assert not found["h"][:, 0].any()


def test_memory_off_walks_the_last_day_alone_and_says_the_same():
    net = make_net("rnn", np.float64, L=6, F=3, H=4, K=1)
    net.freeze_memory()
    X, _ = windows(20, 6, 3, 1, np.float64)
    params = net.params()
    close(engine.predict(params, X), net(tensor(X)).detach(), np.float64)
    assert engine.states(params, X)["h"].shape == (20, 7, 4)


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"X": np.full((3, 2, 2), np.nan)}, FitError, "X holds 12 values"),
        ({"X": np.ones((3, 2))}, FitError, "expected windows"),
        ({"X": np.ones((0, 2, 2))}, FitError, "at least one sample"),
        ({"X": np.full((3, 2, 2), "a")}, FitError, "array of numbers"),
        ({"X": np.ones((3, 2, 5))}, SettingsError, "w_x: expected shape"),
        ({"cell": "gru"}, SettingsError, "3 gates"),
        ({"cell": "grru"}, SettingsError, "Did you mean 'gru'"),
        ({"params": {}}, SettingsError, "expected weights by name"),
        ({"activation": "tan"}, SettingsError, "activation: expected one of"),
    ],
)
def test_what_cannot_be_meant_is_refused(change, error, message):
    params = make_net("rnn", np.float64, L=2, F=2, H=4, K=1).params()
    arguments = {"params": params, "X": np.ones((3, 2, 2)), "cell": "rnn"} | change
    with pytest.raises(error, match=message):
        engine.predict(arguments.pop("params"), arguments.pop("X"), **arguments)


def test_strided_and_whole_number_windows_are_taken_as_they_are():
    params = make_net("rnn", np.float64, L=3, F=2, H=4, K=1).params()
    X = np.random.default_rng(0).integers(0, 9, (2, 8, 3, 2))
    strided = X[1, ::2]
    np.testing.assert_array_equal(
        engine.predict(params, strided), engine.predict(params, np.ascontiguousarray(strided, np.float64))
    )
