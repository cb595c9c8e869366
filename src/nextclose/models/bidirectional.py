"""A layer that walks the window both ways.

    forwards    h_t from x_1 .. x_t
    backwards   g_t from x_L .. x_t
    together    (h_t, g_t) for the layer above; (h_L, g_1) for the head, the last state of each

Schuster & Paliwal 1997, "Bidirectional recurrent neural networks". The backward net reads the window from its end; nothing
after the window's last bar is seen.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from nextclose.models.unroll import State, unroll


def both_ways(
    forwards: nn.Module, backwards: nn.Module, x: Tensor, starts: tuple[State, State]
) -> tuple[Tensor, tuple[State, State]]:
    """x (L, ..., N, F) -> the states side by side (L, ..., N, 2H), and the last state of each direction."""
    h, last = unroll(forwards, x, starts[0])  # (L, ..., N, H)
    g, first = unroll(backwards, x.flip(0), starts[1])  # (L, ..., N, H), g_L first
    return torch.cat([h, g.flip(0)], dim=-1), (last, first)
