"""The head that normalises over its batch, batches that are left out, and weights of the last epoch; against PyTorch."""

from __future__ import annotations

import numpy as np
import pytest
from tests.engine.reference import (
    close,
    drawn_params,
    make_net,
    same_bits,
    same_fit,
    same_params,
    squared,
    tensor,
    torch_fit,
    windows,
)

from nextclose import engine
from nextclose.core.cells import NetShape, initial_params
from nextclose.core.errors import SettingsError
from nextclose.engine import call as call_of

CELLS = ["rnn", "gru", "lstm", "mlp"]
DEEP = [(cell, layers) for cell in CELLS for layers in (1, 2, 3) if cell != "mlp" or layers == 1]
DTYPES = [np.float64, np.float32]
HEAD = {"head": "batchnorm", "hidden_size": 7, "bias": True}
OPTIMIZERS = [
    {"optimizer": "sgd", "lr": 0.05, "momentum": 0.5},
    {"optimizer": "rmsprop", "lr": 0.0001},
    {"optimizer": "adam", "lr": 0.001},
    {"optimizer": "adamw", "lr": 0.001},
]
RUNNING = ("mean_y", "var_y")
AS_FAR = 5.0
"""The engine's float32 may be this many times as far from float64 as PyTorch's float32 is."""


def moved(net, seed=3):
    """The net's weights, and a running mean and variance, gain and shift that say something."""
    rng, params = np.random.default_rng(seed), net.params()
    for name in ("mean_y", "shift_y", "gain_y", "var_y"):
        params[name] = (0.3 * rng.standard_normal(params[name].shape) + (name[0] in "gv")).astype(params[name].dtype)
    params["var_y"] = np.abs(params["var_y"]) + params["var_y"].dtype.type(0.1)
    net.load(params)
    return params


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("cell", "layers"), DEEP)
@pytest.mark.parametrize(("N", "H", "K", "output_bias"), [(17, 7, 2, True), (70, 2, 1, False), (3, 16, 3, True)])
def test_outputs_and_gradients_are_those_of_the_running_statistics(cell, layers, dtype, N, H, K, output_bias):
    net = make_net(cell, dtype, L=3, F=2, H=H, K=K, layers=layers, bias=True, output_bias=output_bias, head="batchnorm")
    params, (X, y) = moved(net), windows(N, 3, 2, K, dtype)
    outputs = net(tensor(X))
    close(engine.predict(params, X, cell=cell), outputs.detach(), dtype, "outputs")
    loss = squared(outputs, tensor(y))
    loss.backward()
    value, gradients = engine.gradients(params, X, y, cell=cell)
    close(value, loss.item(), dtype, "loss")
    learnt = {name: weight for name, weight in net.weights().items() if name not in RUNNING}
    assert list(gradients) == list(learnt)
    for name, weight in learnt.items():
        close(gradients[name], weight.grad, dtype, name)


def alike(X, y, **call):
    """The engine's fit is PyTorch's within the tolerance.

    A normalisation divides by deviations that may be small, so that float32's own rounding shows, in PyTorch as here: what
    cannot agree within the tolerance must lie about as close to float64 as PyTorch does.
    """
    got, expected, dtype = engine.fit(X, y, **call), torch_fit(X, y, **call), X.dtype
    if dtype == np.float32:
        try:
            same_fit(got, expected, dtype)
        except AssertionError:
            _about_as_close(got, expected, _in_float64(X, y, **call))
    else:
        same_fit(got, expected, dtype)
    return got


def _in_float64(X, y, *, validation=None, **call):
    """PyTorch's fit in float64 from the same float32 weights."""
    net = {name: call[name] for name in (*HEAD, "cell", "num_layers", "init", "seed", "h0") if name in call}
    init = drawn_params(np.float32, L=X.shape[1], F=X.shape[2], K=y.shape[1], **net)
    wide = [array.astype(np.float64) for array in (X, y, *(validation or ()))]
    held_out = None if validation is None else (wide[2], wide[3])
    given = {name: array.astype(np.float64) for name, array in init.items()}
    return torch_fit(wide[0], wide[1], validation=held_out, **call | {"init": given})


