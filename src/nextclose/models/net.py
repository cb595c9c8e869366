"""A net: cells walked over the window, or a transformer, and what makes forecasts of their states.

X (N, L, F) -> time-major (L, N, F) -> cell, L times -> h_L (N, H) -> head -> yhat (N, K)

Several nets of one shape can stand side by side (`side_by_side`): then X is (S, N, L, F) and yhat (S, N, K).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from nextclose.core.cells import TRANSFORMER, check_shapes, layer_suffix
from nextclose.core.settings import NetSettings
from nextclose.core.start import has_random_start, net_shape, start_params
from nextclose.core.types import Floats, Params
from nextclose.models.attention import AdditiveAttention
from nextclose.models.bidirectional import both_ways
from nextclose.models.gru import GRUCell
from nextclose.models.heads import BatchNormHead, LinearHead
from nextclose.models.lstm import LSTMCell
from nextclose.models.mlp import MLPCell
from nextclose.models.rnn import RNNCell
from nextclose.models.seq2seq import Decoder
from nextclose.models.transformer import TransformerEncoder
from nextclose.models.unroll import State, unroll


@dataclass(frozen=True, kw_only=True)
class Lesson:
    """What a net is told while it learns, beside the windows."""

    truth: Tensor | None = None
    """(..., N, K) targets, for a decoder."""
    forced: Tensor | None = None
    """(..., N, K) where the decoder is fed the true session."""
    kept: Tensor | None = None
    """(..., N, H) 1 for the states that dropout leaves."""


class Net(nn.Module):
    """Cells, head and h_0 of one net; weights by their canonical names (`core.cells`, `core.parts`)."""

    def __init__(self, settings: NetSettings, *, input_size: int, seq_len: int, output_size: int) -> None:
        super().__init__()
        self.settings, self.output_size = settings, output_size
        self.flat = settings.cell == "mlp"
        self.shape = net_shape(settings, input_size=input_size, seq_len=seq_len, output_size=output_size)
        H, states = settings.hidden_size, self.shape.states
        sizes = [self.shape.input_size] + [states] * (settings.num_layers - 1)
        self.cells = nn.ModuleList(self._cells(sizes))
        self.backwards = nn.ModuleList(self._cells(sizes) if settings.bidirectional else ())
        self.encoder = _make_encoder(settings, input_size) if settings.cell == TRANSFORMER else None
        self.decoder = self._decoder() if settings.decoder != "none" else None
        outputs = 1 if self.decoder is not None else output_size
        self.head: LinearHead | BatchNormHead
        if settings.head == "batchnorm":
            self.head = BatchNormHead(states, outputs, bias=settings.output_bias, dropout=settings.dropout)
        else:
            self.head = LinearHead(states, outputs, bias=settings.output_bias)
        self.h_0 = torch.zeros(settings.start_rows, H)
        self.starts = has_random_start(settings)

    def forward(self, X: Tensor) -> Tensor:
        """X (N, L, F) -> yhat (N, K)."""
        return self.outputs(X)[..., -self.output_size :]

    def outputs(self, X: Tensor, lesson: Lesson | None = None) -> Tensor:
        """What the loss compares: X (N, L, F) -> (N, K), or (N, L * K) where every step forecasts."""
        h, last = self.walk(X)
        if self.decoder is not None:
            return self._write(h, last, lesson)[0]
        if self.settings.head == "every-step":
            return self.head(h.movedim(0, -2)).flatten(-2)  # type: ignore[no-any-return]
        seen = self._last(h, last)  # (N, H)
        if lesson is not None and isinstance(self.head, BatchNormHead):
            return self.head(seen, learning=True, kept=lesson.kept)  # type: ignore[no-any-return]
        return self.head(seen)  # type: ignore[no-any-return]

    def attention(self, X: Tensor) -> Tensor:
        """Where the decoder looks: X (N, L, F) -> weights (N, K, L)."""
        weights = self._write(*self.walk(X), None)[1]
        assert weights is not None, "a net without attention"
        return weights

    def walk(self, X: Tensor) -> tuple[Tensor, list[State]]:
        """The states of the last layer (L, N, H), and the last state of each layer and direction."""
        if self.encoder is not None:
            h = self.encoder(X).movedim(-2, 0)
            return h, [(h[-1],)]
        x = self.time_major(X)
        last: list[State] = []
        for layer, cell in enumerate(self.cells):
            if self.settings.bidirectional:
                starts = self.start(2 * layer, x), self.start(2 * layer + 1, x)
                x, ends = both_ways(cell, self.backwards[layer], x, starts)
                last += ends
            else:
                x, end = unroll(cell, x, self.start(layer, x))
                last.append(end)
        return x, last

    def time_major(self, X: Tensor) -> Tensor:
        """X (N, L, F) -> (L, N, F), or (1, N, L*F) for a net without time. A reshape would mix windows up."""
        return X.flatten(-2)[None] if self.flat else X.movedim(-2, 0)

    def start(self, row: int, x: Tensor) -> State:
        """The state before the first step of a layer and direction: h_0 for every sample, and c_0 = 0 for an LSTM."""
        h = self.h_0[..., row, :].to(x.dtype).unsqueeze(-2).expand(*x.shape[1:-1], -1)  # (N, H)
        return (h, torch.zeros_like(h)) if self.settings.cell == "lstm" else (h,)

    def weights(self) -> dict[str, nn.Parameter]:
        """Parameters by canonical name, in canonical order."""
        named = {name + suffix: weight for suffix, part in self._parts() for name, weight in part.named_parameters()}
        return {name: named[name] for name in self.shape.parameters()}

    def params(self, number: int | None = None) -> dict[str, Floats]:
        """Copies of all weights as arrays, with h_0 where it was random or given; of net `number` where several stand
        side by side."""
        held = dict(self.weights()) | ({"h_0": self.h_0} if self.starts else {})
        return {
            name: (tensor if number is None else tensor[number]).detach().numpy().copy()
            for name, tensor in held.items()
        }

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

    def _write(self, h: Tensor, last: Sequence[State], lesson: Lesson | None) -> tuple[Tensor, Tensor | None]:
        assert self.decoder is not None, "a net without a decoder"
        told = lesson or Lesson()
        return self.decoder(  # type: ignore[no-any-return]
            last, h.movedim(0, -2), self.head, self.output_size, told.truth, told.forced
        )

    def _last(self, h: Tensor, last: Sequence[State]) -> Tensor:
        """What the head sees: the last state, of both directions where there are two."""
        if self.settings.bidirectional:
            return torch.cat([last[-2][0], last[-1][0]], dim=-1)
        return h[-1]

    def _cells(self, sizes: Sequence[int]) -> Iterator[nn.Module]:
        return iter(()) if self.settings.cell == TRANSFORMER else (_make_cell(self.settings, size) for size in sizes)

    def _decoder(self) -> Decoder:
        H, attends = self.settings.hidden_size, self.settings.decoder == "attention"
        sizes = [1 + H * attends] + [H] * (self.settings.num_layers - 1)
        return Decoder(list(self._cells(sizes)), AdditiveAttention(H) if attends else None)

    def _parts(self) -> Iterator[tuple[str, nn.Module]]:
        """Every module whose parameters are the net's, with what their names end in."""
        for layer, cell in enumerate(self.cells):
            yield layer_suffix(layer), cell
        for layer, cell in enumerate(self.backwards):
            yield layer_suffix(layer) + "_reverse", cell
        if self.decoder is not None:
            for layer, cell in enumerate(self.decoder.cells):
                yield layer_suffix(layer) + "_dec", cell
            if self.decoder.attention is not None:
                yield "", self.decoder.attention
        if self.encoder is not None:
            yield "", self.encoder
            for layer, own in enumerate(self.encoder.layers):
                yield layer_suffix(layer), own
        yield "", self.head


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


def side_by_side(nets: Sequence[Net]) -> Net:
    """S nets of one shape as one, each weight (S, ...)."""
    together = deepcopy(nets[0])
    own = [net.weights() for net in nets]
    for name, weight in together.weights().items():
        weight.data = torch.stack([weights[name].data for weights in own])
    together.h_0 = torch.stack([net.h_0 for net in nets])
    return together


def _make_encoder(settings: NetSettings, input_size: int) -> TransformerEncoder:
    return TransformerEncoder(
        input_size,
        settings.hidden_size,
        num_layers=settings.num_layers,
        num_heads=settings.num_heads,
        activation=settings.activation,
        causal=settings.causal,
    )


def _make_cell(settings: NetSettings, input_size: int) -> nn.Module:
    H, bias = settings.hidden_size, settings.bias
    if settings.cell == "gru":
        return GRUCell(input_size, H, bias=bias)
    if settings.cell == "lstm":
        return LSTMCell(input_size, H, bias=bias)
    if settings.cell == "mlp":
        return MLPCell(input_size, H, bias=bias, activation=settings.activation)
    return RNNCell(input_size, H, bias=bias, activation=settings.activation)
