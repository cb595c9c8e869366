"""A fitted recipe as one module: raw bars in, prices out.

bars (T, F) -> scaled window (L, F) -> every seed's net -> closes (S, K, Q) -> price (K,), quantiles (K, Q)

It repeats in PyTorch what `windows` and `training.fold` do in NumPy, so that a graph can hold all of it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

from nextclose.core.settings import FEATURES, WindowSettings
from nextclose.core.types import Params
from nextclose.models.net import Net, side_by_side
from nextclose.recipes import Recipe
from nextclose.windows import Scaler
from nextclose.windows.features import RELATIVE_TO_CLOSE
from nextclose.windows.volatility import DECAY, FLOOR


class PriceNet(nn.Module):
    """The nets of all seeds between the scaling of their inputs and the inverse of their target.

    Parameters
    ----------
    recipe : `close` is among its features.
    scaler : of the span that the nets were fitted on; kept as float64 buffers.
    params : each seed's weights; a net computes in its weights' dtype, everything around it in float64.
    """

    x_shift: Tensor
    x_scale: Tensor
    y_shift: Tensor
    y_scale: Tensor
    steps: Tensor
    """(outputs,) the square roots of 1, 2, ..."""

    def __init__(self, recipe: Recipe, scaler: Scaler, params: Sequence[Params]) -> None:
        super().__init__()
        self.windows, self.heads, self.median = recipe.windows, recipe.training.heads, recipe.training.median
        self.seeds, self.close = len(params), recipe.windows.features.index("close")
        self.nets = side_by_side([_net(recipe, own) for own in params])
        steps = np.sqrt(np.arange(1, recipe.windows.outputs + 1))
        for name, values in (
            ("x_shift", scaler.x.shift),
            ("x_scale", scaler.x.scale),
            ("y_shift", scaler.y.shift),
            ("y_scale", scaler.y.scale),
            ("steps", steps),
        ):
            self.register_buffer(name, torch.tensor(np.asarray(values), dtype=torch.float64))
        self.eval()

    def forward(self, bars: Tensor) -> Tensor | tuple[Tensor, Tensor]:
        """Raw rows (T, F), oldest first, T >= L -> price (K,), and quantiles (K, Q) where the net has them, in their dtype."""
        L, dtype = self.windows.seq_len, bars.dtype
        bars = bars.double()
        volatility = ewma_volatility(bars[:, self.close])
        rows = bars.narrow(0, bars.shape[0] - L, L).expand(self.seeds, -1, -1)  # (S, L, F)
        closes = self.closes(rows, volatility)  # (S, outputs, Q)
        said = [closes]
        for _ in range(self.windows.horizon - self.windows.outputs):
            rows = self.gone_on(rows, closes[:, 0, 0])
            closes = self.closes(rows, volatility)
            said.append(closes)
        told = uncrossed(torch.cat(said, dim=1), self.median).mean(0).to(dtype)  # (K, Q)
        price = told[:, self.median]
        return (price, told) if self.heads > 1 else price

    def closes(self, rows: Tensor, volatility: Tensor) -> Tensor:
        """What each seed's net says after its own raw rows (S, L, F), (S, outputs, Q)."""
        X = (relative(rows, self.windows, volatility) - self.x_shift) / self.x_scale
        outputs: Tensor = self.nets(X[:, None].to(self.nets.h_0.dtype)).double()  # (S, 1, outputs * Q)
        target = outputs.view(self.seeds, self.windows.outputs, self.heads) * self.y_scale + self.y_shift
        last = rows[:, -1, self.close, None, None]  # (S, 1, 1)
        if self.windows.target == "price":
            return target
        if self.windows.target == "log1p-return":
            return (last + 1.0) * torch.exp(target) - 1.0
        if self.windows.target == "volatility-return":
            target = target * (volatility * self.steps)[:, None]
        return last * torch.exp(target)

    def gone_on(self, rows: Tensor, close: Tensor) -> Tensor:
        """The rows (S, L, F) a session later, the closes (S,) that were said as their last (`windows.recursion`)."""
        known = {"close": close, "change": close / rows[:, -1, self.close] - 1.0}
        new = torch.stack([known[name] for name in self.windows.features], dim=-1)  # (S, F)
        return torch.cat([rows[:, 1:], new[:, None]], dim=1)


def relative(rows: Tensor, settings: WindowSettings, volatility: Tensor) -> Tensor:
    """Windows (S, L, F) as `windows.dataset` makes them: relative to their last bar where the scaling says so."""
    if settings.scaling == "log1p-ratio":
        return torch.log1p(rows) - torch.log1p(rows[:, -1:])
    if not settings.scaling.startswith("log-ratio"):
        return rows
    last_close = rows[:, -1:, settings.features.index("close")]  # (S, 1)
    unit = volatility if settings.scaling == "log-ratio-volatility" else torch.ones_like(volatility)
    columns = []
    for f, name in enumerate(settings.features):
        column = rows[:, :, f]  # (S, L)
        if name in RELATIVE_TO_CLOSE:
            columns.append(torch.log(column / last_close) / unit)
        elif name == "adj_close":
            columns.append(torch.log(column / column[:, -1:]) / unit)
        elif name == "volume":
            columns.append(torch.log1p(column) - torch.log1p(column[:, -1:]))
        else:
            columns.append(column / unit if name in FEATURES else column)
    return torch.stack(columns, dim=-1)


def ewma_volatility(close: Tensor) -> Tensor:
    """What `windows.volatility.ewma_volatility` says at the last of the closes (T,), a scalar.

    sigma^2 = sum_i DECAY^i r_{T-i}^2 / sum_i DECAY^i; a single close has no return and takes `FLOOR`.
    """
    squares = torch.diff(torch.log(close)) ** 2  # (T - 1,)
    ages = torch.arange(close.shape[0] - 1, dtype=close.dtype).flip(0)
    weights = torch.exp(ages * float(np.log(DECAY)))
    return torch.sqrt((weights * squares).sum() / weights.sum().clamp(min=1.0)).clamp(min=FLOOR)


def uncrossed(closes: Tensor, median: int) -> Tensor:
    """Quantiles (..., Q) that do not cross, pushed apart from the median outwards."""
    apart = list(closes.unbind(-1))
    for q in range(median - 1, -1, -1):
        apart[q] = torch.minimum(apart[q], apart[q + 1])
    for q in range(median + 1, len(apart)):
        apart[q] = torch.maximum(apart[q], apart[q - 1])
    return torch.stack(apart, dim=-1)


def _net(recipe: Recipe, params: Params) -> Net:
    """A seed's net, ready to forecast."""
    dtype = torch.from_numpy(np.asarray(params["w_y"])).dtype
    windows = recipe.windows
    net = Net(
        recipe.net,
        input_size=len(windows.features),
        seq_len=windows.seq_len,
        output_size=windows.outputs * recipe.training.heads,
    ).to(dtype)
    net.h_0 = net.h_0.to(dtype)
    net.load(params)
    return net.eval().requires_grad_(False)