def _about_as_close(got, expected, truth):
    assert got.best_epoch == expected.best_epoch
    assert got.params.keys() == expected.params.keys()
    far = [_farthest(fit, truth) for fit in (got, expected)]
    assert far[0] <= AS_FAR * max(far[1], 1e-6), far
    assert far[0] < 1e-2, far


def _farthest(fit, truth):
    pairs = [(fit.losses, truth.losses), *((fit.params[name], array) for name, array in truth.params.items())]
    pairs += [(fit.val_losses, truth.val_losses)] if len(truth.val_losses) else []
    return max(np.abs(own.astype(np.float64) - other).max() / np.abs(other).max() for own, other in pairs)


def learning_gradients(params, X, y, **call):
    """The loss on the batch's own statistics, and its gradients: what one step of plain SGD with rate 1 subtracts."""
    got = engine.fit(X, y, init=params, lr=1.0, epochs=1, **HEAD | call)
    return got.losses[0], {name: params[name] - array for name, array in got.params.items() if name not in RUNNING}


@pytest.mark.parametrize("cell", CELLS)
def test_gradients_in_training_agree_with_finite_differences(cell):
    net = make_net(cell, np.float64, L=3, F=2, H=7, K=2, bias=True, head="batchnorm")
    params, (X, y) = moved(net), windows(21, 3, 2, 2, np.float64)
    _, gradients = learning_gradients(params, X, y, cell=cell)
    for name, gradient in gradients.items():
        for index in list(np.ndindex(gradient.shape))[:3]:
            losses = []
            for sign in (1.0, -1.0):
                near = {key: value.copy() for key, value in params.items()}
                near[name][index] += sign * 1e-6
                losses.append(learning_gradients(near, X, y, cell=cell)[0])
            assert gradient[index] == pytest.approx((losses[0] - losses[1]) / 2e-6, rel=1e-5, abs=1e-9), name


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("cell", "layers"), DEEP)
@pytest.mark.parametrize("N", [2, 17, 150, 1000])
def test_gradients_in_training_are_torchs(cell, layers, dtype, N):
    """By one step of SGD with rate 1: the step is the gradient."""
    if N == 2 and dtype is np.float32:
        pytest.skip("two samples normalised are 1 and -1, and their gradients cancel down to rounding")
    X, y = windows(N, 3, 2, 2, dtype)
    call = HEAD | {"cell": cell, "num_layers": layers, "lr": 1.0, "epochs": 1, "seed": 4}
    alike(X, y, **call)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=lambda case: case["optimizer"])
@pytest.mark.parametrize("more", [{}, {"weight_decay": 0.02}, {"weight_decay": 0.02, "clip_norm": 0.01}], ids=len)
def test_an_update_of_every_optimiser(cell, dtype, optimizer, more):
    X, y = windows(13, 3, 2, 2, dtype)
    call = HEAD | optimizer | more | {"cell": cell, "epochs": 1}
    alike(X, y, **call)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("cell", "layers"), DEEP)
@pytest.mark.parametrize("optimizer", OPTIMIZERS[:3], ids=lambda case: case["optimizer"])
def test_a_hundred_updates(cell, layers, dtype, optimizer):
    X, y = windows(37, 4, 3, 1, dtype)
    call = HEAD | optimizer | {"cell": cell, "num_layers": layers, "epochs": 100, "seed": 3}
    call |= {"validation": windows(40, 4, 3, 1, dtype, seed=5), "restore_best": False}
    alike(X, y, **call)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.parametrize("drop_last", [False, True])
@pytest.mark.parametrize(("N", "batch_size"), [(17, 5), (18, 4), (150, 70), (16, 2), (37, 36)])
def test_batches(cell, dtype, shuffle, drop_last, N, batch_size):
    X, y = windows(N, 3, 2, 2, dtype)
    call = HEAD | {"cell": cell, "lr": 0.05, "epochs": 3, "batch_size": batch_size, "shuffle": shuffle}
    call |= {"drop_last": drop_last, "validation": windows(21, 3, 2, 2, dtype, seed=5), "seed": 6}
    if N % batch_size == 1 and not drop_last:
        for fit in (engine.fit, torch_fit):
            with pytest.raises(
                SettingsError, match=f"with {N} train windows in batches of {batch_size} the last has one"
            ):
                fit(X, y, **call)
    else:
        alike(X, y, **call)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("head", ["linear", "batchnorm"])
