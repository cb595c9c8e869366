"""One window's way through a fitted net, every number of it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from nextclose.bars.bars import Bars
from nextclose.core.cells import TRANSFORMER, layer_suffix
from nextclose.core.errors import SettingsError
from nextclose.core.explanation import ExplainedStep, Explanation
from nextclose.core.types import Float64s, Params
from nextclose.engine.trace import Step, trace
from nextclose.recipes import Recipe
from nextclose.training.fold import FittedFold, closes_of
from nextclose.windows import Dataset


def explain_window(
    fold: FittedFold,
    data: Dataset,
    bars: Bars,
    window: int,
    *,
    epoch: int | None = None,
    net: int = 0,
    before: slice | None = None,
    origin: int | None = None,
) -> Explanation:
    """Take one window's forecast apart.

    Parameters
    ----------
    window : its number in `data`.
    epoch : what the explanation says of how long the net was trained.
    net : which of the fold's nets.
    before : windows whose steps the net walked before these, without a reset; none by default.
    origin : the window's last row of `bars`, where the windows of `data` are not in their order.

    Raises
    ------
    SettingsError : a net that is more than cells walked over the window and a line on their states.
    """
    check_walked(fold.recipe)
    recipe, params = fold.recipe, fold.fits[net].params
    x = fold.scaler.x.forward(data.X[window])
    start, walked = _walk(fold, params, x, data, before)
    origin = window + data.first if origin is None else origin
    rows = range(origin - recipe.windows.seq_len + 1, origin + 1)
    output = walked[-1].y
    known = origin + 1 < len(bars)
    flat = len(walked) == 1 and recipe.windows.seq_len > 1
    return Explanation(
        symbol=bars.symbol,
        recipe=recipe.name,
        cell=recipe.net.cell,
        activation=recipe.net.activation,
        epoch=epoch,
        features=recipe.windows.features,
        scaling=recipe.windows.scaling,
        target=recipe.windows.target,
        target_date=str(bars.dates[origin + 1]) if known else None,
        train_windows=fold.train_shape[0],
        flat=flat,
        weights={name: np.asarray(array, dtype=np.float64) for name, array in params.items()},
        start=start,
        steps=tuple(
            ExplainedStep(
                date=str(bars.dates[row]),
                raw=data.columns[row],
                scaled=x[t],
                layers=walked[0 if flat else t].layers,
                y=walked[0 if flat else t].y,
            )
            for t, row in enumerate(rows)
        ),
        output=output,
        quantiles=recipe.training.quantiles,
        median=recipe.training.median,
        closes=closes_of(output[None, :], fold.scaler, data, slice(window, window + 1))[0],
        y=float(bars.close[origin + 1]) if known else float("nan"),
        last_close=float(bars.close[origin]),
        y_shift=float(fold.scaler.y.shift[0]),
        y_scale=float(fold.scaler.y.scale[0]),
        volatility=float(data.volatility[window + data.first]),
    )


def check_walked(recipe: Recipe) -> None:
    """Raise SettingsError for a net that is more than cells walked over the window and a line on their states."""
    net = recipe.net
    more = {
        "cell=transformer": net.cell == TRANSFORMER,
        "bidirectional": net.bidirectional,
        f"decoder={net.decoder}": net.decoder != "none",
        f"head={net.head}": net.head == "batchnorm",
    }
    parts = [part for part, there in more.items() if there]
    if parts:
        raise SettingsError(
            "explain walks the cells rnn, gru, lstm and mlp with a linear head, step by step; recipe '{recipe}' has {parts}",
            recipe=recipe.name,
            parts=", ".join(parts),
        )


def _walk(
    fold: FittedFold, params: Params, x: Float64s, data: Dataset, before: slice | None
) -> tuple[tuple[Mapping[str, Float64s], ...], tuple[Step, ...]]:
    """Each layer's state before the window, and the window's own steps."""
    net, L = fold.recipe.net, len(x)
    earlier = data.X[before] if before is not None else data.X[:0]
    if len(earlier) == 0:
        return _start(params, net.cell), trace(params, x, cell=net.cell, activation=net.activation)
    long = np.concatenate([fold.scaler.x.forward(earlier).reshape(-1, x.shape[1]), x])
    walked = trace(params, long, cell=net.cell, activation=net.activation)
    left = [{name: term for name, term in layer.items() if name in ("h", "c")} for layer in walked[-L - 1].layers]
    return tuple(left), walked[-L:]


def _start(params: Params, cell: str) -> tuple[Mapping[str, Float64s], ...]:
    """The net's own state before its first step; none for a net without time."""
    layers: list[Mapping[str, Float64s]] = []
    while (name := "w_h" + layer_suffix(len(layers))) in params:
        zero = np.zeros(params[name].shape[1])
        h = np.asarray(params["h_0"][len(layers)], dtype=np.float64) if "h_0" in params else zero
        layers.append({"h": h, "c": zero} if cell == "lstm" else {"h": h})
    return tuple(layers)
