"""Pre-training with PyTorch: a net a seed, side by side, on windows without targets."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from nextclose.core.errors import FitError
from nextclose.core.seeds import permutation, uniform
from nextclose.core.settings import NetSettings, TrainingSettings
from nextclose.core.types import Floats, Params
from nextclose.models.masked import MaskedBars
from nextclose.models.net import build_net, side_by_side
from nextclose.training.fit import DTYPES, one_thread
from nextclose.training.loop import Windows, make_optimizer


def pretrain(
    X: Floats, *, net: NetSettings, training: TrainingSettings, seeds: Sequence[int], outputs: int
) -> tuple[list[Params], list[list[float]]]:
    """Weights of a net a seed after learning to fill in masked bars, and each epoch's losses by seed.

    X (N, L, F) scaled windows. The optimiser, its rate and the batches are those of the fit; the head stays as drawn.

    Raises
    ------
    FitError : a loss that is no number.
    """
    N, L, F = X.shape
    dtype = DTYPES[training.dtype]
    with one_thread():
        nets = [build_net(net, input_size=F, seq_len=L, output_size=outputs, seed=seed, dtype=dtype) for seed in seeds]
        together = side_by_side(nets)
        bound = 1.0 / np.sqrt(net.hidden_size)
        model = MaskedBars(
            together,
            _drawn(seeds, "w_mask", (net.hidden_size,), bound, dtype),
            _drawn(seeds, "w_r", (F, net.hidden_size), bound, dtype),
        )
        optimizer = make_optimizer(list(model.parameters()), training)
        windows = Windows(X=torch.tensor(np.asarray(X), dtype=dtype), y=torch.zeros(N, 1, dtype=dtype))
        losses = [
            _epoch(model, windows, optimizer, training, seeds, epoch) for epoch in range(training.pretrain_epochs)
        ]
    if not np.isfinite(losses).all():
        raise FitError(
            "pre-training diverged: a loss is no number. Lower the learning rate (lr is {lr}).", lr=training.lr
        )
    return [together.params(number) for number in range(len(seeds))], losses


def _epoch(
    model: MaskedBars,
    windows: Windows,
    optimizer: torch.optim.Optimizer,
    training: TrainingSettings,
    seeds: Sequence[int],
    epoch: int,
) -> list[float]:
    """One pass in an order and with masks of each seed's own (epochs of the fit count from 0, these down from -1); the mean
    loss a seed."""
    orders = torch.stack([torch.from_numpy(permutation(seed, -1 - epoch, windows.count)) for seed in seeds])
    total, L = torch.zeros(len(seeds), dtype=torch.float64), windows.X.shape[-2]
    size = training.batch_size or windows.count
    for number, (X, _) in enumerate(windows.ordered(orders, len(seeds)).batches(size, whole=False)):
        optimizer.zero_grad()
        places = [
            torch.from_numpy(uniform(seed, f"mask {epoch} {number}", (X.shape[1], L))) < 2.0 * training.mask_share - 1.0
            for seed in seeds
        ]
        loss = model(X, torch.stack(places))
        loss.sum().backward()
        optimizer.step()
        total += loss.detach().double() * X.shape[1]
    return (total / windows.count).tolist()


def _drawn(seeds: Sequence[int], name: str, shape: tuple[int, ...], bound: float, dtype: torch.dtype) -> Tensor:
    return torch.stack([torch.from_numpy(uniform(seed, name, shape) * bound) for seed in seeds]).to(dtype)