def test_the_best_weights_come_back_with_their_statistics_or_the_last_do(dtype, head):
    X, y = windows(30, 3, 2, 1, dtype)
    held_out = windows(70, 3, 2, 1, dtype, seed=5)
    call = {
        "head": head,
        "lr": 0.3,
        "momentum": 0.8,
        "epochs": 25,
        "batch_size": 7,
        "validation": held_out,
        "cell": "gru",
    }
    best, last = (engine.fit(X, y, **call, restore_best=restores) for restores in (True, False))
    assert best.best_epoch == np.argmin(best.val_losses) < 24 == last.best_epoch
    np.testing.assert_array_equal(best.val_losses, last.val_losses)
    for got in (best, last):
        outputs = engine.predict(got.params, held_out[0], cell="gru").astype(np.float64)
        close(np.mean((outputs - held_out[1]) ** 2), got.val_losses[got.best_epoch], dtype)
    if dtype is np.float64:  # so large a rate makes much of float32's rounding
        same_fit(last, torch_fit(X, y, **call, restore_best=False), dtype)
        same_fit(best, torch_fit(X, y, **call), dtype)
    assert last.params["w_y"].tobytes() != best.params["w_y"].tobytes()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.parametrize("batch_size", [5, 16, 17, 40])
def test_a_batch_that_is_left_out(cell, dtype, shuffle, batch_size):
    X, y = windows(37, 3, 2, 2, dtype)
    call = {"cell": cell, "lr": 0.05, "epochs": 4, "batch_size": batch_size, "shuffle": shuffle, "drop_last": True}
    if batch_size > 37:
        for fit in (engine.fit, torch_fit):
            with pytest.raises(SettingsError, match="37 train windows fill no batch of 40"):
                fit(X, y, **call)
        return
    got = engine.fit(X, y, **call)
    same_fit(got, torch_fit(X, y, **call), dtype)
    if not shuffle:
        used = 37 - 37 % batch_size
        same_bits(engine.fit(X[:used], y[:used], **call), got)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("quantiles", [(0.5,), (0.1, 0.5, 0.9)])
