"""What the keyword arguments of the engine's functions mean to its kernels."""

from __future__ import annotations

from array import array
from collections.abc import Mapping
from functools import lru_cache
from math import prod, sqrt
from typing import Any, NamedTuple

import numpy as np

from nextclose.core.cells import FIXED, NetShape, cell_spec
from nextclose.core.errors import SettingsError
from nextclose.core.lang import Joined, Text
from nextclose.core.seeds import purpose_key, uniform
from nextclose.core.types import Float64s, Floats, Params
from nextclose.engine.inputs import as_floats, choice, whole
from nextclose.engine.layout import (
    AS_IS,
    MOST_IN_VECTOR,
    RELU,
    STATE,
    TANH,
    VECTOR_BYTES,
    Net,
    address,
    pack,
)

ACTIVATIONS = {"tanh": TANH, "relu": RELU, "identity": AS_IS}
SCHEMES = ("linear", "rnn")
HEADS = ("linear", "batchnorm")
RUNNING = ("mean_y", "var_y")
"""What a head keeps that no optimiser moves."""
WORK_BYTES = 3 << 18
"""A block's rows should stay in the second-level cache."""
MOST_LANES = 12
"""Vectors in a block: more would not make the products faster."""


class NetArguments(NamedTuple):
    """A net as the public functions describe it."""

    cell: str
    hidden_size: int
    num_layers: int
    bias: bool
    output_bias: bool
    activation: str
    memory: bool
    has_h0: bool
    scheme: str = "linear"
    zero_head: bool = False
    head: str = "linear"


class Spec(NamedTuple):
    """A net, where its parameters lie, and how they are drawn."""

    net: Net
    packed: array[int]
    """`net` as the kernel reads it."""
    shapes: dict[str, tuple[int, ...]]
    """Parameters in canonical order and, where there is one, h_0."""
    places: tuple[tuple[str, int, int, tuple[int, ...]], ...]
    """(name, begin, end, shape) in the flat vector, in the order of `shapes`."""
    draws: np.ndarray[Any, Any]
    """(2, parameters) int64: hashes of the names, sizes."""
    bounds: Float64s
    skip: int
    """Steps that need not be walked."""


@lru_cache(maxsize=256)
def make_spec(arguments: NetArguments, seq_len: int, input_size: int, output_size: int, whole: bool) -> Spec:
    """The spec of a net; `whole` walks every step, even those that cannot matter.

    Raises
    ------
    SettingsError : an unknown name or an impossible size.
    """
    cell, hidden_size, num_layers = arguments.cell, arguments.hidden_size, arguments.num_layers
    known = cell_spec(cell)
    _check(arguments, known.recurrent)
    skip = seq_len - 1 if cell == "rnn" and not arguments.memory and not whole else 0
    shape = NetShape(
        cell=cell,
        input_size=input_size if known.recurrent else seq_len * input_size,
        hidden_size=hidden_size,
        output_size=output_size,
        num_layers=num_layers,
        bias=arguments.bias,
        output_bias=arguments.output_bias,
        head=arguments.head,
    )
    shapes = shape.parameters()
    running = sum(prod(shapes.get(name, (0,))) for name in RUNNING)
    trained = sum(prod(size) for size in shapes.values()) - running
    if arguments.has_h0:
        shapes["h_0"] = (num_layers, hidden_size)
    places = _places(shapes)
    flat = sorted(places, key=lambda place: place[1])
    signed = [
        key - (1 << 64) if key >> 63 else key for key in map(purpose_key, (*(place[0] for place in flat), "shuffle "))
    ]
    draws = np.array([signed[:-1], [end - begin for _, begin, end, _ in flat]], dtype=np.int64)
    bounds = np.array([_bound(name, shapes, arguments) for name, *_ in flat])
    steps = seq_len - skip if known.recurrent else 1
    kept = hidden_size if len(known.gates) == 1 else 4 * hidden_size
    cell_rows = (2 * steps + 1) * hidden_size if len(known.gates) == 4 else 0
    layer_rows = (steps + 1) * hidden_size + steps * kept + cell_rows
    above_rows = (num_layers - 1) * steps * hidden_size + hidden_size
    normalises, columns = int(arguments.head == "batchnorm"), shapes["w_y"][1]
    head_rows = 2 * output_size + normalises * 2 * (hidden_size + columns)
    sums = 4 * num_layers * hidden_size + output_size + 1
    state = trained + sums + MOST_IN_VECTOR
    net = Net(
        seq_len=steps,
        input_size=shape.input_size,
        hidden_size=hidden_size,
        output_size=output_size,
        num_layers=num_layers,
        gates=len(known.gates),
        recurrent=int(known.recurrent),
        bias=int(arguments.bias),
        output_bias=int(arguments.output_bias),
        activation=ACTIVATIONS[arguments.activation],
        memory=int(arguments.memory and known.recurrent),
        starts=int(arguments.has_h0),
        kept=kept,
        layer_rows=layer_rows,
        work_rows=num_layers * layer_rows + above_rows + 2 * hidden_size + head_rows,
        trained=trained,
        zero=trained + sums - 1,
        normalises=normalises,
        columns=columns,
        state=state,
        behind=sums + normalises * (MOST_IN_VECTOR + STATE * hidden_size),
        start=trained + running,
        total=flat[-1][2],
        parameters=len(shapes),
        draws=address(draws),
        bounds=address(bounds),
        shuffle_key=signed[-1],
    )
    return Spec(net, pack(net), shapes, places, draws, bounds, skip)


