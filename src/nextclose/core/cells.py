"""The cells by name: parameter names, shapes, gate order and initialisation, stated once.

Every engine stores a net as a dict of arrays in this order, so weights travel between them.

    layer l, direction d    w_x (G*H, F or H)   w_h (G*H, H)   b_x (G*H,)   b_h (G*H,)
    head                    w_y (K, H)          b_y (K,)

with the suffix `_l1` for the second layer and `_reverse` for the backward direction. G gates are
stacked as torch.nn stacks them: GRU r z n, LSTM i f g o. Decoders, the larger head and the transformer: `core.parts`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import sqrt
from typing import Literal

import numpy as np

from nextclose.core.errors import SettingsError
from nextclose.core.lang import Joined, Text
from nextclose.core.parts import attention_shapes, batchnorm_shapes, transformer_shapes
from nextclose.core.seeds import uniform
from nextclose.core.suggest import did_you_mean
from nextclose.core.types import Float64s, Params

InitScheme = Literal["linear", "rnn"]


@dataclass(frozen=True, kw_only=True)
class CellSpec:
    """What every engine must agree on about one cell."""

    name: str
    gates: tuple[str, ...]
    """Gate names in the order in which their rows are stacked."""
    recurrent: bool = True
    """False: one step on the flattened window, no w_h."""


CELLS: dict[str, CellSpec] = {
    "rnn": CellSpec(name="rnn", gates=("h",)),
    "gru": CellSpec(name="gru", gates=("r", "z", "n")),
    "lstm": CellSpec(name="lstm", gates=("i", "f", "g", "o")),
    "mlp": CellSpec(name="mlp", gates=("h",), recurrent=False),
}


TRANSFORMER = "transformer"
"""What stands in a cell's place for a net that walks no steps: the encoder sees the window at once."""


def is_recurrent(cell: str) -> bool:
    """Whether a net of this cell walks the window step by step, from a state."""
    return cell != TRANSFORMER and cell_spec(cell).recurrent


def cell_spec(name: str) -> CellSpec:
    """The cell called `name`. Raises SettingsError for an unknown one."""
    if name not in CELLS:
        raise SettingsError(
            "unknown cell '{name}': expected one of {known}.{hint}",
            name=name,
            known=", ".join(CELLS),
            hint=did_you_mean(name, CELLS),
        )
    return CELLS[name]


@dataclass(frozen=True, kw_only=True)
class NetShape:
    """A net's sizes; with the cell's name they fix every parameter's shape."""

    cell: str
    input_size: int
    hidden_size: int
    output_size: int
    num_layers: int = 1
    bias: bool = False
    output_bias: bool = True
    bidirectional: bool = False
    decoder: str = "none"
    head: str = "linear"

    def parameters(self) -> dict[str, tuple[int, ...]]:
        """Parameter names and shapes in canonical order."""
        if self.cell == TRANSFORMER:
            return transformer_shapes(self.input_size, self.hidden_size, self.num_layers) | self._head()
        shapes: dict[str, tuple[int, ...]] = {}
        for layer in range(self.num_layers):
            for direction in ("", "_reverse") if self.bidirectional else ("",):
                columns = self.input_size if layer == 0 else self.states
                shapes |= self._cell(layer_suffix(layer) + direction, columns)
        return shapes | self._decoder() | self._head()

    @property
    def states(self) -> int:
        """Hidden units that the layer above, or the head, sees."""
        return self.hidden_size * (2 if self.bidirectional else 1)

    def _cell(self, suffix: str, columns: int) -> dict[str, tuple[int, ...]]:
        spec = cell_spec(self.cell)
        rows = len(spec.gates) * self.hidden_size
        shapes: dict[str, tuple[int, ...]] = {"w_x" + suffix: (rows, columns)}
        if spec.recurrent:
            shapes["w_h" + suffix] = (rows, self.hidden_size)
        if self.bias:
            shapes |= dict.fromkeys(("b_x" + suffix, "b_h" + suffix)[: 1 + spec.recurrent], (rows,))
        return shapes

    def _decoder(self) -> dict[str, tuple[int, ...]]:
        if self.decoder == "none":
            return {}
        H = self.hidden_size
        shapes: dict[str, tuple[int, ...]] = {}
        for layer in range(self.num_layers):
            columns = H if layer else 1 + H * (self.decoder == "attention")
            shapes |= self._cell(layer_suffix(layer) + "_dec", columns)
        return shapes | (attention_shapes(H) if self.decoder == "attention" else {})

    def _head(self) -> dict[str, tuple[int, ...]]:
        inner, columns = batchnorm_shapes(self.states) if self.head == "batchnorm" else ({}, self.states)
        rows = 1 if self.decoder != "none" else self.output_size
        own: dict[str, tuple[int, ...]] = {"w_y": (rows, columns)} | ({"b_y": (rows,)} if self.output_bias else {})
        return inner | own


def layer_suffix(layer: int) -> str:
    """What a layer's parameter names end in: "" for the first, "_l1" for the second."""
    return "" if layer == 0 else f"_l{layer}"


def initial_params(shape: NetShape, *, scheme: InitScheme, seed: int) -> dict[str, Float64s]:
    """Initial weights from the stream, uniform within a bound, float64.

    `linear`: every matrix and its bias within 1/sqrt(columns of the matrix), as nn.Linear.
    `rnn`: the cell's within 1/sqrt(H), as nn.RNN; the head as nn.Linear.
    What a normalisation multiplies by starts at 1, what it adds at 0.
    Each parameter has a stream of its own, so one that appears or vanishes moves no other.
    """
    shapes = shape.parameters()
    return {name: _drawn(name, shapes, shape, scheme, seed) for name in shapes}


FIXED = {"gain": 1.0, "var": 1.0, "shift": 0.0, "mean": 0.0}
"""Parameters of normalisations, by the first part of their name, and where they start."""


def _drawn(name: str, shapes: dict[str, tuple[int, ...]], shape: NetShape, scheme: InitScheme, seed: int) -> Float64s:
    kind = name.partition("_")[0]
    if kind in FIXED:
        return np.full(shapes[name], FIXED[kind])
    return uniform(seed, name, shapes[name]) * _bound(name, shapes, shape, scheme)


def _bound(name: str, shapes: dict[str, tuple[int, ...]], shape: NetShape, scheme: InitScheme) -> float:
    if scheme == "rnn" and not name.endswith(("_y", "_z")):
        return 1.0 / sqrt(shape.hidden_size)
    return 1.0 / sqrt(shapes["w" + name[1:]][1])


def initial_state(seed: int, rows: int, hidden_size: int) -> Float64s:
    """A random h_0, uniform on [-1, 1), (rows, H): one vector a layer and direction, shared by all samples."""
    return np.ascontiguousarray(uniform(seed, "h_0", (rows, hidden_size)))


def check_shapes(params: Params, wanted: Mapping[str, tuple[int, ...]]) -> None:
    """Raise SettingsError naming every array that is missing or of a wrong shape."""
    problems = []
    for name, shape in wanted.items():
        got = np.shape(params[name]) if name in params else None
        if got != shape:
            missing = Text("nothing")
            problems.append(
                Text(
                    "{name}: expected shape {shape}, got {got}",
                    name=name,
                    shape=shape,
                    got=missing if got is None else got,
                )
            )
    if problems:
        raise SettingsError("initial weights do not fit the net: {problems}", problems=Joined(problems))
