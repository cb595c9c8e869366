"""The topic "shapes": windows on their way into the net axis by axis, and what a mistake on that way costs.

    bars (n, F)  ->  X (N, L, F)  -- swapaxes(0, 1) -->  (L, N, F)  -- a step at a time -->  X[t] (N, F)

The first few windows of the train span are sent as a batch of their own; N is how many there are.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from nextclose.core.cells import cell_spec, is_recurrent, layer_suffix
from nextclose.core.errors import NextcloseError, SettingsError
from nextclose.core.types import Float64s, Floats, Ints, Params
from nextclose.engine.carried import predict_carried
from nextclose.engine.passes import states
from nextclose.lab.bent import bend, misread
from nextclose.lab.choices import CARRIED, SWITCHES, Choices, read_choices
from nextclose.lab.desk import Desk
from nextclose.lab.experiment import Experiment, experiment
from nextclose.lab.frames import Frame
from nextclose.lab.job import Job
from nextclose.lab.tries import count_try, tally
from nextclose.training.fold import learning_windows
from nextclose.windows import Scaler, fit_scaler, make_windows

SHOWN = 6
"""Windows that are drawn unless the page asks for another number."""
MOST = 8


@dataclass(frozen=True, kw_only=True, eq=False)
class Cut:
    """The first n windows that train."""

    origins: Ints
    """(n,) rows of their last bars."""
    trained: int
    """N, how many windows train."""
    batch: int
    """Windows that training is fed before each update."""
    in_span: int
    """Windows of the whole train span, those that validate included; `reshape` mixes these."""
    scaler: Scaler
    raw: Float64s
    """(n, L, F) as `make_windows` cuts them."""
    X: Float64s
    """(n, L, F) as the net reads them."""
    y: Float64s
    """(n, 1) the closes after them."""
    y_scaled: Float64s
    """(n, K)"""


def answer(desk: Desk, choices: Choices, ask: Mapping[str, Any], job: Job) -> Iterator[Frame]:
    """The windows; then a net's numbers; then the error with and without each mistake."""
    cut = cut_windows(desk, choices, _shown(ask))
    yield windows(choices, cut)
    job.check()
    chosen = experiment(desk, choices, job.check)
    count_try(desk, chosen)
    yield net(choices, cut, chosen)
    yield errors(desk, "chosen", chosen)
    for way in ("axes", "h0"):
        job.check()
        yield _other(desk, choices, way, job)


def cut_windows(desk: Desk, choices: Choices, shown: int) -> Cut:
    """At most so many windows, as they are cut before any switch bends them; scaled as the net's are."""
    recipe, split = choices.recipe, desk.split(choices)
    data, bent = desk.dataset(recipe.windows), bend(desk.dataset(recipe.windows), choices, split)
    span = (split.train_start, split.train_stop)
    train, whole = learning_windows(recipe, data, span)[0], data.train_windows(*span)
    scaler = fit_scaler(bent.data, *(bent.scaled_on or span))
    first = slice(train.start, min(train.start + shown, train.stop))
    L = recipe.windows.seq_len
    X, y, _ = make_windows(desk.bars, L, features=recipe.windows.features)
    origins = np.arange(len(data.close))[data.origins(first)]
    starts = origins - L + 1
    return Cut(
        origins=origins,
        trained=train.stop - train.start,
        batch=min(recipe.training.batch_size or train.stop - train.start, train.stop - train.start),
        in_span=whole.stop - whole.start,
        scaler=scaler,
        raw=X[starts],
        X=scaler.x.forward(data.X[first]),
        y=y[starts],
        y_scaled=scaler.y.forward(data.y[first]),
    )


def windows(choices: Choices, cut: Cut) -> Frame:
    """Every array on the way, and where each of its numbers comes from."""
    n, L = cut.X.shape[:2]
    X, swapped, bent = cut.X, cut.X.swapaxes(0, 1), misread(cut.X)
    header = {
        "part": "windows",
        "features": choices.recipe.windows.features,
        "seq_len": L,
        "windows": cut.trained,
        "batch": cut.batch,
        "in_span": cut.in_span,
        "axes": choices.switches["axes"],
        "carried": choices.carried,
        "moved": [name for name, known in SWITCHES.items() if name != "axes" and choices.switches[name] != known[0]],
        "target": choices.recipe.windows.target,
        "strides": {"X": strides(X), "swapaxes": strides(swapped), "reshape": strides(bent)},
        "cell": choices.recipe.net.cell,
        "num_layers": choices.recipe.net.num_layers,
    }
    arrays: dict[str, npt.ArrayLike] = {
        "origins": cut.origins,
        "raw": cut.raw,
        "X": X,
        "swapaxes": swapped,
        "reshape": bent,
        "y": cut.y,
        "y_scaled": cut.y_scaled,
        "mixed": mixed(n, L),
        "mixed_all": mixed(cut.in_span, L)[:, :n],
    }
    return Frame(header=header, arrays=arrays, exact=("raw", "X", "swapaxes", "reshape", "y", "y_scaled"))


