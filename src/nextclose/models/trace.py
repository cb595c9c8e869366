"""One window through a net with every number kept."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from nextclose.core.settings import NetSettings
from nextclose.core.types import Float64s, Params
from nextclose.models.net import Net


@dataclass(frozen=True, kw_only=True, eq=False)
class Step:
    """What a net computes at one step of the window."""

    x: Float64s
    """(F,), or (L*F,) for a net without time."""
    layers: tuple[dict[str, Float64s], ...]
    """Each layer's terms by name, "h" the last of them; sizes (H,), or (G*H,) for stacked gates."""
    y: Float64s
    """(K,): what the head says of this step's state; only the last step's is used."""


def trace(params: Params, x: Float64s, net: NetSettings) -> tuple[Step, ...]:
    """Every step of one scaled window x (L, F) through the net with these weights, in float64."""
    seq_len, input_size = x.shape
    built = Net(net, input_size=input_size, seq_len=seq_len, output_size=len(params["w_y"])).double()
    built.load(params)
    with torch.no_grad():
        walked = built.time_major(torch.tensor(x, dtype=torch.float64)[None])  # (L, 1, F)
        states = [built.start(layer, walked) for layer in range(len(built.cells))]
        return tuple(_step(built, x_t, states) for x_t in walked)


def _step(net: Net, x: Tensor, states: list[tuple[Tensor, ...]]) -> Step:
    """One step through all layers; `states` moves on in place."""
    layers, fed = [], x
    for layer, cell in enumerate(net.cells):
        terms: dict[str, Tensor] = cell.terms(fed, states[layer])  # type: ignore[operator]
        states[layer] = (terms["h"], terms["c"]) if "c" in terms else (terms["h"],)
        layers.append({name: term[0].numpy() for name, term in terms.items()})
        fed = terms["h"]
    return Step(x=x[0].numpy(), layers=tuple(layers), y=net.head(fed)[0].numpy())
