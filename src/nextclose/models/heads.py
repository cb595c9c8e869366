"""Heads: from the last hidden state to the forecast."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class LinearHead(nn.Module):
    """yhat = W_y h + b_y; parameters w_y (K, H) and, with bias, b_y (K,)."""

    def __init__(self, hidden_size: int, output_size: int, *, bias: bool = True) -> None:
        super().__init__()
        self.w_y = nn.Parameter(torch.empty(output_size, hidden_size))
        self.b_y = nn.Parameter(torch.empty(output_size)) if bias else None

    def forward(self, h: Tensor) -> Tensor:
        """h (N, H) -> (N, K)."""
        return nn.functional.linear(h, self.w_y, self.b_y)
