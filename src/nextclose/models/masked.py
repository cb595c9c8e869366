"""Learning to fill in masked bars: what a transformer can learn of windows without any target.

    z_t = m where bar t is masked, else W_in x_t + b_in          m (H,) is learned
    xhat_t = W_r h_t + b_r                                       for the masked bars alone; loss (xhat_t - x_t)^2

Devlin et al. 2019, "BERT: pre-training of deep bidirectional transformers", with bars for words.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from nextclose.models.linear import along, linear
from nextclose.models.net import Net


class MaskedBars(nn.Module):
    """A net's encoder with what fills in: w_mask (H,), w_r (F, H), b_r (F,), or S of each where nets stand side by side."""

    def __init__(self, net: Net, w_mask: Tensor, w_r: Tensor) -> None:
        super().__init__()
        assert net.encoder is not None, "bars are masked for a transformer"
        self.encoder = net.encoder
        self.w_mask, self.w_r = nn.Parameter(w_mask), nn.Parameter(w_r)
        self.b_r = nn.Parameter(torch.zeros_like(w_r[..., 0]))

    def forward(self, X: Tensor, masked: Tensor) -> Tensor:
        """X (..., N, L, F), masked (..., N, L) -> the mean squared error of the masked bars, one a net."""
        z = self.encoder.embed(X)  # (..., N, L, H)
        z = torch.where(masked[..., None], along(self.w_mask, z), z)
        xhat = linear(self.encoder.encode(z), self.w_r, self.b_r)  # (..., N, L, F)
        error = (xhat - X).square().mean(dim=-1) * masked  # (..., N, L)
        return error.sum(dim=(-2, -1)) / masked.sum(dim=(-2, -1)).clamp(min=1)
