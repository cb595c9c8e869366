"""Additive attention: which states of the window a decoder looks at.

    e_kt = w_e tanh(W_q s_{k-1} + W_k h_t)        score of step t for session k
    a_kt = exp(e_kt) / sum_j exp(e_kj)            weights, one sum a session
    c_k  = sum_t a_kt h_t                         context

Bahdanau, Cho & Bengio 2015, "Neural machine translation by jointly learning to align and translate", appendix A.1.2.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from nextclose.models.linear import linear


class AdditiveAttention(nn.Module):
    """Scores of a query against keys; w_q and w_k (H, H), w_e (1, H)."""

    def __init__(self, hidden_size: int) -> None:
        super().__init__()
        self.w_q, self.w_k = (nn.Parameter(torch.empty(hidden_size, hidden_size)) for _ in range(2))
        self.w_e = nn.Parameter(torch.empty(1, hidden_size))

    def keys(self, h: Tensor) -> Tensor:
        """W_k h_t of every step, once a window: h (..., N, L, H) -> (..., N, L, H)."""
        return linear(h, self.w_k)

    def forward(self, s: Tensor, h: Tensor, keys: Tensor) -> tuple[Tensor, Tensor]:
        """s (..., N, H), h and keys (..., N, L, H) -> context (..., N, H), weights (..., N, L)."""
        query = linear(s, self.w_q)[..., None, :]  # (..., N, 1, H)
        scores = linear(torch.tanh(query + keys), self.w_e)[..., 0]  # (..., N, L)
        weights = torch.softmax(scores, dim=-1)  # (..., N, L)
        return (weights[..., None] * h).sum(dim=-2), weights
