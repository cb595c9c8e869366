"""The transformer's encoder on bars: every step looks at the others at once, and order is told by a signal added to the input.

    z_t = W_in x_t + b_in + p_t                                     p_t,2i = sin(t / 10000^(2i/H)), p_t,2i+1 = cos(same)
    a   = softmax(Q K^T / sqrt(H / heads)) V                        Q, K, V = W_q z, W_k z, W_v z, a head each
    z   = norm(z + W_o a),   z = norm(z + W_ff2 act(W_ff1 z))       a layer

Vaswani et al. 2017, "Attention is all you need": normalisation behind the sum, as in torch.nn.TransformerEncoderLayer. A causal
encoder lets a step look at itself and what lies before it.
"""

from __future__ import annotations

from math import log, sqrt

import torch
from torch import Tensor, nn

from nextclose.core.parts import transformer_shapes
from nextclose.models.linear import along, linear
from nextclose.models.rnn import ACTIVATIONS


class TransformerLayer(nn.Module):
    """Self-attention and two layers, each added to its input and normalised; shapes in `core.parts`."""

    w_q: nn.Parameter
    w_k: nn.Parameter
    w_v: nn.Parameter
    w_o: nn.Parameter
    w_ff1: nn.Parameter
    w_ff2: nn.Parameter
    b_q: nn.Parameter
    b_k: nn.Parameter
    b_v: nn.Parameter
    b_o: nn.Parameter
    b_ff1: nn.Parameter
    b_ff2: nn.Parameter

    def __init__(self, hidden_size: int, *, num_heads: int, activation: str) -> None:
        super().__init__()
        self.num_heads, self.activation = num_heads, ACTIVATIONS[activation]
        for name, shape in transformer_shapes(1, hidden_size, 1).items():
            if not name.endswith("_in"):
                self.register_parameter(name, nn.Parameter(torch.empty(shape)))

    def forward(self, z: Tensor, *, causal: bool) -> Tensor:
        """z (..., N, L, H) -> (..., N, L, H)."""
        z = self.norm(z + self.attend(z, causal=causal), "1")
        inner = self.activation(linear(z, self.w_ff1, self.b_ff1))  # (..., N, L, 4H)
        return self.norm(z + linear(inner, self.w_ff2, self.b_ff2), "2")

    def attend(self, z: Tensor, *, causal: bool) -> Tensor:
        """What each step takes from the others, (..., N, L, H) -> (..., N, L, H)."""
        q, k, v = (
            self._split(linear(z, w, b))  # (..., N, heads, L, H / heads)
            for w, b in ((self.w_q, self.b_q), (self.w_k, self.b_k), (self.w_v, self.b_v))
        )
        scores = q @ k.mT / sqrt(q.shape[-1])  # (..., N, heads, L, L)
        if causal:
            later = torch.ones(scores.shape[-2:], dtype=torch.bool, device=z.device).triu(1)
            scores = scores.masked_fill(later, float("-inf"))
        seen = torch.softmax(scores, dim=-1) @ v
        return linear(seen.transpose(-3, -2).flatten(-2), self.w_o, self.b_o)

    def norm(self, z: Tensor, which: str) -> Tensor:
        """Mean 0 and variance 1 over the units of each step, then a gain and a shift."""
        gain, shift = getattr(self, f"gain_{which}"), getattr(self, f"shift_{which}")
        return nn.functional.layer_norm(z, z.shape[-1:]) * along(gain, z) + along(shift, z)

    def _split(self, z: Tensor) -> Tensor:
        """(..., N, L, H) -> (..., N, heads, L, H / heads)."""
        return z.reshape(*z.shape[:-1], self.num_heads, -1).transpose(-3, -2)


class TransformerEncoder(nn.Module):
    """Input projection, positions, layers; w_in (H, F), b_in (H,)."""

    def __init__(
        self, input_size: int, hidden_size: int, *, num_layers: int, num_heads: int, activation: str, causal: bool
    ) -> None:
        super().__init__()
        self.causal = causal
        self.w_in = nn.Parameter(torch.empty(hidden_size, input_size))
        self.b_in = nn.Parameter(torch.empty(hidden_size))
        self.layers = nn.ModuleList(
            TransformerLayer(hidden_size, num_heads=num_heads, activation=activation) for _ in range(num_layers)
        )

    def forward(self, X: Tensor) -> Tensor:
        """X (..., N, L, F) -> states (..., N, L, H)."""
        return self.encode(self.embed(X))

    def embed(self, X: Tensor) -> Tensor:
        """Bars as vectors, without their place: (..., N, L, F) -> (..., N, L, H)."""
        return linear(X, self.w_in, self.b_in)

    def encode(self, z: Tensor) -> Tensor:
        """(..., N, L, H) -> (..., N, L, H)."""
        z = z + positions(z.shape[-2], z.shape[-1]).to(z)
        for layer in self.layers:
            z = layer(z, causal=self.causal)
        return z


def positions(seq_len: int, hidden_size: int) -> Tensor:
    """The sinusoidal signal, (L, H) float64."""
    t = torch.arange(seq_len, dtype=torch.float64)[:, None]  # (L, 1)
    even = torch.arange(0, hidden_size, 2, dtype=torch.float64)  # (ceil(H / 2),)
    angle = t * torch.exp(-log(10_000.0) * even / hidden_size)  # (L, ceil(H / 2))
    return torch.stack([angle.sin(), angle.cos()], dim=-1).flatten(1)[:, :hidden_size]
