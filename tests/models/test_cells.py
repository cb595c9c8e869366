"""Every cell against torch.nn with the same weights: outputs and every gradient."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from nextclose.core.cells import layer_suffix
from nextclose.core.errors import SettingsError
from nextclose.core.settings import NetSettings
from nextclose.models.net import Net, build_net

TOLERANCE = 1e-12
TORCH = {"rnn": torch.nn.RNN, "gru": torch.nn.GRU, "lstm": torch.nn.LSTM}
DIRECTIONS = ("", "_reverse")
SUFFIXES = {"w_x": "weight_ih", "w_h": "weight_hh", "b_x": "bias_ih", "b_h": "bias_hh"}


def make(cell, *, F, H, K=2, L=3, layers=1, bias=True, **more):
    settings = NetSettings(cell=cell, hidden_size=H, num_layers=layers, bias=bias, **more)
    return build_net(settings, input_size=F, seq_len=L, output_size=K, seed=11, dtype=torch.float64)


def reference(net: Net, F: int):
    """torch.nn's module with the net's weights copied into it."""
    settings = net.settings
    kind = {"nonlinearity": settings.activation} if settings.cell == "rnn" else {}
    module = TORCH[settings.cell](
        F, settings.hidden_size, settings.num_layers, bias=settings.bias, bidirectional=settings.bidirectional, **kind
    ).double()
    for layer in range(settings.num_layers):
        for ours, theirs in SUFFIXES.items():
            for direction in DIRECTIONS:
                name = ours + layer_suffix(layer) + direction
                if name in net.weights():
                    getattr(module, f"{theirs}_l{layer}{direction}").data.copy_(net.weights()[name].data)
    return module


def check_against_torch(net: Net, N: int, L: int, F: int):
    generator = torch.Generator().manual_seed(N * 1000 + L * 10 + F)
    X = torch.randn(N, L, F, generator=generator, dtype=torch.float64)
    module = reference(net, F)
    expected = net.head(last_of_each_direction(*module(X.swapaxes(0, 1)), net.settings))
    got = net(X)
    torch.testing.assert_close(got, expected, rtol=TOLERANCE, atol=TOLERANCE)
    cotangent = torch.randn(got.shape, generator=generator, dtype=torch.float64)
    wanted = torch.autograd.grad((expected * cotangent).sum(), list(module.parameters()))
    by_name = dict(zip((name for name, _ in module.named_parameters()), wanted, strict=True))
    (got * cotangent).sum().backward()
    for layer in range(net.settings.num_layers):
        for ours, theirs in SUFFIXES.items():
            for direction in DIRECTIONS:
                name = ours + layer_suffix(layer) + direction
                if name in net.weights():
                    gradient, other = net.weights()[name].grad, by_name[f"{theirs}_l{layer}{direction}"]
                    scale = float(other.abs().max()) or 1.0
                    assert float((gradient - other).abs().max()) <= TOLERANCE * scale, name


def last_of_each_direction(states, last, settings):
    """torch's h_n of the last layer: h_L, and beside it the state that the backward net ends with."""
    hidden = last[0] if settings.cell == "lstm" else last
    return torch.cat([hidden[-2], hidden[-1]], dim=-1) if settings.bidirectional else states[-1]


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize(("cell", "activation"), [("rnn", "tanh"), ("rnn", "relu"), ("gru", "tanh"), ("lstm", "tanh")])
@pytest.mark.parametrize(
    ("N", "L", "F", "H"), [(7, 5, 3, 4), (1, 5, 3, 4), (7, 1, 3, 4), (3, 4, 1, 1), (17, 2, 16, 15)]
)
def test_a_cell_is_torchs_cell(cell, activation, layers, bias, N, L, F, H):
    check_against_torch(make(cell, F=F, H=H, L=L, layers=layers, bias=bias, activation=activation), N, L, F)


