"""Nets fitted side by side are the nets fitted alone, and none of them touches another."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from nextclose.core.fit import Task
from nextclose.core.seeds import permutation
from nextclose.core.settings import NetSettings, TrainingSettings
from nextclose.training import fit as fitting
from nextclose.training.fit import fit_many, predict

TOLERANCE = 1e-10
L, F, K = 5, 3, 2
BASE = {"optimizer": "adam", "lr": 0.01, "epochs": 6, "batch_size": 16, "shuffle": True, "dtype": "float64"}
LSTM = {"cell": "lstm", "bias": True, "head": "batchnorm", "dropout": 0.25}
CASES = {
    "full-batch": ({"cell": "rnn"}, {"optimizer": "sgd", "batch_size": None, "shuffle": False, "lr": 0.1}),
    "rnn": ({"cell": "rnn", "bias": True}, {}),
    "lstm-batchnorm-dropout": (LSTM, {}),
    "drop-last": ({"cell": "gru"}, {"drop_last": True, "optimizer": "rmsprop", "momentum": 0.5}),
    "clipped": ({"cell": "rnn"}, {"clip_norm": 0.05, "optimizer": "sgd", "lr": 0.5, "momentum": 0.9}),
    "scheduled": ({"cell": "rnn"}, {"lr_step": 2, "weight_decay": 0.01, "optimizer": "adamw"}),
    "early-stopping": ({"cell": "rnn"}, {"patience": 2, "validation": 0.2, "epochs": 60, "lr": 0.05}),
    "last-weights": (LSTM, {"validation": 0.2, "restore_best": False}),
    "teacher-forcing": ({"cell": "gru", "decoder": "recurrent"}, {"teacher_forcing": 0.5}),
    "attention": ({"cell": "gru", "decoder": "attention"}, {"teacher_forcing": 0.5}),
    "transformer": ({"cell": "transformer", "bias": True, "num_heads": 2, "activation": "relu"}, {}),
    "bidirectional": ({"cell": "gru", "bidirectional": True, "num_layers": 2}, {}),
    "memory-off": ({"cell": "rnn", "memory": False}, {}),
    "random-start": ({"cell": "lstm", "h0": "random"}, {}),
    "pinball": ({"cell": "rnn"}, {"loss": "pinball", "quantiles": (0.1, 0.5, 0.9)}),
}


def settings(name, **more):
    net, training = CASES[name]
    return NetSettings(hidden_size=4, **net), TrainingSettings(**(BASE | training | more))


def windows(n=120, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, L, F))
    return X, np.stack([X[:, -1, 0], X[:, 0, 1]], axis=1) * 0.5 + 0.3 * rng.standard_normal((n, K))


def shared_tasks(count=3, **more):
    """One set of windows, a seed each."""
    return [Task(start=0, stop=70, val_start=70, val_stop=100, seed=seed, **more) for seed in range(count)]


def rolling_tasks(count=3, **more):
    """Spans that move on by seven windows, each scaled in its own way."""
    return [
        Task(
            start=7 * k, stop=7 * k + 70, val_start=7 * k + 70, val_stop=7 * k + 100, seed=k % 2, x_shift=np.full(F, 0.1 * k),
            x_scale=np.full(F, 1.0 + k), y_shift=np.full(K, -0.2 * k), y_scale=np.full(K, 1.0 + 0.5 * k), **more,
        )
        for k in range(count)
    ]  # fmt: skip


def fitted(tasks, net, training):
    return fit_many(*windows(), tasks, net=net, training=training)


def assert_same(got, expected):
    assert got.problem is None
    assert got.best_epoch == expected.best_epoch
    assert got.params.keys() == expected.params.keys()
    pairs = [(got.losses, expected.losses), (got.val_losses, expected.val_losses)]
    for own, other in pairs + [(array, expected.params[name]) for name, array in got.params.items()]:
        assert own.shape == other.shape
        np.testing.assert_allclose(
            own, other, rtol=0.0, atol=TOLERANCE * max(1.0, float(np.abs(other).max(initial=0.0)))
        )


def moved_tasks(count=3, **more):
    """Spans that move on, all scaled alike."""
    return [Task(start=k, stop=k + 70, val_start=k + 70, val_stop=k + 100, seed=1, **more) for k in range(count)]


def rescaled_tasks(count=3, **more):
    """One span, scaled in three ways."""
    return [
        Task(start=0, stop=70, val_start=70, val_stop=100, seed=1, x_scale=np.full(F, 1.0 + k), **more)
        for k in range(count)
    ]


def own_rates(count=3, **more):
    """One span, a learning rate each: these cannot stand side by side."""
    return [
        Task(start=0, stop=70, val_start=70, val_stop=100, seed=k // 2, lr=0.01 * (1 + k), **more) for k in range(count)
    ]


@pytest.mark.parametrize("tasks", [moved_tasks, rescaled_tasks, own_rates])
def test_windows_scalers_and_settings_are_each_tasks_own(tasks):
    net, training = settings("rnn")
    together = fitted(tasks(), net, training)
    for task, own in zip(tasks(), together, strict=True):
        assert_same(own, fitted([task], net, training)[0])
    assert len({own.losses[-1] for own in together}) == 3


@pytest.mark.parametrize("tasks", [shared_tasks, rolling_tasks])
@pytest.mark.parametrize("name", CASES)
def test_nets_side_by_side_are_the_nets_alone(name, tasks):
    net, training = settings(name)
    together = fitted(tasks(), net, training)
    for task, own in zip(tasks(), together, strict=True):
        assert_same(own, fitted([task], net, training)[0])
    assert not np.array_equal(together[0].params["w_y"], together[1].params["w_y"])


def test_those_cases_are_really_fitted_together(monkeypatch):
    seen, whole = [], fitting.train

    def counting(net, given, training, seeds, **more):
        seen.append((len(seeds), given.X.dim()))
        return whole(net, given, training, seeds, **more)

    monkeypatch.setattr(fitting, "train", counting)
    fitted(shared_tasks(11), *settings("rnn"))
    fitted(rolling_tasks(3), *settings("rnn"))
    fitted([*shared_tasks(2), Task(start=0, stop=71, seed=5), Task(start=0, stop=70, seed=6, lr=0.1)], *settings("rnn"))
    assert seen == [(8, 3), (3, 3), (3, 4), (2, 3), (1, 3), (1, 3)]


def test_nets_stop_at_their_own_epochs():
    net, training = settings("early-stopping")
    lengths = [len(own.losses) for own in fitted(shared_tasks(6), net, training)]
    assert len(set(lengths)) > 1
    assert max(lengths) < training.epochs
    for own in fitted(shared_tasks(6), net, training):
        assert len(own.losses) == len(own.val_losses) == own.best_epoch + 1 + training.patience
        assert own.val_losses[own.best_epoch] == own.val_losses.min()


@pytest.mark.parametrize("name", ["rnn", "clipped", "lstm-batchnorm-dropout", "transformer"])
@pytest.mark.parametrize("tasks", [shared_tasks, rolling_tasks])
def test_a_net_that_diverges_touches_no_other(name, tasks):
    net, training = settings(name)
    start = dict(fitted(tasks(1), net, training)[0].params)
    broken = {key: np.full_like(array, np.nan) if key == "w_y" else array for key, array in start.items()}
    asked = tasks()
    asked[1] = Task(**{**vars(asked[1]), "init": broken})
    good, bad, other = fitted(asked, net, training)
    assert "the loss of epoch 0 is nan" in str(bad.problem)
    assert bad.params == {}
    assert_same(good, fitted([asked[0]], net, training)[0])
    assert_same(other, fitted([asked[2]], net, training)[0])


@pytest.mark.parametrize("tasks", [shared_tasks, rolling_tasks])
@pytest.mark.parametrize("name", CASES)
def test_the_same_call_gives_the_same_bits(name, tasks):
    net, training = settings(name, dtype="float32", epochs=3)
    first, again = (fitted(tasks(), net, training) for _ in range(2))
    for own, other in zip(first, again, strict=True):
        np.testing.assert_array_equal(own.losses, other.losses)
        for key, array in own.params.items():
            np.testing.assert_array_equal(array, other.params[key])


def test_too_few_windows_for_a_batch_are_one_clear_problem():
    net, training = settings("drop-last", batch_size=71)
    problems = {str(own.problem) for own in fitted(shared_tasks(), net, training)}
    assert problems == {
        "70 train windows fill no batch of 71, and drop_last leaves out what fills none. Lower the batch_size, or train on "
        "more."
    }


def test_drop_last_leaves_out_what_fills_no_batch():
    """70 windows in batches of 16 and no order: those behind the 64th change nothing."""
    net, training = settings("drop-last", shuffle=False)
    X, y = windows()
    changed = X.copy()
    changed[64:70] += 1.0
    own, other = (fit_many(given, y, shared_tasks(2), net=net, training=training)[1] for given in (X, changed))
    np.testing.assert_array_equal(own.params["w_x"], other.params["w_x"])
    assert own.losses[0] == other.losses[0]
    changed[63] += 1.0
    moved = fit_many(changed, y, shared_tasks(2), net=net, training=training)[1]
    assert not np.array_equal(own.params["w_x"], moved.params["w_x"])


def test_a_loss_is_the_mean_over_the_windows_that_were_seen():
    net, training = settings("drop-last", shuffle=False, epochs=1, optimizer="sgd", momentum=0.0, lr=1e-300)
    X, y = windows()
    for own in fitted([Task(start=0, stop=70, seed=seed) for seed in range(2)], net, training):
        error = (predict(own.params, X[:64], net=net, outputs=K) - y[:64]) ** 2
        assert own.losses[0] == pytest.approx(error.mean(), rel=1e-12)


@pytest.mark.parametrize("count", [1, 3])
def test_a_last_batch_of_one_has_no_mean_and_says_so(count):
    net, training = settings("lstm-batchnorm-dropout", batch_size=23)
    (message,) = {str(own.problem) for own in fitted(shared_tasks(count), net, training)}
    assert "with 70 train windows in batches of 23 the last has one" in message
    dropped = settings("lstm-batchnorm-dropout", batch_size=23, drop_last=True)
    assert all(own.problem is None for own in fitted(shared_tasks(count), *dropped))


def test_without_restore_best_the_last_epochs_weights_are_taken():
    net, training = settings("last-weights", epochs=9)
    (own,) = fitted(shared_tasks(1), net, training)
    bare = Task(start=0, stop=70, seed=0)
    (unwatched,) = fitted([bare], net, training)
    assert own.best_epoch == 8
    assert len(own.val_losses) == 9
    for key, array in own.params.items():
        np.testing.assert_array_equal(array, unwatched.params[key])


def test_the_best_epochs_weights_are_those_of_a_fit_that_ends_there():
    net, training = settings("early-stopping")
    for seed, own in enumerate(fitted(shared_tasks(), net, training)):
        until = Task(start=0, stop=70, seed=seed, epochs=own.best_epoch + 1)
        (ended,) = fitted([until], net, TrainingSettings(**(BASE | {"lr": 0.05})))
        for key, array in own.params.items():
            np.testing.assert_allclose(array, ended.params[key], rtol=0.0, atol=TOLERANCE)


def test_running_statistics_are_torchs_and_are_saved():
    """Weights that stand still: mean and variance of what the head sees in each batch, as torch.nn.BatchNorm1d keeps them."""
    net = NetSettings(hidden_size=4, **(LSTM | {"dropout": 0.0}))
    training = TrainingSettings(**(BASE | {"optimizer": "sgd", "lr": 1e-300, "epochs": 3}))
    X, _ = windows()
    for seed, own in enumerate(fitted([Task(start=0, stop=70, seed=seed) for seed in range(2)], net, training)):
        states = last_states(own.params, X)
        norm = torch.nn.BatchNorm1d(4).double()
        for epoch in range(3):
            order = permutation(seed, epoch, 70)
            for first in range(0, 70, 16):
                norm(torch.tensor(states[order[first : first + 16]]))
        np.testing.assert_allclose(own.params["mean_y"], norm.running_mean.numpy(), rtol=1e-10)
        np.testing.assert_allclose(own.params["var_y"], norm.running_var.numpy(), rtol=1e-10)
        z = norm.eval()(torch.tensor(states)).detach().numpy()
        hidden = np.maximum(z @ own.params["w_z"].T + own.params["b_z"], 0.0)
        expected = hidden @ own.params["w_y"].T + own.params["b_y"]
        np.testing.assert_allclose(predict(own.params, X, net=net, outputs=K), expected, rtol=1e-9, atol=1e-12)


def last_states(params, X):
    """What the head of an LSTM sees, (N, H)."""
    bare = {key: params[key] for key in ("w_x", "w_h", "b_x", "b_h")} | {"w_y": np.eye(4), "b_y": np.zeros(4)}
    return predict(bare, X, net=NetSettings(cell="lstm", hidden_size=4, bias=True), outputs=4)
