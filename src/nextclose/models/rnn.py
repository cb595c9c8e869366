"""The Elman cell: h_t = act(W_x x_t + W_h h_{t-1}).

Elman 1990, "Finding structure in time", Cognitive Science 14. Without biases this is the tutorial's cell.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from nextclose.models.linear import linear

ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "tanh": torch.tanh,
    "relu": torch.relu,
    "identity": lambda a: a,
}


class RNNCell(nn.Module):
    """One step of an Elman layer; parameters w_x (H, F), w_h (H, H) and, with bias, b_x and b_h (H,)."""

    def __init__(self, input_size: int, hidden_size: int, *, bias: bool = False, activation: str = "tanh") -> None:
        super().__init__()
        self.activation = ACTIVATIONS[activation]
        self.w_x = nn.Parameter(torch.empty(hidden_size, input_size))
        self.w_h = nn.Parameter(torch.empty(hidden_size, hidden_size))
        self.b_x = nn.Parameter(torch.empty(hidden_size)) if bias else None
        self.b_h = nn.Parameter(torch.empty(hidden_size)) if bias else None

    def terms(self, x: Tensor, state: tuple[Tensor, ...]) -> dict[str, Tensor]:
        """Every number of the step by name; x (N, F), state (h (N, H),)."""
        (h,) = state
        from_x = linear(x, self.w_x, self.b_x)  # (N, H)
        from_h = linear(h, self.w_h, self.b_h)  # (N, H)
        total = from_x + from_h  # (N, H)
        return {"w_x x": from_x, "w_h h": from_h, "sum": total, "h": self.activation(total)}

    def forward(self, x: Tensor, state: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        """x (N, F), state (h (N, H),) -> the next state."""
        return (self.terms(x, state)["h"],)
