"""The PyTorch net that the engine must equal, with the tolerances of the design."""

from __future__ import annotations

import numpy as np
import torch

from nextclose.core.settings import NetSettings
from nextclose.models.net import Net, build_net

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
