"""One window through a net with every number kept, and the products that a reader wants to see."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nextclose.core.cells import cell_spec, layer_suffix
from nextclose.core.types import Float64s, Params
from nextclose.engine.passes import states

_GATES = {"rnn": (), "mlp": (), "gru": ("r", "z", "n"), "lstm": ("i", "f", "g", "o")}


@dataclass(frozen=True, kw_only=True, eq=False)
class Step:
    """What a net computes at one step of the window."""

    x: Float64s
    """(F,), or (L*F,) for a net without time."""
    layers: tuple[dict[str, Float64s], ...]
    """Each layer's terms by name, "h" the last of them; sizes (H,), or (G*H,) for stacked gates."""
    y: Float64s
    """(K,): what the head says of this step's state; only the last step's is used."""


def trace(params: Params, x: Float64s, *, cell: str, activation: str = "tanh") -> tuple[Step, ...]:
    """Every step of one scaled window x (L, F) through the net with these weights, in float64.

    The terms are, in this order, `w_x x` and `w_h h`, the products with their biases; `sum` of an Elman cell, which
    comes before its activation; the gates; `c` of an LSTM; and `h`. An mlp has one step and no `w_h h`.

    Raises
    ------
    FitError, SettingsError : as `predict`.
    """
    weights = {name: np.asarray(array, dtype=np.float64) for name, array in params.items()}
    known = states(weights, x[None], cell=cell, activation=activation)
    inputs = x if cell_spec(cell).recurrent else x.reshape(1, -1)
    layers: list[list[dict[str, Float64s]]] = []
    fed: Float64s = inputs
    while "w_x" + layer_suffix(len(layers)) in weights:
        suffix = layer_suffix(len(layers))
        own = {name: known[name + suffix][0] for name in (*_GATES[cell], "h", "c") if name + suffix in known}
        layers.append([_terms(weights, suffix, cell, x_t, own, t) for t, x_t in enumerate(fed)])
        fed = own["h"][1:]
    head = fed @ weights["w_y"].T + weights.get("b_y", 0.0)  # (L, K)
    return tuple(Step(x=x_t, layers=tuple(layer[t] for layer in layers), y=head[t]) for t, x_t in enumerate(inputs))


def _terms(
    weights: Params, suffix: str, cell: str, x: Float64s, own: dict[str, Float64s], t: int
) -> dict[str, Float64s]:
    """One layer's numbers at step t."""
    terms = {"w_x x": _product(weights, "x", suffix, x)}
    if "w_h" + suffix in weights:
        terms["w_h h"] = _product(weights, "h", suffix, own["h"][t])
    if not _GATES[cell]:
        terms["sum"] = terms["w_x x"] + terms.get("w_h h", 0.0)
    terms |= {gate: own[gate][t] for gate in _GATES[cell]}
    return terms | {name: own[name][t + 1] for name in ("c", "h") if name in own}


def _product(weights: Params, of: str, suffix: str, values: Float64s) -> Float64s:
    product: Float64s = weights["w_" + of + suffix] @ values + weights.get("b_" + of + suffix, 0.0)
    return product
