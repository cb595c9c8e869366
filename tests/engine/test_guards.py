"""What must not go wrong silently: memory, weights that are no numbers, names that nobody reads."""

from __future__ import annotations

import os
import signal
import threading

import numpy as np
import pytest

from nextclose import engine
from nextclose.core.errors import FitError, SettingsError
from nextclose.engine import kernel, machine, scratch

from .reference import windows

LONG = {"hidden_size": 24, "epochs": 4000}


def test_an_on_epoch_that_uses_the_engine_disturbs_nothing(monkeypatch):
    monkeypatch.setattr(kernel, "DIRECT", 0.0)
    monkeypatch.setattr(scratch, "FILL_WITH_NAN", False)
    X, y = windows(200, 4, 4, 1, np.float32)
    alone = engine.fit(X, y, epochs=300)
    other = engine.fit(X, y, epochs=300, on_epoch=lambda *_: engine.fit(X, y + 1.0, epochs=300))
    np.testing.assert_array_equal(alone.losses, other.losses)


def test_a_long_fit_that_is_interrupted_ends_before_its_memory_does(monkeypatch):
    running = []
    run = machine.kernel("float32")

    def watched(*places):
        running.append(1)
        threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGINT)).start()
        try:
            return run(*places)
        finally:
            running.pop()

    monkeypatch.setitem(machine._loaded, "float32", watched)
    X, y = windows(685, 20, 4, 1, np.float32)
    for _ in range(3):
        with pytest.raises(KeyboardInterrupt):
            engine.fit(X, y, **LONG)
        assert not running


@pytest.mark.parametrize("held_out", [0, 4])
def test_weights_that_are_not_finite_are_no_result(held_out):
    X, y = windows(30, 3, 2, 1, np.float32)
    validation = windows(held_out, 3, 2, 1, np.float32) if held_out else None
    with pytest.raises(FitError, match="weights after epoch 0 are not finite"):
        engine.fit(X, y, epochs=1, lr=1e39, validation=validation)
    (fit,) = engine.fit_many(X, y, [{"start": 0, "stop": 30}], epochs=1, lr=1e39)
    assert "not finite" in str(fit.problem)
    assert fit.best_epoch == -1


def test_what_a_diverged_task_never_computed_is_nan():
    X, y = windows(30, 3, 2, 1, np.float64)
    task = {"start": 0, "stop": 20, "val_start": 20, "val_stop": 30}
    (fit,) = engine.fit_many(X, y, [task], activation="relu", lr=1e6, epochs=50)
    assert fit.problem is not None
    assert len(fit.val_losses) == len(fit.losses)
    assert np.isnan(fit.val_losses[-1])


@pytest.mark.parametrize(
    ("quantiles", "rows", "error", "message"),
    [
        ((), 2, SettingsError, "at least one"),
        ((2.0, -1.0), 2, SettingsError, "expected 0.0 to 1.0"),
        ((0.1, 0.9), 5, FitError, "no multiple of 2"),
    ],
)
def test_gradients_refuse_quantiles_that_fit_nothing(quantiles, rows, error, message):
    params = {"w_x": np.ones((3, 2)), "w_h": np.ones((3, 3)), "w_y": np.ones((rows, 3))}
    with pytest.raises(error, match=message):
        engine.gradients(params, np.ones((4, 2, 2)), np.ones((4, 2)), loss="pinball", quantiles=quantiles)


@pytest.mark.parametrize("extra", ["b_x", "foo"])
def test_weights_that_the_net_has_no_place_for_are_named(extra):
    X, y = windows(5, 3, 2, 1, np.float64)
    init = dict(engine.fit(X, y, hidden_size=3, epochs=1).params) | {extra: np.ones(3)}
    with pytest.raises(SettingsError, match=f"there is no {extra}"):
        engine.fit(X, y, hidden_size=3, init=init)


def test_steps_that_are_not_walked_are_looked_at():
    X, y = windows(9, 4, 2, 1, np.float64)
    X[3, 0, 0] = np.nan
    with pytest.raises(FitError, match="X holds 1 values"):
        engine.fit(X, y, memory=False)


@pytest.mark.parametrize(("where", "name"), [("X", "X holds"), ("y", "y holds"), ("init", "initial weights hold")])
def test_numbers_that_float32_cannot_hold_are_named(where, name):
    X, y = windows(9, 4, 2, 1, np.float64)
    init = {key: value.copy() for key, value in engine.fit(X, y, epochs=1).params.items()}
    changed = {"X": X, "y": y, "init": init["w_x"]}[where]
    changed *= 1e40
    (fit,) = engine.fit_many(X, y, [{"start": 0, "stop": 9}], dtype="float32", init=init)
    assert name in str(fit.problem)


def test_small_batches_give_the_same_bits_as_padded_ones(monkeypatch):
    X, y = windows(50, 3, 2, 1, np.float32)
    gathered = engine.fit(X, y, batch_size=3, optimizer="adam", lr=0.001, epochs=5)
    (padded,) = engine.fit_many(X, y, [{"start": 0, "stop": 50}], batch_size=3, optimizer="adam", lr=0.001, epochs=5)
    monkeypatch.setattr("nextclose.engine.call.VECTOR_BYTES", 0)
    laid = engine.fit(X, y, batch_size=3, optimizer="adam", lr=0.001, epochs=6)
    np.testing.assert_array_equal(gathered.losses, padded.losses)
    np.testing.assert_array_equal(gathered.losses, laid.losses[:5])


def test_a_batch_whose_weights_are_all_0_changes_nothing():
    X, y = windows(8, 3, 2, 1, np.float64)
    weight = np.array([1.0] * 4 + [0.0] * 4)
    whole = engine.fit(X, y, batch_size=4, sample_weight=weight, epochs=3)
    part = engine.fit(X[:4], y[:4], epochs=3)
    for name, array in part.params.items():
        np.testing.assert_array_equal(whole.params[name], array)


def test_memory_for_a_large_fit_is_given_back():
    X, y = windows(40_000, 10, 6, 1, np.float32)
    engine.fit(X, y, epochs=1)
    assert getattr(scratch._kept, "room", None) is None


def test_fits_of_many_keep_nothing_but_their_own():
    X, y = windows(20, 3, 2, 1, np.float32)
    fits = engine.fit_many(X, y, [{"start": 0, "stop": 20, "seed": seed} for seed in range(50)], epochs=2)
    assert fits[7].params["w_x"].base.size < 1000
    assert fits[7].losses.base.size < 100


def test_masked_values_are_no_numbers():
    X, y = windows(5, 3, 2, 1, np.float64)
    masked = np.ma.masked_array(X, mask=np.zeros_like(X))
    np.testing.assert_array_equal(engine.fit(masked, y, epochs=1).losses, engine.fit(X, y, epochs=1).losses)
    masked[0, 0, 0] = np.ma.masked
    with pytest.raises(FitError, match="X holds 1 values"):
        engine.fit(masked, y, epochs=1)
