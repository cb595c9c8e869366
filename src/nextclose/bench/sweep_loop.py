"""The lecture's experiment as a user of PyTorch writes it: a loop over settings and seeds, one net after the other.

Two of them: an LSTM cell written by hand, as a learner does, and nn.LSTM. Neither saves or judges anything.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from nextclose.bars.bars import Bars
from nextclose.core.seeds import permutation
from nextclose.core.start import net_shape, start_params
from nextclose.core.types import Float64s
from nextclose.recipes import Recipe
from nextclose.training.fit import DTYPES
from nextclose.windows.features import feature_matrix

LAYER = {"w_x": "weight_ih", "w_h": "weight_hh", "b_x": "bias_ih", "b_h": "bias_hh"}
HEAD = {
    "gain_y": "0.weight", "shift_y": "0.bias", "mean_y": "0.running_mean", "var_y": "0.running_var",
    "w_z": "1.weight", "b_z": "1.bias", "w_y": "3.weight", "b_y": "3.bias",
}  # fmt: skip
"""Our names of the weights and PyTorch's."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Spans:
    """Windows (n, L, F), targets (n, K) and last closes (n,) of a train, a validation and a test span."""

    train: tuple[Float64s, Float64s]
    validation: tuple[Float64s, Float64s]
    test: tuple[Float64s, Float64s]
    last_close: Float64s


@dataclass(frozen=True, kw_only=True, eq=False)
class LoopFit:
    """What one fit of the loop leaves."""

    losses: Float64s
    """(epochs,) mean of the batch losses, each taken before its update."""
    val_losses: Float64s
    """(epochs,)"""
    prices: Float64s
    """(n, K) forecast closes of the test span."""


class HandLSTM(nn.Module):
    """Stacked LSTM layers, each step written out, and the lecture's head on the last state."""

    def __init__(self, input_size: int, hidden_size: int, num_layers: int, output_size: int) -> None:
        super().__init__()
        sizes = [input_size, *[hidden_size] * (num_layers - 1)]
        self.hidden_size = hidden_size
        self.from_x = nn.ModuleList(nn.Linear(size, 4 * hidden_size) for size in sizes)
        self.from_h = nn.ModuleList(nn.Linear(hidden_size, 4 * hidden_size) for _ in sizes)
        self.head = make_head(hidden_size, output_size)

    def forward(self, x: Tensor) -> Tensor:
        """x (N, L, F) -> (N, K)."""
        for from_x, from_h in zip(self.from_x, self.from_h, strict=True):
            h = c = x.new_zeros(len(x), self.hidden_size)
            states = []
            for t in range(x.shape[1]):
                i, f, g, o = (from_x(x[:, t]) + from_h(h)).chunk(4, dim=1)  # (N, H) each
                c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
                h = torch.sigmoid(o) * torch.tanh(c)
                states.append(h)
            x = torch.stack(states, dim=1)  # (N, L, H)
        return self.head(x[:, -1])  # type: ignore[no-any-return]

    @staticmethod
    def place(name: str, layer: int) -> str:
        """Where one of our weights of a layer stands."""
        kind = "from_x" if name.endswith("x") else "from_h"
        return f"{kind}.{layer}.{'weight' if name.startswith('w') else 'bias'}"


class LibraryLSTM(nn.Module):
    """nn.LSTM with the same head."""

    def __init__(self, input_size: int, hidden_size: int, num_layers: int, output_size: int) -> None:
        super().__init__()
        self.lstm = nn.LSTM(input_size, hidden_size, num_layers, batch_first=True)
        self.head = make_head(hidden_size, output_size)

    def forward(self, x: Tensor) -> Tensor:
        """x (N, L, F) -> (N, K)."""
        states, _ = self.lstm(x)  # (N, L, H)
        return self.head(states[:, -1])  # type: ignore[no-any-return]

    @staticmethod
    def place(name: str, layer: int) -> str:
        """Where one of our weights of a layer stands."""
        return f"lstm.{LAYER[name]}_l{layer}"


