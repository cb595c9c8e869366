"""Heads: from hidden states to the forecast."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from nextclose.models.linear import along, linear

MOMENTUM, EPSILON = 0.1, 1e-5
"""torch.nn.BatchNorm1d's."""


class LinearHead(nn.Module):
    """yhat = W_y h + b_y; parameters w_y (K, H) and, with bias, b_y (K,)."""

    def __init__(self, hidden_size: int, output_size: int, *, bias: bool = True) -> None:
        super().__init__()
        self.w_y = nn.Parameter(torch.empty(output_size, hidden_size))
        self.b_y = nn.Parameter(torch.empty(output_size)) if bias else None

    def forward(self, h: Tensor) -> Tensor:
        """h (..., H) -> (..., K)."""
        return linear(h, self.w_y, self.b_y)


class BatchNormHead(nn.Module):
    """Batch normalisation, dropout, and two layers: yhat = W_y relu(W_z drop(norm(h)) + b_z) + b_y.

    Ioffe & Szegedy 2015, "Batch normalization". gain_y, shift_y, and the running mean_y, var_y (H,); w_z (H/2, H),
    b_z (H/2,), w_y (K, H/2), b_y (K,).
    """

    def __init__(self, hidden_size: int, output_size: int, *, bias: bool = True, dropout: float = 0.0) -> None:
        super().__init__()
        self.dropout = dropout
        self.gain_y, self.shift_y = (nn.Parameter(torch.empty(hidden_size)) for _ in range(2))
        self.mean_y, self.var_y = (nn.Parameter(torch.empty(hidden_size), requires_grad=False) for _ in range(2))
        self.w_z = nn.Parameter(torch.empty(hidden_size // 2, hidden_size))
        self.b_z = nn.Parameter(torch.empty(hidden_size // 2))
        self.w_y = nn.Parameter(torch.empty(output_size, hidden_size // 2))
        self.b_y = nn.Parameter(torch.empty(output_size)) if bias else None

    def forward(self, h: Tensor, *, learning: bool = False, kept: Tensor | None = None) -> Tensor:
        """h (..., N, H) -> (..., N, K); learning takes the batch's own mean and variance, kept (..., N, H) drops states."""
        mean, var = self._of_batch(h) if learning else (self.mean_y, self.var_y)
        z = (h - along(mean, h)) * along(torch.rsqrt(var + EPSILON) * self.gain_y, h) + along(self.shift_y, h)
        if kept is not None:
            z = z * kept / (1.0 - self.dropout)
        return linear(torch.relu(linear(z, self.w_z, self.b_z)), self.w_y, self.b_y)

    def _of_batch(self, h: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and variance over the batch, which the running ones move towards."""
        N = h.shape[-2]
        var, mean = torch.var_mean(h, dim=-2, correction=0)
        with torch.no_grad():
            self.mean_y.lerp_(mean, MOMENTUM)
            self.var_y.lerp_(var * (N / (N - 1)), MOMENTUM)
        return mean, var
