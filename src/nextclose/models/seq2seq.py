"""Encoder-decoder: the window is read into a state, from which a second net writes one session after the other.

    s_0 = the encoder's last state,   y_0 = 0
    s_k = cell(y_{k-1}, s_{k-1})                  without attention
    s_k = cell((y_{k-1}, c_k), s_{k-1})           with it, c_k the context that s_{k-1} asks for
    y_k = W_y s_k + b_y                           k = 1..K

Sutskever, Vinyals & Le 2014, "Sequence to sequence learning with neural networks". In training y_{k-1} may be the true
session instead (teacher forcing, Williams & Zipser 1989). y_0 = 0 is persistence where the target is a return.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from nextclose.models.attention import AdditiveAttention
from nextclose.models.unroll import State


class Decoder(nn.Module):
    """Stacked cells that write; the first reads y_{k-1}, beside it the context if there is attention."""

    def __init__(self, cells: Sequence[nn.Module], attention: AdditiveAttention | None) -> None:
        super().__init__()
        self.cells = nn.ModuleList(cells)
        self.attention = attention

    def forward(
        self,
        states: Sequence[State],
        h: Tensor,
        head: Callable[[Tensor], Tensor],
        steps: int,
        truth: Tensor | None = None,
        forced: Tensor | None = None,
    ) -> tuple[Tensor, Tensor | None]:
        """Write `steps` sessions.

        Parameters
        ----------
        states : the encoder's last state of each layer.
        h : (..., N, L, H) its states, for attention.
        head : (..., N, H) -> (..., N, 1).
        truth : (..., N, K) the sessions as they were; forced (..., N, K) says where they are fed.

        Returns
        -------
        yhat (..., N, K), and attention weights (..., N, K, L) if there are any.
        """
        states = list(states)
        y = torch.zeros_like(states[0][0][..., :1])  # (..., N, 1)
        keys = None if self.attention is None else self.attention.keys(h)
        written, looked = [], []
        for k in range(steps):
            x = y
            if self.attention is not None and keys is not None:
                context, weights = self.attention(states[-1][0], h, keys)
                x = torch.cat([y, context], dim=-1)  # (..., N, 1 + H)
                looked.append(weights)
            states = self.step(x, states)
            own = head(states[-1][0])  # (..., N, 1)
            written.append(own)
            y = own if truth is None or forced is None else _fed(own, truth[..., k : k + 1], forced[..., k : k + 1])
        return torch.cat(written, dim=-1), torch.stack(looked, dim=-2) if looked else None

    def step(self, x: Tensor, states: Sequence[State]) -> list[State]:
        """One session through all layers: x (..., N, 1) or (..., N, 1 + H)."""
        moved = []
        for cell, state in zip(self.cells, states, strict=True):
            moved.append(cell(x, state))
            x = moved[-1][0]
        return moved


def _fed(own: Tensor, truth: Tensor, forced: Tensor) -> Tensor:
    return torch.where(forced, truth, own)