@pytest.mark.parametrize(
    "more", [{"h0": "random"}, {"memory": False}, {"init": "rnn"}, {"activation": "relu"}], ids=str
)
def test_other_settings_go_with_it(dtype, quantiles, more):
    X, y = windows(21, 3, 2, 2, dtype)
    call = (
        HEAD | {"loss": "pinball", "quantiles": quantiles, "epochs": 5, "lr": 0.02, "batch_size": 8, "seed": 2} | more
    )
    got = engine.fit(X, y, **call)
    expected = torch_fit(X, y, **call)
    same_params(got.params, expected.params, dtype)
    close(got.losses, expected.losses, dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("scheme", ["linear", "rnn"])
@pytest.mark.parametrize("zero_head", [False, True])
def test_initial_weights_are_the_streams_bit_for_bit(dtype, scheme, zero_head):
    net = HEAD | {"cell": "lstm", "num_layers": 2}
    got = drawn_params(dtype, L=4, F=3, K=2, seed=21, init=scheme, zero_head=zero_head, **net)
    expected = initial_params(NetShape(input_size=3, output_size=2, **net), scheme=scheme, seed=21)
    assert list(got) == list(expected)
    for name, array in expected.items():
        wanted = 0.0 * array if zero_head and name in ("w_y", "b_y") else array
        np.testing.assert_array_equal(got[name], wanted.astype(dtype), err_msg=name)


TASKS = [
    {"start": 0, "stop": 17, "seed": 3, "batch_size": 5},
    {"start": 3, "stop": 113, "seed": -1, "val_start": 90, "val_stop": 140, "patience": 2, "epochs": 30, "lr": 0.2},
    {"start": 40, "stop": 42, "seed": 5},
    {"start": 20, "stop": 130, "seed": 9, "batch_size": 70, "val_start": 3, "val_stop": 10, "weight_decay": 0.1},
]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.parametrize("h0", [None, "random"])
def test_many_are_the_fits_alone_on_any_number_of_threads(dtype, cell, shuffle, h0):
    X, y = windows(150, 3, 2, 2, dtype, seed=4)
    call = HEAD | {"cell": cell, "lr": 0.05, "shuffle": shuffle, "epochs": 6, "h0": None if cell == "mlp" else h0}
    fits = engine.fit_many(X, y, TASKS * 3, threads=1, **call)
    for one, other in zip(engine.fit_many(X, y, TASKS[::-1] * 3, threads=2, **call)[::-1], fits, strict=True):
        same_bits(one, other)
    for task, fit in zip(TASKS, fits, strict=False):
        own = {name: value for name, value in task.items() if "st" not in name}
        held = slice(task.get("val_start", 0), task.get("val_stop", 0))
        own |= {"validation": (X[held], y[held])} if held.stop else {}
        same_bits(engine.fit(X[task["start"] : task["stop"]], y[task["start"] : task["stop"]], **call | own), fit)
    asked = [{"start": 5, "stop": 60, "init": fit.params} for fit in fits[:2]]
    found = engine.predict_many(X, [engine.Task(**task) for task in asked], cell=cell)
    for fit, outputs in zip(fits, found, strict=False):
        np.testing.assert_array_equal(outputs, engine.predict(fit.params, X[5:60], cell=cell))
    (batched,) = engine.fit_batches([{"X": X, "y": y, "tasks": TASKS, **call}])
    for one, other in zip(batched.fits, fits, strict=False):
        same_bits(one, other)


@pytest.mark.parametrize("shuffle", [False, True])
def test_how_a_batch_is_cut_into_blocks_changes_rounding_alone(monkeypatch, shuffle):
    X, y = windows(150, 3, 2, 1, np.float64)
    call = HEAD | {"cell": "lstm", "epochs": 20, "lr": 0.05, "batch_size": 140, "shuffle": shuffle}
    whole = engine.fit(X, y, **call)
    monkeypatch.setattr("nextclose.engine.call.block_size", lambda *_: 16)
    call_of.make_plan.cache_clear()
    cut = engine.fit(X, y, **call)
    call_of.make_plan.cache_clear()
    same_fit(cut, whole, np.float64)
    assert cut.losses.tobytes() != whole.losses.tobytes()


def test_training_goes_on_where_it_stopped():
    X, y = windows(21, 3, 2, 1, np.float64)
    call = HEAD | {"cell": "lstm"}
    whole, half = (engine.fit(X, y, epochs=epochs, **call) for epochs in (20, 10))
    rest = engine.fit(X, y, epochs=10, init=half.params, **call)
    same_params(rest.params, whole.params, np.float64)
    np.testing.assert_array_equal(np.concatenate([half.losses, rest.losses]), whole.losses)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"head": "batchnrm"}, "head: expected one of linear, batchnorm, got 'batchnrm'. Did you mean"),
        ({"hidden_size": 1}, "hidden_size: expected a whole number of at least 2, got 1"),
        ({"sample_weight": np.ones(9)}, "leave out sample_weight"),
        ({"batch_size": 4}, "with 9 train windows in batches of 4 the last has one"),
        ({"batch_size": 1}, "in batches of 1 the last has one"),
        ({"batch_size": 10, "drop_last": True}, "9 train windows fill no batch of 10"),
        ({"patience": 2, "restore_best": False}, "patience stops at the best epoch"),
    ],
)
def test_what_cannot_be_meant_is_refused(change, message):
    call = HEAD | {"epochs": 2} | change
    with pytest.raises(SettingsError, match=message):
        engine.fit(np.ones((9, 3, 2)), np.ones((9, 1)), **call)
    with pytest.raises(SettingsError, match=message):
        engine.fit_many(np.ones((9, 3, 2)), np.ones((9, 1)), [{"start": 0, "stop": 9}], **call)


@pytest.mark.parametrize("name", ["mean_y", "gain_y", "b_z"])
def test_a_part_that_is_missing_is_named(name):
    params = make_net("gru", np.float64, L=3, F=2, H=4, K=1, head="batchnorm").params()
    del params[name]
    with pytest.raises(SettingsError, match=f"{name}: expected shape"):
        engine.predict(params, np.ones((3, 3, 2)), cell="gru")