def _check(arguments: NetArguments, recurrent: bool) -> None:
    choice("activation", arguments.activation, ACTIVATIONS)
    choice("init", arguments.scheme, SCHEMES)
    whole("hidden_size", arguments.hidden_size, 1)
    whole("num_layers", arguments.num_layers, 1)
    if choice("head", arguments.head, HEADS) == "batchnorm":
        whole("hidden_size", arguments.hidden_size, 2)
    if not recurrent and arguments.num_layers != 1:
        raise SettingsError("cell=mlp has one hidden layer, got num_layers={got}", got=arguments.num_layers)
    if not recurrent and arguments.has_h0:
        raise SettingsError("cell=mlp has no state before the first step: h0 and h_0 must be absent")


def _places(shapes: Mapping[str, tuple[int, ...]]) -> tuple[tuple[str, int, int, tuple[int, ...]], ...]:
    """What is trained comes first, then the running mean and variance, then h_0."""
    found, at = {}, 0
    for name in sorted(shapes, key=lambda name: 2 * (name == "h_0") + (name in RUNNING)):
        size = shapes[name]
        found[name] = (name, at, at + prod(size), size)
        at += prod(size)
    return tuple(found[name] for name in shapes)


def _bound(name: str, shapes: Mapping[str, tuple[int, ...]], arguments: NetArguments) -> float:
    """As `core.cells.initial_params` draws; h_0 on [-1, 1). What is fixed is negated, as `draws.initialise` wants it."""
    if name == "h_0":
        return 1.0
    fixed = FIXED.get(name.partition("_")[0])
    if fixed is not None:
        return -fixed
    if name in ("w_y", "b_y") and arguments.zero_head:
        return 0.0
    if arguments.scheme == "rnn" and not name.endswith(("_y", "_z")):
        return 1.0 / sqrt(arguments.hidden_size)
    return 1.0 / sqrt(shapes["w" + name[1:]][1])


def block_size(spec: Spec, itemsize: int) -> int:
    """Samples in a block, whole vectors; from the net's sizes alone, so that the bits do not hang on the machine."""
    lanes = VECTOR_BYTES // itemsize
    each = (spec.net.work_rows + spec.net.seq_len * spec.net.input_size) * VECTOR_BYTES
    vectors = min(MOST_LANES, WORK_BYTES // each)
    return lanes * max(1, vectors - vectors % 2)


def flatten(params: Params, spec: Spec) -> Float64s:
    """Weights by name as one float64 vector.

    Raises
    ------
    SettingsError : arrays that are missing, unknown or of a wrong shape; all of them are named.
    """
    problems = [Text("there is no {name}", name=name) for name in params if name not in spec.shapes]
    flat = np.zeros(spec.net.total)
    for name, begin, end, shape in spec.places:
        if name in params and np.shape(params[name]) == shape:
            flat[begin:end] = np.asarray(params[name], dtype=np.float64).ravel()
        elif name in params or name != "h_0":
            got = np.shape(params[name]) if name in params else Text("nothing")
            problems.append(Text("{name}: expected shape {shape}, got {got}", name=name, shape=shape, got=got))
    if problems:
        raise SettingsError("initial weights do not fit the net: {problems}", problems=Joined(problems))
    return flat


def unflatten(flat: Floats, spec: Spec) -> dict[str, Floats]:
    """One vector as weights by name: views; h_0 where the vector has it."""
    return {name: flat[begin:end].reshape(shape) for name, begin, end, shape in spec.places if end <= flat.size}


def drawn_start(spec: Spec, seed: int) -> Float64s:
    """The flat vector that a kernel draws for a seed."""
    values = np.empty(spec.net.total)
    flat = sorted(spec.places, key=lambda place: place[1])
    for (name, begin, end, shape), bound in zip(flat, spec.bounds, strict=True):
        values[begin:end] = uniform(seed, name, shape).ravel() * bound if bound > 0.0 else 0.0 - bound
    return values


def start_state(h0: Any, spec: Spec) -> Float64s:
    """A given h_0 (num_layers, H), or (H,) for every layer, as float64. Raises SettingsError for another shape."""
    shape = spec.shapes["h_0"]
    state = as_floats("h0", h0)
    if state.shape not in (shape, shape[1:]):
        raise SettingsError("h0: expected shape {expected}, got {got}", expected=shape, got=state.shape)
    return np.ascontiguousarray(np.broadcast_to(state, shape))
