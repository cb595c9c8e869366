"""The only loop over time."""

from __future__ import annotations

from torch import Tensor, nn


def unroll(cell: nn.Module, x: Tensor, state: tuple[Tensor, ...]) -> list[Tensor]:
    """h_1 .. h_L of a cell walked over time-major x (L, N, F) from `state`; each h_t (N, H)."""
    hidden = []
    for x_t in x:  # (N, F)
        state = cell(x_t, state)
        hidden.append(state[0])
    return hidden
