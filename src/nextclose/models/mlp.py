"""The net that the RNN replaces: all days at once into one hidden layer, h = act(W_x x).

It is the Elman cell with one step on the flattened window and h_0 = 0, so W_h has nothing to multiply and is absent.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from nextclose.models.linear import linear
from nextclose.models.rnn import ACTIVATIONS


class MLPCell(nn.Module):
    """One hidden layer; parameters w_x (H, L*F) and, with bias, b_x (H,)."""

    def __init__(self, input_size: int, hidden_size: int, *, bias: bool = False, activation: str = "tanh") -> None:
        super().__init__()
        self.activation = ACTIVATIONS[activation]
        self.w_x = nn.Parameter(torch.empty(hidden_size, input_size))
        self.b_x = nn.Parameter(torch.empty(hidden_size)) if bias else None

    def terms(self, x: Tensor, state: tuple[Tensor, ...]) -> dict[str, Tensor]:
        """Every number of the layer by name; x (N, L*F); the state is not read."""
        total = linear(x, self.w_x, self.b_x)  # (N, H)
        return {"w_x x": total, "sum": total, "h": self.activation(total)}

    def forward(self, x: Tensor, state: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        """x (N, L*F) -> (h (N, H),)."""
        return (self.terms(x, state)["h"],)