LoopNet = HandLSTM | LibraryLSTM
Contender = type[HandLSTM] | type[LibraryLSTM]


def make_head(hidden_size: int, output_size: int) -> nn.Module:
    """BatchNorm and two layers: H -> H/2 -> K."""
    half = hidden_size // 2
    return nn.Sequential(
        nn.BatchNorm1d(hidden_size), nn.Linear(hidden_size, half), nn.ReLU(), nn.Linear(half, output_size)
    )


def cut_spans(bars: Bars, recipe: Recipe, test_last: int) -> Spans:
    """The recipe's windows: every bar and target of one lies inside its span, each column relative to the window's last."""
    columns = np.log1p(feature_matrix(bars, recipe.windows.features))  # (n, F)
    close = np.log1p(bars.close)
    dates = (recipe.train_start, recipe.validation_start, recipe.test_start)
    start, validation, test = (int(np.searchsorted(bars.dates, np.datetime64(str(date)))) for date in dates)
    L, K = recipe.windows.seq_len, recipe.windows.horizon

    def cut(first: int, stop: int) -> tuple[Float64s, Float64s]:
        origins = np.arange(first + L - 1, stop - K)
        X = columns[origins[:, None] + np.arange(1 - L, 1)] - columns[origins][:, None]
        return X, close[origins[:, None] + np.arange(1, K + 1)] - close[origins][:, None]

    last_close = bars.close[test + L - 1 : test_last + 1 - K]
    return Spans(
        train=cut(start, validation), validation=cut(validation, test), test=cut(test, test_last + 1), last_close=last_close
    )  # fmt: skip


def loop_fit(make: Contender, spans: Spans, recipe: Recipe, *, ours: int | None = None) -> LoopFit:
    """One fit, its validation loss after every epoch, and its forecasts of the test span.

    ours : begin with the weights that nextclose draws for this seed, and take the batches in its order, instead of PyTorch's.
    """
    training, dtype = recipe.training, DTYPES[recipe.training.dtype]
    X, y = (torch.tensor(part, dtype=dtype) for part in spans.train)
    X_val, y_val = (torch.tensor(part, dtype=dtype) for part in spans.validation)
    net = make(X.shape[2], recipe.net.hidden_size, recipe.net.num_layers, y.shape[1]).to(dtype)
    if ours is not None:
        _load(net, recipe, X.shape[2], ours)
    optimizer = torch.optim.RMSprop(net.parameters(), lr=training.lr, weight_decay=training.weight_decay)
    step = training.batch_size or len(X)
    losses, val_losses = [], []
    for epoch in range(training.epochs):
        net.train()
        order = torch.randperm(len(X)) if ours is None else torch.from_numpy(permutation(ours, epoch, len(X)))
        total = 0.0
        for at in range(0, len(X) - step + 1, step):
            batch = order[at : at + step]
            optimizer.zero_grad()
            loss = nn.functional.mse_loss(net(X[batch]), y[batch])
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            total += loss.item()
        losses.append(total / (len(X) // step))
        net.eval()
        with torch.no_grad():
            val_losses.append(nn.functional.mse_loss(net(X_val), y_val).item())
    with torch.no_grad():
        output = net(torch.tensor(spans.test[0], dtype=dtype)).double().numpy()
    prices = np.exp(output) * (spans.last_close[:, None] + 1.0) - 1.0
    return LoopFit(losses=np.array(losses), val_losses=np.array(val_losses), prices=prices)


def _load(net: LoopNet, recipe: Recipe, input_size: int, seed: int) -> None:
    """The weights that nextclose draws."""
    shape = net_shape(
        recipe.net, input_size=input_size, seq_len=recipe.windows.seq_len, output_size=recipe.windows.horizon
    )
    own = net.state_dict()
    for name, array in start_params(recipe.net, shape, seed=seed).items():
        base, _, layer = name.partition("_l")
        place = f"head.{HEAD[name]}" if name in HEAD else net.place(base, int(layer or 0))
        own[place] = torch.tensor(np.asarray(array)).to(own[place].dtype)
    net.load_state_dict(own)
