"""What travels through time in a net: gradients back, influence forward, and what each session does to the forecast.

    gradient_back          dL/dh_t at every step and layer, d yhat / d x, and their sizes step by step
    jacobians              d h_t / d h_{t-1}, how far each stretches, and what is left of their product over k steps
    spectral_radii         of every W_h, gate by gate
    with_spectral_radius   the same weights with every W_h scaled to one spectral radius
    occlusion              how the forecast changes when a session is replaced, and what the gradient says of it
    state_memory           how fast a net forgets the state that it started from
    last_state             the state that a window leaves behind, for the next one to start from

For the cells rnn, gru, lstm and mlp with a linear head, in float64 numpy. Weights go by their canonical names (`core.cells`), and
h_0 among them is where a net starts unless a `start` is given. Every function takes one window x (L, F) or some (N, L, F); shapes
below are those of one window, of some N comes first. A step hands on the state: of an LSTM the pair (h_t, c_t), of the others
h_t. A net without time makes one step, so L is 1 at its states.

Pascanu, Mikolov & Bengio 2013, "On the difficulty of training recurrent neural networks", ICML, for the norms of gradients and of
products of Jacobians; docs/backpropagation.md derives the gradients.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any, TypeVar

import numpy as np

from nextclose.core.cells import cell_spec, layer_suffix
from nextclose.core.errors import SettingsError
from nextclose.core.types import Float64s, Floats, Params
from nextclose.engine.inputs import as_floats
from nextclose.engine.passes import states
from nextclose.engine.walks import Net, State, Walk, back, end, forward, head, net_of, start_of, transition, windows_of

__all__ = [
    "Back",
    "Effects",
    "Forgetting",
    "Jacobians",
    "State",
    "gradient_back",
    "jacobians",
    "last_state",
    "occlusion",
    "session_before",
    "spectral_radii",
    "state_memory",
    "with_spectral_radius",
]


@dataclass(frozen=True, kw_only=True, eq=False)
class Back:
    """Gradients of L = sum(dy * yhat) on their way back."""

    yhat: Float64s
    """(K,)."""
    dh: Float64s
    """(layers, L+1, H) dL/dh_t along all paths; at 0 by h_0."""
    dc: Float64s | None
    """(layers, L+1, H) dL/dc_t of an LSTM along all paths, that through h_t of the same step included."""
    dx: Float64s
    """(L, F) dL/dx_t."""
    state_norm: Float64s
    """(layers, L+1) length of the gradient at the state that step t hands on. Of an LSTM's pair, c_t counts with what the next
    step does with it, since what passes through h_t is in dh already."""
    x_norm: Float64s
    """(L,) length of dL/dx_t."""


def gradient_back(
    params: Params, x: Any, *, cell: str = "rnn", activation: str = "tanh", dy: Any = 1.0, start: State | None = None
) -> Back:
    """The gradient of sum(dy * yhat) at every state and input; dy a number or (K,), 1 for the gradient of yhat itself.

    Raises
    ------
    FitError : windows of a wrong shape or with values that are not finite.
    SettingsError : weights that are no such net, or a start or dy of a wrong shape.
    """
    X, single = windows_of(x)
    net, walks = _walked(params, X, cell, activation, start)
    above = np.zeros((len(X), walks[-1].state.shape[1] - 1, net.w_y.shape[1]))
    above[:, -1] = _weights_of(dy, len(X), len(net.w_y)) @ net.w_y
    found: list[Float64s] = []
    for layer, walk in zip(reversed(net.layers), reversed(walks), strict=True):
        at_state, above = back(net, layer, walk, above)
        found.insert(0, at_state)
    at = np.stack(found, axis=1)  # (N, layers, L+1, S, H)
    dx = above.reshape(X.shape)
    made = Back(
        yhat=head(net, walks[-1].state[:, -1, 0]),
        dh=at[:, :, :, 0],
        dc=_along_all_paths(at, walks) if cell == "lstm" else None,
        dx=dx,
        state_norm=_length(at.reshape(*at.shape[:3], -1)),
        x_norm=_length(dx),
    )
    return _shaped(made, single)


@dataclass(frozen=True, kw_only=True, eq=False)
class Jacobians:
    """How each step moves with the state before it, inputs held, layer by layer."""

    matrix: Float64s
    """(layers, L, S, S) d state_t / d state_{t-1}; S is H, of an LSTM 2H: the rows and columns of h, then those of c."""
    norm: Float64s
    """(layers, L) largest singular value: the most by which step t can stretch a difference."""
    radius: Float64s
    """(layers, L) spectral radius."""
    kept: Float64s
    """(layers, L+1) largest singular value of d state_L / d state_{L-k}, by k: 1 at k = 0, and at k = L how much of h_0 is left
    at most."""


def jacobians(
    params: Params, x: Any, *, cell: str = "rnn", activation: str = "tanh", start: State | None = None
) -> Jacobians:
    """The Jacobian of every step of a recurrent net along a window, and of the last k steps together.

    For an Elman cell it is diag(act'(a_t)) W_h, the factor of Pascanu, Mikolov & Bengio 2013. Takes N layers L S^2 numbers.

    Raises
    ------
    FitError : as `gradient_back`.
    SettingsError : as `gradient_back`; a net without time.
    """
    _check_recurrent(cell)
    X, single = windows_of(x)
    net, walks = _walked(params, X, cell, activation, start)
    matrix = np.stack([transition(layer, walk) for layer, walk in zip(net.layers, walks, strict=True)], axis=1)
    made = Jacobians(
        matrix=matrix,
        norm=np.linalg.norm(matrix, 2, axis=(-2, -1)),
        radius=np.abs(np.linalg.eigvals(matrix)).max(axis=-1),
        kept=_kept(matrix),
    )
    return _shaped(made, single)


def spectral_radii(params: Params) -> Float64s:
    """(layers, G) the largest absolute eigenvalue of every gate's block of every W_h. Raises SettingsError without a W_h."""
    names = _memories(params)
    return np.stack([_radii(_blocks(params[name])) for name in names])


def with_spectral_radius(params: Params, rho: float) -> dict[str, Floats]:
    """The weights with every W_h, of gated cells every gate's block of it, scaled so that its spectral radius is `rho`.

    The weights given are not changed. Scaling keeps eigenvectors and the ratios of eigenvalues: of an Elman cell it moves one
    thing, how much of a state a step hands on. Where W_h is normal and the activation nowhere steeper than 1, rho < 1 is enough
    for the gradient to vanish, and rho > 1 is needed for it to explode; of any other W_h the largest singular value says so
    (Pascanu, Mikolov & Bengio 2013).

    Raises
    ------
    SettingsError : rho below 0 or not finite, no W_h, or one whose spectral radius is 0 and stays so whatever it is scaled by.
    """
    if not (np.isfinite(rho) and rho >= 0.0):
        raise SettingsError("spectral radius: expected a finite number of at least 0, got {rho}", rho=rho)
    return dict(params) | {name: _scaled(name, params[name], rho) for name in _memories(params)}


@dataclass(frozen=True, kw_only=True, eq=False)
class Effects:
    """What each session of a window does to L = sum(dy * yhat), against what stands in its place."""

    change: Float64s
    """(L,) L with the session minus L without it: what the session adds."""
    first_order: Float64s
    """(L,) the same by the gradient alone: dL/dx_t times (x_t - its replacement). Gradient times input where that is 0."""


def occlusion(
    params: Params,
    x: Any,
    instead: Any,
    *,
    cell: str = "rnn",
    activation: str = "tanh",
    dy: Any = 1.0,
    start: State | None = None,
) -> Effects:
    """Replace one session after the other by `instead`, (F,) for all of them or one each, (L, F).

    What is neutral hangs on the features. Zero is only where they are standardised; with min-max scaling it is the lowest price
    of the training span. Two values mean something everywhere: the mean of the scaled features over the training span, an average
    session, around which the net was fitted (far away from it the net extrapolates, and so would the answer); and the session
    before (`session_before`), which leaves the price level where it is and asks what that day brought that was new.
    The first-order effect is the tangent of the same change. Where both differ, the net bends between the two values.

    Zeiler & Fergus 2014, "Visualizing and understanding convolutional networks", ECCV, for occlusion; Shrikumar, Greenside &
    Kundaje 2017, "Learning important features through propagating activation differences", ICML, for gradient times difference.

    Raises
    ------
    FitError, SettingsError : as `gradient_back`; an `instead` of a wrong shape.
    """
    X, single = windows_of(x)
    N, L, F = X.shape
    other = as_floats("instead", instead)
    if other.shape not in ((F,), (L, F), (N, L, F)) or not np.isfinite(other).all():
        raise SettingsError(
            "instead: expected finite numbers of shape {expected}, got {got}", expected=(L, F), got=other.shape
        )
    other = np.broadcast_to(other, X.shape)
    net = net_of(params, X, cell, activation)
    weights = _weights_of(dy, N, len(net.w_y))
    first = start_of(net, N, start)
    without = np.where(np.eye(L, dtype=bool)[:, :, None], other[:, None], X[:, None])  # (N, L, L, F)
    ends = end(net, without.reshape(N * L, L, F), np.repeat(first, L, axis=0))
    yhat = head(net, ends[:, -1, 0]).reshape(N, L, -1)
    whole = gradient_back(params, X, cell=cell, activation=activation, dy=dy, start=start)
    change = ((whole.yhat[:, None] - yhat) * weights[:, None]).sum(axis=-1)
    return _shaped(Effects(change=change, first_order=(whole.dx * (X - other)).sum(axis=-1)), single)


def session_before(x: Any, first: Any = None) -> Float64s:
    """Every session's predecessor, (L, F): x moved by one, before it `first` (F,), or x_1 itself where that is not known."""
    values = as_floats("X", x)
    lead = values[..., :1, :] if first is None else np.broadcast_to(first, values[..., :1, :].shape)
    return np.concatenate([lead, values[..., :-1, :]], axis=-2)


@dataclass(frozen=True, kw_only=True, eq=False)
class Forgetting:
    """How long a start makes a difference to a net that could as well have started from zero."""

    distance: Float64s
    """(layers, L+1) length of state_t(start) - state_t(0)."""
    yhat: Float64s
    """(K,) the forecast from the start minus that from zero."""


def state_memory(params: Params, x: Any, start: State, *, cell: str = "rnn", activation: str = "tanh") -> Forgetting:
    """How fast the effect of a start dies: the distance between two walks over the same window, one from it and one from 0.

    Jaeger 2001, "The echo state approach to analysing and training recurrent neural networks", says of a net whose distances die
    for every input that it has echo states.

    Raises
    ------
    FitError, SettingsError : as `jacobians`.
    """
    _check_recurrent(cell)
    X, single = windows_of(x)
    net = net_of(params, X, cell, activation)
    N, first = len(X), start_of(net, len(X), start)
    walks = forward(net, np.concatenate([X, X]), np.concatenate([first, np.zeros_like(first)]))
    apart = np.stack([walk.state[:N] - walk.state[N:] for walk in walks], axis=1)
    yhat = head(net, walks[-1].state[:, -1, 0])
    made = Forgetting(distance=_length(apart.reshape(*apart.shape[:3], -1)), yhat=yhat[:N] - yhat[N:])
    return _shaped(made, single)


def last_state(params: Params, x: Any, *, cell: str = "rnn", activation: str = "tanh") -> State:
    """The state (layers, H) that a recurrent net is in after a window: a state carried over is the next window's start.

    Raises
    ------
    FitError, SettingsError : as `jacobians`.
    """
    _check_recurrent(cell)
    X, single = windows_of(x)
    net = net_of(params, X, cell, activation)
    weights = {name: np.asarray(array, dtype=np.float64) for name, array in params.items()}
    known = states(weights, X, cell=cell, activation=activation)
    suffixes = [layer_suffix(layer) for layer in range(len(net.layers))]

    def ends(name: str) -> Float64s:
        found = np.stack([np.asarray(known[name + suffix][:, -1], dtype=np.float64) for suffix in suffixes], axis=1)
        return found[0] if single else found

    return State(ends("h"), ends("c") if cell == "lstm" else None)


def _walked(params: Params, X: Float64s, cell: str, activation: str, start: State | None) -> tuple[Net, list[Walk]]:
    net = net_of(params, X, cell, activation)
    return net, forward(net, X, start_of(net, len(X), start))


def _along_all_paths(at: Float64s, walks: list[Walk]) -> Float64s:
    """dL/dc_t (N, layers, L+1, H) from the gradients at the pairs: what passes through h_t of the same step is added."""
    through_h = np.zeros_like(at[:, :, :, 0])
    for number, walk in enumerate(walks):
        through_h[:, number, 1:] = at[:, number, 1:, 0] * walk.h_by_c
    return at[:, :, :, 1] + through_h


def _kept(matrix: Float64s) -> Float64s:
    """Norms of J_L, J_L J_{L-1}, ... (N, layers, L+1), 1 before the first."""
    L, S = matrix.shape[2], matrix.shape[3]
    product = np.broadcast_to(np.eye(S), (*matrix.shape[:2], S, S))
    norms = [np.ones(matrix.shape[:2])]
    for t in range(L - 1, -1, -1):
        product = product @ matrix[:, :, t]
        norms.append(np.linalg.norm(product, 2, axis=(-2, -1)))
    return np.stack(norms, axis=-1)


def _memories(params: Params) -> list[str]:
    """The names of the forward layers' W_h."""
    names = [name for name in params if name == "w_h" or name.startswith("w_h_l")]
    if not names:
        raise SettingsError(
            "expected the weights of a recurrent net: there is no w_h among {names}", names=", ".join(params)
        )
    return names


def _blocks(w_h: Floats) -> Float64s:
    """W_h (G*H, H) by gate, (G, H, H)."""
    H = w_h.shape[1]
    return np.asarray(w_h, dtype=np.float64).reshape(-1, H, H)


def _radii(blocks: Float64s) -> Float64s:
    radii: Float64s = np.abs(np.linalg.eigvals(blocks)).max(axis=-1)
    return radii


def _scaled(name: str, w_h: Floats, rho: float) -> Floats:
    blocks = _blocks(w_h)
    radii = _radii(blocks)
    if not radii.all():
        raise SettingsError("{name} has a spectral radius of 0, so no scale gives it another", name=name)
    return (blocks * (rho / radii)[:, None, None]).reshape(w_h.shape).astype(w_h.dtype)


def _weights_of(dy: Any, N: int, K: int) -> Float64s:
    """dy as (N, K)."""
    values = as_floats("dy", dy)
    if values.shape not in ((1,), (K,), (N, K)):
        raise SettingsError("dy: expected a number or shape {expected}, got {got}", expected=(K,), got=values.shape)
    return np.broadcast_to(values, (N, K))


def _check_recurrent(cell: str) -> None:
    if not cell_spec(cell).recurrent:
        raise SettingsError("cell={cell} walks no steps: it has no state that could travel through time", cell=cell)


def _length(vectors: Float64s) -> Float64s:
    length: Float64s = np.sqrt(np.square(vectors).sum(axis=-1))
    return length


Made = TypeVar("Made", Back, Jacobians, Effects, Forgetting)


def _shaped(made: Made, single: bool) -> Made:
    """Of one window, without N."""
    if not single:
        return made
    first: dict[str, Any] = {}
    for field in fields(made):
        value = getattr(made, field.name)
        first[field.name] = None if value is None else value[0]
    return replace(made, **first)
