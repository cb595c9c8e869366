from __future__ import annotations

import numpy as np
import pytest
import torch

from nextclose.core.errors import FitError, SettingsError
from nextclose.core.settings import NetSettings, TrainingSettings
from nextclose.training.fit import fit, predict

NET = NetSettings(cell="rnn", hidden_size=4)


def windows(n=40, L=5, F=3, K=1, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, L, F))
    return X, (X[:, -1, :1] * 0.5 + 0.1 * rng.standard_normal((n, 1))).repeat(K, axis=1)


def run(net=NET, seed=0, validation=None, init=None, **training):
    X, y = windows()
    return fit(X, y, net=net, training=TrainingSettings(**training), seed=seed, validation=validation, init=init)


@pytest.mark.parametrize("optimizer", ["sgd", "rmsprop", "adam", "adamw"])
@pytest.mark.parametrize("batch_size", [None, 16])
def test_the_same_seed_gives_the_same_bits(optimizer, batch_size):
    first, second = (
        run(optimizer=optimizer, lr=0.01, epochs=5, batch_size=batch_size, shuffle=True, seed=3) for _ in range(2)
    )
    for name, array in first.params.items():
        np.testing.assert_array_equal(array, second.params[name])
    np.testing.assert_array_equal(first.losses, second.losses)
    other = run(optimizer=optimizer, lr=0.01, epochs=5, batch_size=batch_size, shuffle=True, seed=4)
    assert not np.array_equal(first.losses, other.losses)


def test_one_sgd_step_is_the_gradient_times_the_rate():
    X, y = windows()
    before = run(epochs=1, lr=1e-300, dtype="float64").params
    after = run(epochs=1, lr=0.1, dtype="float64").params
    from nextclose.models.net import build_net

    net = build_net(NET, input_size=3, seq_len=5, output_size=1, seed=0, init=before, dtype=torch.float64)
    loss = ((net(torch.tensor(X)) - torch.tensor(y)) ** 2).mean()
    loss.backward()
    for name, weight in net.weights().items():
        np.testing.assert_allclose(after[name], before[name] - 0.1 * weight.grad.numpy(), rtol=1e-12, atol=1e-15)


def test_gradients_agree_with_finite_differences():
    X, y = windows(n=6)
    start = run(epochs=1, lr=1e-300, dtype="float64").params
    step = fit(X, y, net=NET, training=TrainingSettings(epochs=1, lr=1.0, dtype="float64"), seed=0, init=start).params

    def loss(params):
        return float(np.mean((predict(params, X, net=NET, outputs=1) - y) ** 2))

    for name, array in start.items():
        for index in list(np.ndindex(array.shape))[:3]:
            up, down = ({key: value.copy() for key, value in start.items()} for _ in range(2))
            up[name][index] += 1e-6
            down[name][index] -= 1e-6
            slope = (loss(up) - loss(down)) / 2e-6
            assert array[index] - step[name][index] == pytest.approx(slope, rel=1e-6, abs=1e-9)


def test_losses_are_taken_before_their_update_and_weighted_by_batch():
    X, y = windows(n=10)
    start = run(epochs=1, lr=1e-300, dtype="float64").params
    still = TrainingSettings(epochs=1, lr=1e-300, batch_size=4, dtype="float64")
    whole = np.mean((predict(start, X, net=NET, outputs=1) - y) ** 2)
    assert fit(X, y, net=NET, training=still, seed=0, init=start).losses[0] == pytest.approx(whole, rel=1e-12)


def test_the_best_weights_are_restored_and_training_stops():
    X, y = windows()
    held = windows(n=15, seed=9)
    stopped = fit(
        X, y, net=NET, seed=0, validation=held,
        training=TrainingSettings(optimizer="adam", lr=0.05, epochs=400, validation=0.2, patience=7, dtype="float64"),
    )  # fmt: skip
    assert len(stopped.losses) == stopped.best_epoch + 1 + 7 < 400
    assert stopped.val_losses[stopped.best_epoch] == stopped.val_losses.min()
    loss = np.mean((predict(stopped.params, held[0], net=NET, outputs=1) - held[1]) ** 2)
    assert loss == pytest.approx(stopped.val_losses.min(), rel=1e-12)


@pytest.mark.parametrize("optimizer", ["sgd", "adam", "adamw", "rmsprop"])
def test_memory_off_stays_off_whatever_the_optimiser_does(optimizer):
    fitted = run(net=NetSettings(hidden_size=4, memory=False), optimizer=optimizer, weight_decay=0.1, epochs=10)
    assert not fitted.params["w_h"].any()
    assert fitted.params["w_x"].any()


def test_clipping_bounds_the_step():
    far = run(epochs=1, lr=1.0, clip_norm=1e-3, dtype="float64").params
    near = run(epochs=1, lr=1e-300, dtype="float64").params
    moved = np.sqrt(sum(np.sum((far[name] - near[name]) ** 2) for name in far))
    assert moved == pytest.approx(1e-3, rel=1e-3)


def test_a_head_of_zeros_says_zero_before_training():
    fitted = run(net=NetSettings(hidden_size=4, zero_head=True), epochs=1, lr=1e-300)
    assert not predict(fitted.params, windows()[0], net=NET, outputs=1).any()


def test_initial_weights_are_never_modified():
    start = {name: array.copy() for name, array in run(epochs=1, lr=0.1).params.items()}
    kept = {name: array.copy() for name, array in start.items()}
    run(epochs=3, lr=0.1, init=start)
    for name, array in kept.items():
        np.testing.assert_array_equal(array, start[name])


def test_divergence_says_when_and_what_to_do():
    with pytest.raises(FitError, match="Lower the learning rate"):
        run(net=NetSettings(hidden_size=4, activation="relu"), lr=1e30, epochs=20)


@pytest.mark.parametrize(
    ("X", "y", "message"),
    [
        (np.full((3, 2, 1), np.nan), np.ones((3, 1)), "X holds 6 values that are not finite"),
        (np.ones((3, 2, 1)), np.array([[1.0], [np.inf], [1.0]]), "y holds 1 values"),
        (np.ones((0, 2, 1)), np.ones((0, 1)), "at least one sample"),
        (np.ones((3, 2)), np.ones((3, 1)), "expected windows"),
        (np.ones((3, 2, 1)), np.ones((4, 1)), "expected windows"),
    ],
)
def test_windows_that_cannot_be_fitted_are_refused(X, y, message):
    with pytest.raises(FitError, match=message):
        fit(X, y, net=NET, training=TrainingSettings(epochs=1), seed=0)


def test_weights_for_another_net_are_refused():
    start = run(epochs=1).params
    with pytest.raises(SettingsError, match="w_x: expected shape"):
        fit(*windows(F=2), net=NET, training=TrainingSettings(epochs=1), seed=0, init=start)


def test_torch_keeps_its_threads():
    before = torch.get_num_threads()
    run(epochs=1)
    assert torch.get_num_threads() == before
