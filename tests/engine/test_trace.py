"""The engine's trace of one window against the terms that the PyTorch cells compute."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from tests.engine.reference import make_net, windows

from nextclose.engine.trace import trace

TOLERANCE = 1e-12


def walk(net, x):
    """Each step's terms by layer, and what the head says of it, from the PyTorch cells."""
    with torch.no_grad():
        inputs = net.time_major(torch.tensor(x)[None])
        states = [net.start(layer, inputs) for layer in range(len(net.cells))]
        for fed in inputs:
            layers = []
            for layer, cell in enumerate(net.cells):
                terms = cell.terms(fed, states[layer])
                states[layer] = tuple(terms[name] for name in ("h", "c") if name in terms)
                layers.append({name: term[0].numpy() for name, term in terms.items()})
                fed = terms["h"]
            yield layers, net.head(fed)[0].numpy()


NETS = [
    {"cell": "rnn"},
    {"cell": "rnn", "activation": "relu", "bias": True},
    {"cell": "rnn", "activation": "identity", "output_bias": False},
    {"cell": "rnn", "memory": False},
    {"cell": "rnn", "layers": 3, "h0": "random"},
    {"cell": "gru"},
    {"cell": "gru", "bias": True, "layers": 2, "h0": "random"},
    {"cell": "gru", "memory": False, "bias": True},
    {"cell": "lstm"},
    {"cell": "lstm", "bias": True, "layers": 2, "h0": "random"},
    {"cell": "lstm", "memory": False, "bias": True},
    {"cell": "mlp"},
    {"cell": "mlp", "bias": True, "activation": "relu"},
]


@pytest.mark.parametrize("settings", NETS, ids=lambda settings: " ".join(map(str, settings.values())))
@pytest.mark.parametrize("L", [1, 5])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_every_number_is_the_cells_own(settings, L, dtype):
    net = make_net(**settings, dtype=dtype, L=L, F=3, H=4, K=2)
    params = net.params()
    x = windows(1, L, 3, 2, "float64")[0][0] - 0.5
    steps = trace(params, x, cell=net.settings.cell, activation=net.settings.activation)
    walked = list(walk(net.double(), x))
    assert len(steps) == len(walked) == (1 if net.flat else L)
    for step, (layers, y) in zip(steps, walked, strict=True):
        np.testing.assert_allclose(step.y, y, rtol=TOLERANCE, atol=TOLERANCE)
        assert len(step.layers) == len(layers)
        for got, terms in zip(step.layers, layers, strict=True):
            assert list(got) == list(terms)
            for name, term in terms.items():
                np.testing.assert_allclose(got[name], term, rtol=TOLERANCE, atol=TOLERANCE, err_msg=name)


def test_an_elman_step_is_the_sum_of_its_two_products():
    net = make_net("rnn", "float64", L=5, F=3, H=4, K=1)
    x = windows(1, 5, 3, 1, "float64")[0][0]
    before = np.zeros(4)
    for t, step in enumerate(trace(net.params(), x, cell="rnn")):
        (terms,) = step.layers
        np.testing.assert_allclose(terms["w_x x"], net.params()["w_x"] @ x[t], rtol=1e-13)
        np.testing.assert_allclose(terms["w_h h"], net.params()["w_h"] @ before, rtol=1e-12, atol=1e-15)
        np.testing.assert_array_equal(terms["sum"], terms["w_x x"] + terms["w_h h"])
        np.testing.assert_allclose(terms["h"], np.tanh(terms["sum"]), rtol=1e-13)
        before = terms["h"]
