"""Products of weights and states, for one net or for several of one shape side by side.

Several nets differ in a leading axis alone: weights (S, rows, columns), states (S, N, columns). So cells count axes from
the end, and what they say of one net holds for each of many.
"""

from __future__ import annotations

from torch import Tensor, baddbmm, nn


def linear(x: Tensor, w: Tensor, b: Tensor | None = None) -> Tensor:
    """W x + b for every row: x (..., C), w (R, C), b (R,) -> (..., R); with S nets x (S, ..., C), w (S, R, C), b (S, R)."""
    if w.dim() == 2:
        return nn.functional.linear(x, w, b)
    rows = x.flatten(1, -2)
    product = rows @ w.mT if b is None else baddbmm(b[:, None], rows, w.mT)
    return product.reshape(*x.shape[:-1], w.shape[-2])


def along(v: Tensor, x: Tensor) -> Tensor:
    """A vector a net, v (H,) or (S, H), shaped to stand beside x (..., H) or (S, ..., H)."""
    return v if v.dim() == 1 else v.reshape(len(v), *(1,) * (x.dim() - 2), v.shape[-1])
