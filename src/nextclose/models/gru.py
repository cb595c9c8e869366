"""The gated recurrent unit, in PyTorch's form.

    r_t = sigmoid(W_xr x_t + b_xr + W_hr h_{t-1} + b_hr)
    z_t = sigmoid(W_xz x_t + b_xz + W_hz h_{t-1} + b_hz)
    n_t = tanh(W_xn x_t + b_xn + r_t * (W_hn h_{t-1} + b_hn))
    h_t = (1 - z_t) * n_t + z_t * h_{t-1}

Cho et al. 2014, "Learning phrase representations using RNN encoder-decoder", with the reset gate behind the
product as in cuDNN and torch.nn.GRU.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from nextclose.models.linear import linear


class GRUCell(nn.Module):
    """One step of a GRU layer; gates r z n stacked in w_x (3H, F), w_h (3H, H), b_x and b_h (3H,)."""

    def __init__(self, input_size: int, hidden_size: int, *, bias: bool = True) -> None:
        super().__init__()
        self.w_x = nn.Parameter(torch.empty(3 * hidden_size, input_size))
        self.w_h = nn.Parameter(torch.empty(3 * hidden_size, hidden_size))
        self.b_x = nn.Parameter(torch.empty(3 * hidden_size)) if bias else None
        self.b_h = nn.Parameter(torch.empty(3 * hidden_size)) if bias else None

    def terms(self, x: Tensor, state: tuple[Tensor, ...]) -> dict[str, Tensor]:
        """Every number of the step by name; x (N, F), state (h (N, H),)."""
        (h,) = state
        from_x = linear(x, self.w_x, self.b_x)  # (N, 3H)
        from_h = linear(h, self.w_h, self.b_h)  # (N, 3H)
        xr, xz, xn = from_x.chunk(3, dim=-1)  # (N, H) each
        hr, hz, hn = from_h.chunk(3, dim=-1)  # (N, H) each
        r = torch.sigmoid(xr + hr)  # (N, H)
        z = torch.sigmoid(xz + hz)  # (N, H)
        n = torch.tanh(xn + r * hn)  # (N, H)
        return {"w_x x": from_x, "w_h h": from_h, "r": r, "z": z, "n": n, "h": (1.0 - z) * n + z * h}

    def forward(self, x: Tensor, state: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        """x (N, F), state (h (N, H),) -> the next state."""
        return (self.terms(x, state)["h"],)
