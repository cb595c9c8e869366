"""The arithmetic of one hidden unit at one step, and of the head's output: every product, every sum."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from nextclose.core.cells import cell_spec, layer_suffix
from nextclose.core.explanation import Explanation
from nextclose.core.types import Float64s

_CURVES: dict[str, Callable[[Float64s], Float64s]] = {
    "tanh": np.tanh,
    "relu": lambda x: np.maximum(x, 0.0),
    "identity": lambda x: x,
    "sigmoid": lambda x: 1.0 / (1.0 + np.exp(-x)),
}
CURVE_POINTS = 121


@dataclass(frozen=True, kw_only=True, eq=False)
class Products:
    """A row of weights times what they meet: `W_x x_t` or `W_h h_{t-1}` for one unit."""

    weights: Float64s
    """(n,)"""
    values: Float64s
    """(n,) what they are multiplied by."""
    products: Float64s
    """(n,)"""
    bias: float | None
    """None for a net without."""
    total: float
    """The products and the bias added, as `explain` prints it."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Gate:
    """One sum of a unit and what the curve makes of it."""

    name: str
    """The gate's letter; h for an Elman cell, whose sum goes through its activation."""
    x: Products
    h: Products | None
    """None for a net without time."""
    sum: float
    """What the curve is asked about. Of a GRU's n: W_x x + r (W_h h)."""
    curve: str
    """tanh, relu, identity or sigmoid."""
    value: float


@dataclass(frozen=True, kw_only=True, eq=False)
class Unit:
    """One hidden unit at one step."""

    gates: tuple[Gate, ...]
    """One of an Elman cell; i f g o of an LSTM, r z n of a GRU."""
    h_before: float
    """NaN for a net without time."""
    h: float
    c_before: float = float("nan")
    """Of an LSTM."""
    c: float = float("nan")


def unit_sums(explained: Explanation, layer: int, step: int, unit: int) -> Unit:
    """One unit's arithmetic.

    Elman: h = act(W_x x + W_h h'). LSTM: c = f c' + i g, h = o tanh(c). GRU: h = n + z (h' - n). Primes are the step before.

    Parameters
    ----------
    layer, step, unit : from 0; 0 is the only step of a net without time.
    """
    terms = explained.steps[step].layers[layer]
    before = explained.steps[step - 1].layers[layer] if step > 0 else None
    if before is None and explained.start:
        before = explained.start[layer]
    fed = _fed(explained, layer, step)
    gates = []
    for place, name in enumerate(cell_spec(explained.cell).gates):
        row = place * len(terms["h"]) + unit
        x = _products(explained, "x", layer, row, fed, float(terms["w_x x"][row]))
        h = None
        if "w_h h" in terms and before is not None:
            h = _products(explained, "h", layer, row, before["h"], float(terms["w_h h"][row]))
        gates.append(_gate(explained, name, x, h, {key: float(terms[key][unit]) for key in terms if "w_" not in key}))
    nan = float("nan")
    return Unit(
        gates=tuple(gates),
        h_before=nan if before is None else float(before["h"][unit]),
        h=float(terms["h"][unit]),
        c_before=float(before["c"][unit]) if before is not None and "c" in before else nan,
        c=float(terms["c"][unit]) if "c" in terms else nan,
    )


def head_sum(explained: Explanation, step: int, output: int = 0) -> Products:
    """What the head says of a step's last state: W_y h + b_y for one output."""
    weights, h = explained.weights["w_y"][output], explained.steps[step].layers[-1]["h"]
    bias = float(explained.weights["b_y"][output]) if "b_y" in explained.weights else None
    return Products(
        weights=weights, values=h, products=weights * h, bias=bias, total=float(explained.steps[step].y[output])
    )


def curve(name: str, reach: float) -> Float64s:
    """Points (2, n) of an activation on [-reach, reach]."""
    x = np.linspace(-reach, reach, CURVE_POINTS)
    return np.stack([x, _CURVES[name](x)])


def _gate(explained: Explanation, name: str, x: Products, h: Products | None, known: dict[str, float]) -> Gate:
    if len(cell_spec(explained.cell).gates) == 1:
        return Gate(name="h", x=x, h=h, sum=known["sum"], curve=explained.activation, value=known["h"])
    from_h = 0.0 if h is None else h.total
    through = known["r"] * from_h if (explained.cell, name) == ("gru", "n") else from_h
    curve = "tanh" if name in ("g", "n") else "sigmoid"
    return Gate(name=name, x=x, h=h, sum=x.total + through, curve=curve, value=known[name])


def _products(explained: Explanation, of: str, layer: int, row: int, values: Float64s, total: float) -> Products:
    suffix = layer_suffix(layer)
    weights, biases = explained.weights["w_" + of + suffix][row], explained.weights.get("b_" + of + suffix)
    return Products(
        weights=weights,
        values=values,
        products=weights * values,
        bias=None if biases is None else float(biases[row]),
        total=total,
    )


def _fed(explained: Explanation, layer: int, step: int) -> Float64s:
    """What a layer reads at a step: the features, all of them for a net without time, or the states below."""
    if layer > 0:
        return explained.steps[step].layers[layer - 1]["h"]
    if explained.flat:
        return np.concatenate([session.scaled for session in explained.steps])
    return explained.steps[step].scaled
