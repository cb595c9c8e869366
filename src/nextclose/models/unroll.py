"""The only loop over time."""

from __future__ import annotations

import torch
from torch import Tensor, nn

State = tuple[Tensor, ...]
"""What a cell hands to its next step: h, and c of an LSTM; (..., N, H) each."""


def unroll(cell: nn.Module, x: Tensor, state: State) -> tuple[Tensor, State]:
    """h_1 .. h_L (L, ..., N, H) of a cell walked over time-major x (L, ..., N, F) from `state`, and the last state."""
    hidden = []
    for x_t in x:  # (..., N, F)
        state = cell(x_t, state)
        hidden.append(state[0])
    return torch.stack(hidden), state
