"""The contenders in PyTorch train the net that the engine trains."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from nextclose import engine
from nextclose.bench.loops import LibraryNet, LoopNet, train
from nextclose.bench.plan import ADAM, SGD, Size

NAMES = {
    "rnn.weight_ih_l0": "w_x", "rnn.weight_hh_l0": "w_h",
    "rnn.bias_ih_l0": "b_x", "rnn.bias_hh_l0": "b_h", "head.weight": "w_y", "head.bias": "b_y",
    "w_x.weight": "w_x", "w_h.weight": "w_h", "w_y.weight": "w_y", "w_y.bias": "b_y",
}  # fmt: skip


@pytest.mark.parametrize("update", [SGD, ADAM], ids=lambda update: update.name)
@pytest.mark.parametrize(
    ("make", "cell", "bias"),
    [(LoopNet, "rnn", False), (LibraryNet, "rnn", False), (LibraryNet, "gru", True), (LibraryNet, "lstm", True)],
)
def test_a_contender_ends_at_the_engines_weights(make, cell, bias, update):
    size = Size(cell=cell, windows=100, seq_len=3, hidden_size=5, bias=bias)
    X, y = size.data(np.float32)
    net = make(size)
    start = {NAMES[name]: weight.detach().numpy().copy() for name, weight in net.named_parameters()}
    train(lambda _: net, size, update, 3, X, y)
    fit = engine.fit(
        X, y, cell=cell, hidden_size=5, bias=bias, init=start, optimizer=update.optimizer, lr=update.lr,
        batch_size=update.batch_size, epochs=3,
    )  # fmt: skip
    moved = {NAMES[name]: weight.detach().numpy() for name, weight in net.named_parameters()}
    assert moved.keys() == fit.params.keys()
    for name, weight in moved.items():
        assert not np.array_equal(weight, start[name])
        np.testing.assert_allclose(fit.params[name], weight, atol=1e-5 * np.abs(weight).max(), err_msg=name)
    assert torch.get_num_threads() >= 1
