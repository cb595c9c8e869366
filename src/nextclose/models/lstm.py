"""The long short-term memory cell.

    i_t = sigmoid(W_xi x_t + b_xi + W_hi h_{t-1} + b_hi)     input gate
    f_t = sigmoid(W_xf x_t + b_xf + W_hf h_{t-1} + b_hf)     forget gate
    g_t = tanh   (W_xg x_t + b_xg + W_hg h_{t-1} + b_hg)     candidate
    o_t = sigmoid(W_xo x_t + b_xo + W_ho h_{t-1} + b_ho)     output gate
    c_t = f_t * c_{t-1} + i_t * g_t
    h_t = o_t * tanh(c_t)

Hochreiter & Schmidhuber 1997, "Long short-term memory", Neural Computation 9; forget gate by Gers et al. 2000.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from nextclose.models.linear import linear


class LSTMCell(nn.Module):
    """One step of an LSTM layer; gates i f g o stacked in w_x (4H, F), w_h (4H, H), b_x and b_h (4H,)."""

    def __init__(self, input_size: int, hidden_size: int, *, bias: bool = True) -> None:
        super().__init__()
        self.w_x = nn.Parameter(torch.empty(4 * hidden_size, input_size))
        self.w_h = nn.Parameter(torch.empty(4 * hidden_size, hidden_size))
        self.b_x = nn.Parameter(torch.empty(4 * hidden_size)) if bias else None
        self.b_h = nn.Parameter(torch.empty(4 * hidden_size)) if bias else None

    def terms(self, x: Tensor, state: tuple[Tensor, ...]) -> dict[str, Tensor]:
        """Every number of the step by name; x (N, F), state (h (N, H), c (N, H))."""
        h, c = state
        from_x = linear(x, self.w_x, self.b_x)  # (N, 4H)
        from_h = linear(h, self.w_h, self.b_h)  # (N, 4H)
        i, f, g, o = (from_x + from_h).chunk(4, dim=-1)  # (N, H) each
        i, f, g, o = torch.sigmoid(i), torch.sigmoid(f), torch.tanh(g), torch.sigmoid(o)
        c = f * c + i * g  # (N, H)
        return {"w_x x": from_x, "w_h h": from_h, "i": i, "f": f, "g": g, "o": o, "c": c, "h": o * torch.tanh(c)}

    def forward(self, x: Tensor, state: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        """x (N, F), state (h, c) -> the next state."""
        terms = self.terms(x, state)
        return terms["h"], terms["c"]
