"""The net of some settings before training: its shape, and the weights that every engine starts from."""

from __future__ import annotations

import numpy as np

from nextclose.core.cells import (
    TRANSFORMER,
    InitScheme,
    NetShape,
    cell_spec,
    check_shapes,
    initial_params,
    initial_state,
    is_recurrent,
)
from nextclose.core.settings import NetSettings
from nextclose.core.types import Floats, Params


def net_shape(net: NetSettings, *, input_size: int, seq_len: int, output_size: int) -> NetShape:
    """The shape of `net` on windows (L, F) with K outputs; a net without time reads L*F inputs at once."""
    at_once = net.cell != TRANSFORMER and not cell_spec(net.cell).recurrent
    return NetShape(
        cell=net.cell,
        input_size=seq_len * input_size if at_once else input_size,
        hidden_size=net.hidden_size,
        output_size=output_size,
        num_layers=net.num_layers,
        bias=net.bias,
        output_bias=net.output_bias,
        bidirectional=net.bidirectional,
        decoder=net.decoder,
        head=net.head,
    )


def has_random_start(net: NetSettings) -> bool:
    """Whether h_0 is drawn: a net without time has no state to start from."""
    return net.h0 == "random" and is_recurrent(net.cell)


def start_params(net: NetSettings, shape: NetShape, *, seed: int, init: Params | None = None) -> dict[str, Floats]:
    """Weights before the first update: from the seeded stream, or from `init` where it is given.

    A random h_0 is among them, unless the net has no time and so no state.

    Raises
    ------
    SettingsError : `init` lacks an array or holds one of a wrong shape.
    """
    start: dict[str, Floats] = dict(init) if init is not None else _drawn(net, shape, seed)
    h_0 = {"h_0": (net.start_rows, net.hidden_size)} if "h_0" in start else {}
    check_shapes(start, shape.parameters() | h_0)
    if has_random_start(net) and "h_0" not in start:
        start["h_0"] = initial_state(seed, net.start_rows, net.hidden_size)
    if not net.memory:
        start |= {name: np.zeros_like(array) for name, array in start.items() if name.startswith("w_h")}
    return start


def _drawn(net: NetSettings, shape: NetShape, seed: int) -> dict[str, Floats]:
    scheme: InitScheme = "rnn" if net.init == "rnn" else "linear"
    drawn: dict[str, Floats] = dict(initial_params(shape, scheme=scheme, seed=seed))
    if net.zero_head:
        drawn |= {name: np.zeros_like(array) for name, array in drawn.items() if name in ("w_y", "b_y")}
    return drawn