@pytest.mark.parametrize("layers", [1, 2, 3])
@pytest.mark.parametrize("cell", sorted(TORCH))
def test_a_bidirectional_net_is_torchs(cell, layers):
    check_against_torch(make(cell, F=3, H=4, L=5, layers=layers, bidirectional=True), 7, 5, 3)


@given(
    N=st.integers(1, 9),
    L=st.integers(1, 6),
    F=st.integers(1, 5),
    H=st.integers(1, 6),
    cell=st.sampled_from(sorted(TORCH)),
)
@settings(max_examples=25, deadline=None)
def test_any_sizes_agree(N, L, F, H, cell):
    check_against_torch(make(cell, F=F, H=H, L=L), N, L, F)


def test_the_identity_net_is_a_sum_of_matrix_powers():
    net = make("rnn", F=2, H=3, L=4, bias=False, activation="identity")
    W_x, W_h, W_y, b_y = (net.weights()[name].detach() for name in ("w_x", "w_h", "w_y", "b_y"))
    x = torch.arange(8.0, dtype=torch.float64).reshape(4, 2)
    h = sum(torch.linalg.matrix_power(W_h, 3 - t) @ W_x @ x[t] for t in range(4))
    torch.testing.assert_close(net(x[None])[0], W_y @ h + b_y)


def test_the_mlp_is_the_elman_cell_with_one_step_on_the_flattened_window():
    mlp = make("mlp", F=3, H=5, L=4, bias=True)
    rnn = make("rnn", F=12, H=5, L=1, bias=True)
    rnn.load({**rnn.params(), **mlp.params(), "b_h": np.zeros(5)})
    X = torch.randn(6, 4, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(mlp(X), rnn(X.reshape(6, 1, 12)))


def test_swapping_axes_is_not_reshaping():
    net = make("rnn", F=3, H=4, L=5)
    X = torch.randn(5, 5, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    right = net.time_major(X)
    assert right.shape == (5, 5, 3)
    torch.testing.assert_close(right[2, 1], X[1, 2])
    assert not torch.equal(right, X.reshape(5, 5, 3))


def test_memory_off_forgets_all_but_the_last_step():
    net = make("rnn", F=3, H=4, L=5, memory=False)
    X = torch.randn(2, 5, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(2))
    changed = X.clone()
    changed[:, :4] = 9.0
    torch.testing.assert_close(net(X), net(changed))


def test_a_random_first_state_matters_and_travels_with_the_weights():
    net = make("lstm", F=3, H=4, L=2, h0="random")
    X = torch.zeros(1, 2, 3, dtype=torch.float64)
    other = make("lstm", F=3, H=4, L=2)
    other.load({name: array for name, array in net.params().items() if name != "h_0"})
    assert not torch.equal(net(X), other(X))
    other.load(net.params())
    torch.testing.assert_close(net(X), other(X))


def test_weights_of_the_wrong_shape_are_all_named():
    net = make("rnn", F=3, H=4)
    params = net.params()
    with pytest.raises(SettingsError) as caught:
        net.load({**params, "w_x": params["w_x"].T, "w_y": params["w_y"][:1]})
    assert "w_x: expected shape (4, 3), got (3, 4)" in str(caught.value)
    assert "w_y" in str(caught.value)


def test_a_first_state_that_is_given_travels_with_the_weights_too():
    net = make("rnn", F=3, H=4)
    assert "h_0" not in net.params()
    given = {**net.params(), "h_0": np.full((1, 4), 0.5)}
    init = build_net(net.settings, input_size=3, seq_len=3, output_size=2, seed=0, init=given, dtype=torch.float64)
    np.testing.assert_array_equal(init.params()["h_0"], given["h_0"])
    with pytest.raises(SettingsError, match=r"h_0: expected shape \(1, 4\), got \(4,\)"):
        build_net(net.settings, input_size=3, seq_len=3, output_size=2, seed=0, init={**given, "h_0": np.ones(4)})
