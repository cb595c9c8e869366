"""The PyTorch net that the engine must equal, with the tolerances of the design."""

from __future__ import annotations

import numpy as np
import torch

from nextclose import engine
from nextclose.core.seeds import permutation
from nextclose.core.settings import NetSettings, TrainingSettings
from nextclose.models.net import Net, build_net
from nextclose.training.fit import fit as reference_fit

TOLERANCE = {np.dtype(np.float64): 1e-10, np.dtype(np.float32): 1e-5}
"""Relative to each array's largest value."""
TORCH = {np.dtype(np.float64): torch.float64, np.dtype(np.float32): torch.float32}


def close(got, expected, dtype, name=""):
    """The largest difference, relative to the largest expected value, is within the tolerance."""
    got, expected = np.asarray(got, np.float64), np.asarray(expected, np.float64)
    assert got.shape == expected.shape, (name, got.shape, expected.shape)
    scale = np.abs(expected).max() or 1.0
    worst = np.abs(got - expected).max() / scale
    assert worst <= TOLERANCE[np.dtype(dtype)], f"{name}: {worst:.2e} off"


def make_net(
    cell, dtype, *, L, F, H, K, layers=1, bias=False, output_bias=True, activation="tanh", seed=1, **more
) -> Net:
    settings = NetSettings(
        cell=cell, hidden_size=H, num_layers=layers, bias=bias, output_bias=output_bias, activation=activation, **more
    )
    return build_net(settings, input_size=F, seq_len=L, output_size=K, seed=seed, dtype=TORCH[np.dtype(dtype)])


def windows(N, L, F, K, dtype, seed=0):
    rng = np.random.default_rng(seed)
    return rng.random((N, L, F)).astype(dtype), rng.random((N, K)).astype(dtype)


def tensor(array):
    return torch.tensor(np.asarray(array))


def pinball(yhat, y, quantiles, weight=None):
    """Outputs (N, K * Q), ordered by target, then quantile."""
    q = torch.tensor(quantiles, dtype=yhat.dtype)
    d = y[:, :, None] - yhat.reshape(len(y), y.shape[1], len(quantiles))
    each = torch.where(d > 0, q * d, (q - 1.0) * d).flatten(1)
    return mean(each, weight)


def squared(yhat, y, weight=None):
    return mean((yhat - y) ** 2, weight)


def mean(each, weight):
    return each.mean() if weight is None else (each * weight[:, None]).sum() / (weight.sum() * each.shape[1])


CALL = (
    "optimizer", "lr", "momentum", "weight_decay", "clip_norm", "epochs", "batch_size", "shuffle", "patience", "loss",
    "quantiles", "drop_last", "restore_best",
)  # fmt: skip
NET = ("cell", "hidden_size", "num_layers", "bias", "output_bias", "activation", "memory", "zero_head", "head")


def torch_fit(X, y, *, seed=0, init=None, validation=None, on_epoch=None, **arguments):
    """`training.fit` with the arguments of `engine.fit`."""
    net = {name: arguments.pop(name) for name in NET if name in arguments}
    training = {name: arguments.pop(name) for name in CALL if name in arguments}
    h0, scheme = ("random" if "h0" in arguments else "zero"), "linear"
    given = dict(init) if isinstance(init, dict) else None
    if isinstance(init, str):
        scheme = init
    if arguments.pop("h0", "random") != "random":
        raise ValueError("pass a given h0 as init['h_0']")
    assert not arguments, arguments
    return reference_fit(
        X,
        y,
        net=NetSettings(h0=h0, init=scheme, **net),
        training=TrainingSettings(dtype=X.dtype.name, validation=0.0 if validation is None else 0.5, **training),
        seed=seed,
        init=given,
        validation=validation,
        on_epoch=on_epoch,
    )


def torch_loop(
    net, X, y, *, epochs, lr, optimizer="sgd", batch_size=None, shuffle=False, seed=0, weight=None, quantiles=None,
    lr_step=None, lr_gamma=0.1,
):  # fmt: skip
    """A training loop with sample weights, quantiles and a schedule; returns (params, losses)."""
    kinds = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam}
    stepper = kinds[optimizer]([w for w in net.weights().values() if w.requires_grad], lr=lr)
    schedule = torch.optim.lr_scheduler.StepLR(stepper, lr_step or epochs + 1, lr_gamma)
    losses = []
    for epoch in range(epochs):
        order = permutation(seed, epoch, len(X)) if shuffle else np.arange(len(X))
        total = 0.0
        for batch in np.split(order, range(batch_size or len(X), len(X), batch_size or len(X))):
            stepper.zero_grad()
            parts = None if weight is None else tensor(weight[batch].astype(X.dtype))
            yhat, goal = net(tensor(X[batch])), tensor(y[batch])
            loss = squared(yhat, goal, parts) if quantiles is None else pinball(yhat, goal, quantiles, parts)
            loss.backward()
            stepper.step()
            total += loss.item() * len(batch)
        schedule.step()
        losses.append(total / len(X))
    return net.params(), np.array(losses)


def same_fit(got, expected, dtype):
    """Weights, losses, validation losses and the best epoch within the tolerance."""
    same_params(got.params, expected.params, dtype)
    close(got.losses, expected.losses, dtype, "losses")
    assert got.val_losses.shape == expected.val_losses.shape
    if len(expected.val_losses):
        close(got.val_losses, expected.val_losses, dtype, "val_losses")
    assert got.best_epoch == expected.best_epoch


def same_params(got, expected, dtype):
    assert set(got) == set(expected)
    for name, array in expected.items():
        assert got[name].dtype == dtype
        close(got[name], array, dtype, name)


def same_bits(got, expected):
    """Two Fits are one, bit for bit."""
    assert list(got.params) == list(expected.params)
    for name, array in expected.params.items():
        assert got.params[name].dtype == array.dtype
        np.testing.assert_array_equal(got.params[name], array, err_msg=name)
    np.testing.assert_array_equal(got.losses, expected.losses)
    np.testing.assert_array_equal(got.val_losses, expected.val_losses)
    assert got.best_epoch == expected.best_epoch
    assert str(got.problem) == str(expected.problem)


def drawn_params(dtype, *, L=3, F=2, K=1, seed=0, **arguments):
    """The exact initial weights of a fit: a task that meets a NaN returns them untouched."""
    (fit,) = engine.fit_many(
        np.full((2, L, F), np.nan), np.ones((2, K)), [{"start": 0, "stop": 2, "seed": seed}], dtype=dtype, **arguments
    )
    assert fit.problem is not None
    return fit.params
