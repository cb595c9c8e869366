"""One refit as a competent user of PyTorch writes it: scale, cut windows, train, forecast the next close."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from nextclose.bars.bars import Bars
from nextclose.bench.loops import OPTIMIZERS, LoopNet
from nextclose.bench.plan import Size
from nextclose.core.start import net_shape, start_params
from nextclose.recipes import Recipe
from nextclose.training.fit import DTYPES


def loop_refit(bars: Bars, target: int, recipe: Recipe, *, from_engine: bool = False) -> float:
    """The close of row `target`, from a net trained on every row before it.

    from_engine : begin with the weights that the engine draws for seed 0, instead of PyTorch's own.
    """
    L, H, training = recipe.windows.seq_len, recipe.net.hidden_size, recipe.training
    ohlc = np.stack([bars.open, bars.high, bars.low, bars.close], axis=1)[:target]
    low, width = ohlc.min(axis=0), np.ptp(ohlc, axis=0)
    scaled = (ohlc - low) / width
    windows = np.lib.stride_tricks.sliding_window_view(scaled, L, axis=0).transpose(2, 0, 1)  # (L, N + 1, F)
    X = torch.tensor(windows, dtype=DTYPES[training.dtype])
    y = torch.tensor(scaled[L:, 3:], dtype=DTYPES[training.dtype])  # (N, 1)
    net = LoopNet(Size(hidden_size=H)).to(DTYPES[training.dtype])
    if from_engine:
        _load(net, recipe)
    optimizer = OPTIMIZERS[training.optimizer](net.parameters(), lr=training.lr)
    step = training.batch_size or len(y)
    for _ in range(training.epochs):
        for at in range(0, len(y), step):
            optimizer.zero_grad()
            loss = nn.functional.mse_loss(net(X[:, at : min(at + step, len(y))]), y[at : at + step])
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
    with torch.no_grad():
        output = float(net(X[:, -1:])[0, 0])
    return output * float(width[3]) + float(low[3])


def _load(net: LoopNet, recipe: Recipe) -> None:
    shape = net_shape(recipe.net, input_size=4, seq_len=recipe.windows.seq_len, output_size=1)
    params = start_params(recipe.net, shape, seed=0)
    weights = {"w_x.weight": "w_x", "w_h.weight": "w_h", "w_y.weight": "w_y", "w_y.bias": "b_y"}
    own = net.state_dict()
    net.load_state_dict({name: torch.tensor(params[ours]).to(own[name].dtype) for name, ours in weights.items()})
