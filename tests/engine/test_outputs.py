"""Many nets in one call give the bits of each net alone."""

from __future__ import annotations

import numpy as np
import pytest

from nextclose import engine
from nextclose.core.errors import FitError, SettingsError
from nextclose.engine import Task

from .reference import make_net
from .test_passes import CELLS, DTYPES

RNG = np.random.default_rng(5)
X = RNG.standard_normal((300, 3, 4))


def net(cell, dtype, seed=0, **sizes):
    params = make_net(cell, dtype, L=3, F=4, H=5, K=2, bias=True, **sizes).params()
    rng = np.random.default_rng(seed)
    return {name: rng.uniform(-1.0, 1.0, weight.shape).astype(dtype) for name, weight in params.items()}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("cell", "activation"), CELLS)
def test_each_net_says_what_it_says_alone(cell, activation, dtype):
    spans = [(0, 1), (7, 300), (7, 300), (120, 141), (299, 300), (33, 98)]
    shift, scale = RNG.standard_normal(4), RNG.uniform(0.5, 2.0, 4)
    tasks = [
        Task(start=start, stop=stop, init=net(cell, dtype, seed), x_shift=shift * seed, x_scale=scale + seed)
        for seed, (start, stop) in enumerate(spans)
    ]
    found = engine.predict_many(X, tasks, cell=cell, activation=activation)
    for task, outputs in zip(tasks, found, strict=True):
        windows = (X[task.start : task.stop] - task.x_shift) / task.x_scale
        alone = engine.predict(task.init, windows, cell=cell, activation=activation)
        assert outputs.dtype == dtype
        np.testing.assert_array_equal(outputs, alone)


def test_a_net_without_memory_beside_one_with_memory():
    forgetful = net("rnn", np.float32) | {"w_h": np.zeros((5, 5), np.float32)}
    tasks = [Task(start=0, stop=20, init=forgetful), Task(start=5, stop=25, init=net("rnn", np.float32, 1))]
    for task, outputs in zip(tasks, engine.predict_many(X, tasks), strict=True):
        np.testing.assert_array_equal(outputs, engine.predict(task.init, X[task.start : task.stop]))


def test_a_start_state_is_the_nets_own():
    nets = [net("lstm", np.float64, seed) | {"h_0": RNG.standard_normal((1, 5))} for seed in (1, 2)]
    found = engine.predict_many(X, [Task(start=0, stop=9, init=one) for one in nets], cell="lstm")
    for one, outputs in zip(nets, found, strict=True):
        np.testing.assert_array_equal(outputs, engine.predict(one, X[:9], cell="lstm"))


def test_nothing_asked_nothing_said():
    assert engine.predict_many(X, []) == ()


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"start": 5, "stop": 5}, FitError, "expected 0 <= start < stop <= 300, got 5 and 5"),
        ({"stop": 301}, FitError, "got 0 and 301"),
        ({"start": -1}, FitError, "got -1 and 9"),
        ({"init": None}, FitError, "task 1: expected a net's weights"),
        ({"init": {"w_x": np.ones((4, 4)), "w_y": np.ones((2, 4))}},
         SettingsError, "initial weights do not fit"),
        ({"x_scale": 0.0}, FitError, "x_scale: expected finite numbers, and none of 0"),
        ({"x_shift": np.nan}, FitError, "x_shift"),
        ({"x_shift": np.ones(3)}, FitError, "x_shift: expected 4 numbers"),
    ],
)  # fmt: skip
def test_what_cannot_be_meant_is_refused(change, error, message):
    good = {"start": 0, "stop": 9, "init": net("rnn", np.float64)}
    with pytest.raises(error, match=message):
        engine.predict_many(X, [Task(**good), Task(**(good | change))])


def test_a_window_that_is_not_finite_is_refused():
    holed = X.copy()
    holed[30, 1, 2] = np.nan
    good, bad = (
        Task(start=0, stop=30, init=net("gru", np.float32)),
        Task(start=25, stop=31, init=net("gru", np.float32)),
    )
    assert len(engine.predict_many(holed, [good], cell="gru")) == 1
    with pytest.raises(FitError, match="X holds 1 values"):
        engine.predict_many(holed, [good, bad], cell="gru")
