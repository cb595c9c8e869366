"""A net walked in plain numpy, forwards with the derivatives of every step, and back: what `through_time` asks of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from nextclose.core.cells import cell_spec, layer_suffix
from nextclose.core.errors import FitError, SettingsError
from nextclose.core.types import Float64s, Params
from nextclose.engine.inputs import as_floats, check_inputs
from nextclose.engine.passes import spec_of
from nextclose.engine.spec import flatten, unflatten
from nextclose.engine.steps import Step, step_of


class State(NamedTuple):
    """The state before the first step, of every layer: (layers, H), or (N, layers, H) for some windows."""

    h: Float64s
    c: Float64s | None = None
    """Of an LSTM; zero where it is left out."""


class Layer(NamedTuple):
    """One layer's weights; G gates stacked in the rows."""

    w_x: Float64s
    """(G*H, F)."""
    w_h: Float64s | None
    """(G*H, H); None for a net without time."""
    b_x: Float64s | float
    b_h: Float64s | float


class Net(NamedTuple):
    """Weights by layer, checked, in float64."""

    cell: str
    activation: str
    layers: tuple[Layer, ...]
    w_y: Float64s
    """(K, H)."""
    b_y: Float64s | float
    h_0: Float64s
    """(layers, H); zeros unless the weights hold one."""

    @property
    def gates(self) -> int:
        """G."""
        return len(cell_spec(self.cell).gates)

    @property
    def states(self) -> int:
        """S: 2 for an LSTM, which hands on h and c; else 1."""
        return 2 if self.cell == "lstm" else 1


class Walk(NamedTuple):
    """One layer's way through some windows."""

    state: Float64s
    """(N, L+1, S, H); at 0 the start."""
    by_x: Float64s
    """(N, L, S, G, H); this and the next three as in `steps.Step`."""
    by_h: Float64s
    direct: Float64s
    h_by_c: Float64s


def windows_of(x: Any) -> tuple[Float64s, bool]:
    """x (L, F) or (N, L, F) as finite (N, L, F), and whether it was one window. Raises FitError for anything else."""
    values = as_floats("X", x)
    X = check_inputs(values[None] if values.ndim == 2 else values)
    _check_finite("X", X)
    return X, values.ndim == 2


def net_of(params: Params, X: Float64s, cell: str, activation: str) -> Net:
    """The net that weights belong to on windows X (N, L, F).

    Raises SettingsError for weights that are no net of this cell, or one with more than a line on its last state, and FitError
    for weights that are not finite.
    """
    if "w_z" in params:
        raise SettingsError("through time: expected a net with a linear head, got head=batchnorm")
    spec = spec_of([params], X, cell, activation, whole=True)
    flat = flatten(params, spec)
    _check_finite("params", flat)
    weights: dict[str, Any] = dict(unflatten(flat, spec))
    layers: list[Layer] = []
    while "w_x" + layer_suffix(len(layers)) in weights:
        suffix = layer_suffix(len(layers))
        layers.append(
            Layer(
                weights["w_x" + suffix],
                weights.get("w_h" + suffix),
                weights.get("b_x" + suffix, 0.0),
                weights.get("b_h" + suffix, 0.0),
            )
        )
    h_0 = weights.get("h_0", np.zeros((len(layers), weights["w_y"].shape[1])))
    return Net(cell, activation, tuple(layers), weights["w_y"], weights.get("b_y", 0.0), h_0)


def start_of(net: Net, N: int, start: State | None) -> Float64s:
    """(N, layers, S, H) before the first step: the net's own h_0, or the one given.

    Raises SettingsError for a state of another shape.
    """
    layers, H = net.h_0.shape
    own = State(net.h_0) if start is None else start
    found = np.zeros((N, layers, net.states, H))
    for number, values in enumerate((own.h, own.c)[: net.states]):
        part = np.zeros((layers, H)) if values is None else as_floats("h0", values)
        if part.shape not in ((layers, H), (N, layers, H)):
            raise SettingsError("h0: expected shape {expected}, got {got}", expected=(layers, H), got=part.shape)
        found[:, :, number] = part
    return found


