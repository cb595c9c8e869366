"""A net: stacked cells walked over the window, and a head on the last state.

X (N, L, F) -> swapaxes -> (L, N, F) -> cell, L times -> h_L (N, H) -> head -> yhat (N, K)
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from nextclose.core.cells import cell_spec, check_shapes, layer_suffix
from nextclose.core.settings import NetSettings
from nextclose.core.start import has_random_start, net_shape, start_params
from nextclose.core.types import Floats, Params
from nextclose.models.gru import GRUCell
from nextclose.models.heads import LinearHead
from nextclose.models.lstm import LSTMCell
from nextclose.models.mlp import MLPCell
from nextclose.models.rnn import RNNCell
from nextclose.models.unroll import unroll


class Net(nn.Module):
    """Cells, head and h_0 of one net; weights by their canonical names (`core.cells`)."""

    def __init__(self, settings: NetSettings, *, input_size: int, seq_len: int, output_size: int) -> None:
        super().__init__()
        self.settings = settings
        self.flat = not cell_spec(settings.cell).recurrent
        self.shape = net_shape(settings, input_size=input_size, seq_len=seq_len, output_size=output_size)
        sizes = [self.shape.input_size] + [settings.hidden_size] * (settings.num_layers - 1)
        self.cells = nn.ModuleList(_make_cell(settings, size) for size in sizes)
        self.head = LinearHead(settings.hidden_size, output_size, bias=settings.output_bias)
        self.h_0 = torch.zeros(settings.num_layers, settings.hidden_size)
        self.starts = has_random_start(settings)

    def forward(self, X: Tensor) -> Tensor:
        """X (N, L, F) -> yhat (N, K)."""
        x = self.time_major(X)
        for layer, cell in enumerate(self.cells):
            x = torch.stack(unroll(cell, x, self.start(layer, x)))  # (L, N, H)
        return self.head(x[-1])  # type: ignore[no-any-return]

    def time_major(self, X: Tensor) -> Tensor:
        """X (N, L, F) -> (L, N, F), or (1, N, L*F) for a net without time. A reshape would mix windows up."""
        return X.flatten(1)[None] if self.flat else X.swapaxes(0, 1)

    def start(self, layer: int, x: Tensor) -> tuple[Tensor, ...]:
        """The state before the first step: h_0 for every sample, and c_0 = 0 for an LSTM."""
        h = self.h_0[layer].to(x.dtype).expand(x.shape[1], -1)  # (N, H)
        return (h, torch.zeros_like(h)) if self.settings.cell == "lstm" else (h,)

    def weights(self) -> dict[str, nn.Parameter]:
        """Parameters by canonical name, in canonical order."""
        named = {
            name + layer_suffix(layer): weight
            for layer, cell in enumerate(self.cells)
            for name, weight in cell.named_parameters()
        } | dict(self.head.named_parameters())
        return {name: named[name] for name in self.shape.parameters()}

    def params(self) -> dict[str, Floats]:
        """Copies of all weights as arrays, with h_0 (num_layers, H) where it was random or given."""
        arrays = {name: weight.detach().numpy().copy() for name, weight in self.weights().items()}
        if self.starts:
            arrays["h_0"] = self.h_0.numpy().copy()
        return arrays

    def load(self, params: Params) -> None:
        """Take weights, and h_0 if it is among them. Raises SettingsError naming every array of a wrong shape."""
        check_shapes(params, self.shape.parameters())
        for name, weight in self.weights().items():
            weight.data = torch.tensor(np.asarray(params[name]), dtype=weight.dtype)
        if "h_0" in params:
            self.h_0, self.starts = torch.tensor(np.asarray(params["h_0"]), dtype=self.h_0.dtype), True

    def freeze_memory(self) -> None:
        """Hold W_h of every layer at zero: it neither acts nor trains."""
        for name, weight in self.weights().items():
            if name.startswith("w_h"):
                weight.data.zero_()
                weight.requires_grad_(False)


def build_net(
    settings: NetSettings,
    *,
    input_size: int,
    seq_len: int,
    output_size: int,
    seed: int,
    init: Params | None = None,
    dtype: torch.dtype = torch.float32,
) -> Net:
    """A net with its initial weights: from the seeded stream, or from `init` where it is given.

    Raises
    ------
    SettingsError : `init` lacks an array or holds one of a wrong shape.
    """
    net = Net(settings, input_size=input_size, seq_len=seq_len, output_size=output_size).to(dtype)
    net.h_0 = net.h_0.to(dtype)
    net.load(start_params(settings, net.shape, seed=seed, init=init))
    if not settings.memory:
        net.freeze_memory()
    return net


def _make_cell(settings: NetSettings, input_size: int) -> nn.Module:
    H, bias = settings.hidden_size, settings.bias
    if settings.cell == "gru":
        return GRUCell(input_size, H, bias=bias)
    if settings.cell == "lstm":
        return LSTMCell(input_size, H, bias=bias)
    if settings.cell == "mlp":
        return MLPCell(input_size, H, bias=bias, activation=settings.activation)
    return RNNCell(input_size, H, bias=bias, activation=settings.activation)
