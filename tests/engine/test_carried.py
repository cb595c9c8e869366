"""A state that is never reset."""

from __future__ import annotations

import numpy as np
import pytest

from nextclose import engine
from nextclose.engine.carried import predict_carried
from nextclose.engine.trace import trace


@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
def test_windows_are_walked_as_one(cell, layers):
    rng = np.random.default_rng(4)
    X, y = rng.random((7, 5, 3)), rng.random((7, 2))
    params = engine.fit(X, y, cell=cell, hidden_size=4, num_layers=layers, epochs=3, lr=0.05).params
    walked = trace(params, X.reshape(-1, 3), cell=cell)
    found = predict_carried(params, X, cell=cell)
    np.testing.assert_allclose(found, [step.y for step in walked[4::5]], rtol=1e-12)
    np.testing.assert_allclose(found[0], engine.predict(params, X[:1], cell=cell)[0], rtol=1e-12)


def test_each_window_starts_from_the_state_before_it():
    rng = np.random.default_rng(5)
    X = rng.random((3, 4, 2))
    params = engine.fit(X, rng.random((3, 1)), hidden_size=3, epochs=2).params
    state = np.zeros(3)
    for window, said in zip(X, predict_carried(params, X, cell="rnn"), strict=True):
        own = engine.states({**params, "h_0": state[None]}, window[None], cell="rnn")
        np.testing.assert_allclose(said, own["y"][0], rtol=1e-12)
        state = own["h"][0, -1]


def test_no_windows_have_no_forecasts():
    params = {"w_x": np.ones((2, 3)), "w_h": np.ones((2, 2)), "w_y": np.ones((1, 2)), "b_y": np.zeros(1)}
    assert predict_carried(params, np.empty((0, 4, 3)), cell="rnn").shape == (0, 1)