def forward(net: Net, X: Float64s, start: Float64s) -> list[Walk]:
    """Every layer's walk over windows X (N, L, F) from states (N, layers, S, H); a net without time makes one step."""
    fed = _fed(net, X)
    walks = []
    for number, layer in enumerate(net.layers):
        steps = list(_steps(net, layer, fed, start[:, number]))
        parts = [np.stack(part, axis=1) for part in zip(*steps, strict=True)]
        state = np.concatenate([start[:, number][:, None], parts[0]], axis=1)
        walks.append(Walk(state, *parts[1:]))
        fed = state[:, 1:, 0]
    return walks


def end(net: Net, X: Float64s, start: Float64s) -> Float64s:
    """(N, layers, S, H) after the last step; nothing else is kept."""
    fed = _fed(net, X)
    ends = []
    for number, layer in enumerate(net.layers):
        states = [step.state for step in _steps(net, layer, fed, start[:, number])]
        fed = np.stack([state[:, 0] for state in states], axis=1)
        ends.append(states[-1])
    return np.stack(ends, axis=1)


def head(net: Net, h: Float64s) -> Float64s:
    """yhat (N, K) from the top layer's last h (N, H)."""
    yhat: Float64s = h @ net.w_y.T + net.b_y
    return yhat


def back(net: Net, layer: Layer, walk: Walk, above: Float64s) -> tuple[Float64s, Float64s]:
    """Gradients at a layer's states (N, L+1, S, H) and inputs (N, L, F), from `above` (N, L, H), what comes to h from above.

    At c it is what the next step does with c_t; what passes through h_t of the same step stands at h.
    """
    N, L = above.shape[:2]
    at_state = np.zeros((N, L + 1, *walk.state.shape[2:]))
    at_input = np.empty((N, L, layer.w_x.shape[1]))
    for t in range(L - 1, -1, -1):
        d = at_state[:, t + 1]
        d[:, 0] += above[:, t]
        at_input[:, t] = np.einsum("nsh,nsgh->ngh", d, walk.by_x[:, t]).reshape(N, -1) @ layer.w_x
        at_state[:, t] = np.einsum("nsh,nsrh->nrh", d, walk.direct[:, t])
        if layer.w_h is not None:
            at_state[:, t, 0] += np.einsum("nsh,nsgh->ngh", d, walk.by_h[:, t]).reshape(N, -1) @ layer.w_h
    return at_state, at_input


def transition(layer: Layer, walk: Walk) -> Float64s:
    """d state_t / d state_{t-1} of every step, (N, L, S*H, S*H), the layer's inputs held."""
    N, L, S, G, H = walk.by_h.shape
    found = np.einsum("ntsrj,jk->ntsjrk", walk.direct, np.eye(H))
    if layer.w_h is not None:
        found[:, :, :, :, 0] += np.einsum("ntsgj,gjk->ntsjk", walk.by_h, layer.w_h.reshape(G, H, H))
    matrix: Float64s = found.reshape(N, L, S * H, S * H)
    return matrix


def _check_finite(name: str, values: Float64s) -> None:
    bad = int(np.sum(~np.isfinite(values)))
    if bad:
        raise FitError("{name} holds {bad} values that are not finite", name=name, bad=bad)


def _fed(net: Net, X: Float64s) -> Float64s:
    """What the first layer reads, (N, L, F), or (N, 1, L*F) for a net without time."""
    return X if cell_spec(net.cell).recurrent else X.reshape(len(X), 1, -1)


def _steps(net: Net, layer: Layer, fed: Float64s, state: Float64s) -> Iterator[Step]:
    """A layer's steps over its inputs (N, L, F), from a state (N, S, H)."""
    shape = (len(fed), net.gates, state.shape[-1])
    step = step_of(net.cell, net.activation)
    from_x = fed @ layer.w_x.T + layer.b_x
    for t in range(fed.shape[1]):
        from_h = np.zeros(shape) if layer.w_h is None else (state[:, 0] @ layer.w_h.T + layer.b_h).reshape(shape)
        made = step(from_x[:, t].reshape(shape), from_h, state)
        state = made.state
        yield made