def mixed(N: int, L: int) -> Ints:
    """(L, N, 2) the window and the step that stand at [l, n] of N windows after `reshape(L, N, F)`."""
    labels = np.stack(np.meshgrid(np.arange(N), np.arange(L), indexing="ij"), axis=-1)
    return misread(labels)


def strides(array: npt.NDArray[Any]) -> tuple[int, ...]:
    """How many numbers one must go on in memory for the next index of each axis."""
    return tuple(stride // array.itemsize for stride in array.strides)


def net(choices: Choices, cut: Cut, found: Experiment) -> Frame:
    """The first seed's weights, and every state on the way of these windows through it."""
    settings, params = choices.recipe.net, found.fold.fits[0].params
    fed = misread(cut.X).swapaxes(0, 1) if choices.switches["axes"] == "reshape" else cut.X
    known = _states(choices, params, np.ascontiguousarray(fed))
    last = known["h" + layer_suffix(settings.num_layers - 1)][:, -1]
    header = {
        "part": "net",
        "gates": cell_spec(settings.cell).gates,
        "recurrent": is_recurrent(settings.cell),
        "activation": settings.activation,
    }
    arrays: dict[str, npt.ArrayLike] = {name: params[name] for name in ("w_x", "w_h", "w_y") if name in params}
    arrays |= {"h": known["h"], "h_last": last, "y": known["y"]}
    return Frame(header=header, arrays=arrays)


def _states(choices: Choices, params: Params, X: Float64s) -> dict[str, Floats]:
    """The states and outputs of windows X (n, L, F), each from h_0 or from the state that the window before left."""
    cell, activation = choices.recipe.net.cell, choices.recipe.net.activation
    weights = {name: np.asarray(array, dtype=np.float64) for name, array in params.items()}
    if not choices.carried:
        return states(weights, X, cell=cell, activation=activation)
    n, L, F = X.shape
    walk = states(weights, X.reshape(1, n * L, F), cell=cell, activation=activation)
    names = ("h" + layer_suffix(layer) for layer in range(choices.recipe.net.num_layers))
    known: dict[str, Floats] = {
        name: np.stack([walk[name][0, i * L : i * L + L + 1] for i in range(n)]) for name in names
    }
    return known | {"y": predict_carried(weights, X, cell=cell, activation=activation)}


def errors(desk: Desk, way: str, found: Experiment) -> Frame:
    """How wrong the net is; `way` is the choice that differs from the page's."""
    lo, hi = found.interval()
    header = {
        "part": "errors",
        "way": way,
        "axes": found.choices.switches["axes"],
        "carried": found.choices.carried,
        "skill": found.skill,
        "skill_lo": lo,
        "skill_hi": hi,
        "ratios": found.ratios(),
        "tally": tally(desk),
    }
    return Frame(header=header)


def _other(desk: Desk, choices: Choices, way: str, job: Job) -> Frame:
    """The same nets the other way, or why there is none."""
    try:
        other = flipped(choices, way)
        found = experiment(desk, other, job.check)
    except NextcloseError as error:
        return Frame(header={"part": "errors", "way": way, "reason": error.message(job.lang)})
    count_try(desk, found)
    return errors(desk, way, found)


def flipped(choices: Choices, way: str) -> Choices:
    """The choices with the axes, or the state that a window starts from, the other way. Raises SettingsError where a net
    has no such way."""
    if way == "axes":
        right, wrong = SWITCHES["axes"]
        return choices.changed(axes=right if choices.switches["axes"] == wrong else wrong)
    if not choices.carried:
        return choices.changed(h0=CARRIED)
    return read_choices({name: value for name, value in choices.values.items() if name != "h0"})


def _shown(ask: Mapping[str, Any]) -> int:
    """How many windows the page wants. Raises SettingsError for what is no number of windows."""
    shown = ask.get("windows", SHOWN)
    if not isinstance(shown, int) or isinstance(shown, bool) or not 2 <= shown <= MOST:
        raise SettingsError("windows: expected a whole number from 2 to {most}, got '{got}'", most=MOST, got=shown)
    return shown
