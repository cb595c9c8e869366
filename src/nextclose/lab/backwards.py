"""The topic "backwards": a forecast's gradient on its way back through the window, and what each day and the start did to it.

ask     at        the session that is forecast; the test span's last without
        net       the seed
        epoch     after how many epochs; when it was trained without
        rho       spectral radius that every W_h is scaled to; as it was trained without
        instead   what a session is replaced by: "mean", an average one, or "before", the session before it
        sweep     whether the gradient is wanted for all radii, too

Parts: "back" (gradients, days, start), "jacobians", "sweep". Every number is `engine.through_time`'s.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Any

import numpy as np

from nextclose.core.cells import cell_spec, initial_state
from nextclose.core.errors import SettingsError
from nextclose.core.lang import Lang
from nextclose.core.types import Float64s, Params
from nextclose.engine.through_time import (
    Back,
    Effects,
    Forgetting,
    State,
    gradient_back,
    jacobians,
    occlusion,
    session_before,
    spectral_radii,
    state_memory,
    with_spectral_radius,
)
from nextclose.lab.backwards_words import days_words, gradient_words, radius_words, start_words, sweep_words
from nextclose.lab.choices import Choices
from nextclose.lab.desk import Desk
from nextclose.lab.frames import Frame
from nextclose.lab.job import Job
from nextclose.lab.looked_at import look_at
from nextclose.lab.window import Window

INSTEAD = ("mean", "before")
REACH = 2.0
"""The largest radius on the slider, unless the trained one asks for more."""
MOST = 10.0
"""The largest that a page can ask for."""
BEYOND = 1e100
"""A state that large is as good as no number."""
RADII = 40
"""Radii of a sweep."""
STARTS = ("random", "carried")
"""Starts that are held against zero."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Backwards:
    """One window, its weights as they are looked at, and what was found."""

    window: Window
    rho: float | None
    """None: as trained."""
    params: Params
    back: Back
    trained: Back
    """The same gradients with the weights as they were trained."""
    effects: Effects
    starts: dict[str, Forgetting]
    """By name of STARTS, those that there are."""
    overflows: bool
    """Whether a state carried over with these weights is no number any more."""

    @property
    def recurrent(self) -> bool:
        """Whether anything travels through time."""
        return cell_spec(self.window.call["cell"]).recurrent


def answer(desk: Desk, choices: Choices, ask: Mapping[str, Any], job: Job) -> Iterator[Frame]:
    """The window; then, for a net with time, every step's Jacobian, and the gradient for all radii."""
    rho, instead = _radius(ask), _instead(ask)
    window = Window(desk=desk, choices=choices, look=look_at(desk, choices, ask, job.check))
    radii = _radii(window.params)
    if radii is None or not radii.all():
        rho = None
    found = _found(window, rho, instead)
    with np.errstate(invalid="ignore"):  # prices of weights that explode are no numbers
        picture = _picture(found, radii, instead, job.lang)
    yield picture
    if not found.recurrent:
        return
    job.check_newest()
    yield _stretch(found)
    if ask.get("sweep") and radii is not None and radii.all() and len(window.x) > 1:
        yield _sweep(window, radii, job)


def _radius(ask: Mapping[str, Any]) -> float | None:
    """Raises SettingsError for what is no radius."""
    given = ask.get("rho")
    if given in (None, ""):
        return None
    try:
        rho = float(str(given))
    except ValueError:
        rho = float("nan")
    if not (isfinite(rho) and 0.0 <= rho <= MOST):
        raise SettingsError("rho: expected a spectral radius from 0 to {most}, got '{got}'", most=MOST, got=given)
    return rho


def _instead(ask: Mapping[str, Any]) -> str:
    """Raises SettingsError for what no session is replaced by."""
    given = str(ask.get("instead") or INSTEAD[0])
    if given not in INSTEAD:
        raise SettingsError("instead: expected one of {known}, got '{got}'", known=", ".join(INSTEAD), got=given)
    return given


def _found(window: Window, rho: float | None, instead: str) -> Backwards:
    params = window.params if rho is None else with_spectral_radius(window.params, rho)
    start, call = window.start(params), window.call
    if start is not None and not _finite(start):
        raise SettingsError("carried over at this radius, the state grows beyond all numbers: choose a smaller one")
    starts = _starts(window, params)
    other = window.average if instead == "mean" else session_before(window.x, window.lead)
    back = gradient_back(params, window.x, start=start, **call)
    return Backwards(
        window=window,
        rho=rho,
        params=params,
        back=back,
        trained=back if rho is None else _as_trained(window),
        effects=occlusion(params, window.x, other, start=start, **call),
        starts=_forgetting(window, params, {name: state for name, state in starts.items() if _finite(state)}),
        overflows=not all(map(_finite, starts.values())),
    )


def _as_trained(window: Window) -> Back:
    """The gradients with the weights as they were trained, kept while a radius is dragged."""
    look, params = window.look, window.params
    key = ("back", window.choices.key, look.net, look.epoch, look.origin)
    return window.desk.kept(key, lambda: gradient_back(params, window.x, start=window.start(params), **window.call))


def _forgetting(window: Window, params: Params, starts: dict[str, State]) -> dict[str, Forgetting]:
    """How each start is forgotten, all of them walked at once."""
    if not starts:
        return {}
    h = np.stack([start.h for start in starts.values()])
    c = np.stack([np.zeros_like(start.h) if start.c is None else start.c for start in starts.values()])
    found = state_memory(params, np.stack([window.x] * len(starts)), State(h, c), **window.call)
    return {
        name: Forgetting(distance=found.distance[place], yhat=found.yhat[place]) for place, name in enumerate(starts)
    }


def _starts(window: Window, params: Params) -> dict[str, State]:
    """What a net with time could start from, beside zero."""
    if "w_h" not in params:
        return {}
    layers, H = window.choices.recipe.net.num_layers, params["w_h"].shape[1]
    drawn = params.get("h_0", initial_state(window.look.net, layers, H))
    starts = {"random": State(np.asarray(drawn, dtype=np.float64))}
    if window.carries:
        starts["carried"] = window.left_behind(params)
    return starts


def _finite(state: State) -> bool:
    return all(bool((np.abs(values) < BEYOND).all()) for values in state if values is not None)


def _radii(params: Params) -> Float64s | None:
    """(layers, G); None for a net without time."""
    return spectral_radii(params) if "w_h" in params else None


def _reach(radii: Float64s) -> float:
    """Where the slider ends."""
    return float(max(REACH, np.ceil(12.5 * radii.max()) / 10.0))


def _picture(found: Backwards, radii: Float64s | None, instead: str, lang: Lang) -> Frame:
    window, look, back = found.window, found.window.look, found.back
    price, trained = window.closes([back.yhat[0], found.trained.yhat[0]])
    change, tangent = (
        price - window.closes(back.yhat[0] - effect) for effect in (found.effects.change, found.effects.first_order)
    )
    moved = _moved(found)
    days = window.days
    movable = radii is not None and bool(radii.all())
    header = {
        "part": "back",
        "day": look.explained.target_date,
        "cell": look.explained.cell,
        "time": found.recurrent,
        "movable": movable,
        "net": look.net,
        "seeds": window.choices.recipe.seeds,
        "rho": found.rho,
        "radii": radii if radii is not None else [],
        "gates": cell_spec(look.explained.cell).gates,
        "reach": _reach(radii) if radii is not None else REACH,
        "days": days,
        "instead": instead,
        "price": price,
        "trained_price": trained,
        "truth": look.explained.y,
        "last_close": look.explained.last_close,
        "starts": list(found.starts),
        "start_prices": list(moved.values()),
        "words": {
            "gradient": gradient_words(back, found.recurrent, days, lang),
            "radius": radius_words(found.rho, price, trained, radii, lang),
            "days": days_words(change, tangent, days, instead, lang),
            "start": start_words(found.starts, moved, lang, overflows=found.overflows),
        },
    }
    arrays = {
        "state_norm": back.state_norm,
        "trained_norm": found.trained.state_norm,
        "x_norm": back.x_norm,
        "change": change,
        "tangent": tangent,
        "distance": np.array([start.distance[-1] for start in found.starts.values()]),
    }
    return Frame(header=header, arrays=arrays, exact=tuple(arrays))


def _moved(found: Backwards) -> dict[str, float]:
    """What each start does to the forecast price, by its name: the price from it minus that from zero."""
    window, own = found.window, "random" if "h_0" in found.params else ""
    if window.start(found.params) is not None:
        own = "carried"
    from_zero = found.back.yhat[0] - (found.starts[own].yhat[0] if own in found.starts else 0.0)
    zero = window.closes(from_zero)[0]
    return {name: float(window.closes(from_zero + start.yhat[0])[0] - zero) for name, start in found.starts.items()}


def _stretch(found: Backwards) -> Frame:
    """How far each step stretches a difference, and what of it is left after k steps, of the top layer."""
    window = found.window
    steps = jacobians(found.params, window.x, start=window.start(found.params), **window.call)
    arrays = {"norm": steps.norm[-1], "radius": steps.radius[-1], "kept": steps.kept[-1]}
    return Frame(header={"part": "jacobians"}, arrays=arrays, exact=tuple(arrays))


def _sweep(window: Window, radii: Float64s, job: Job) -> Frame:
    """What of the gradient reaches the window's first step, by radius, of the top layer; 1 is what the last step has."""
    grid = np.linspace(0.0, _reach(radii), RADII + 1)[1:]
    left = np.empty(len(grid))
    for place, rho in enumerate(grid):
        job.check_newest()
        params = with_spectral_radius(window.params, float(rho))
        left[place] = arriving(gradient_back(params, window.x, start=window.start(params), **window.call))
    header = {"part": "sweep", "words": sweep_words(grid, left, job.lang)}
    return Frame(header=header, arrays={"grid": grid, "left": left}, exact=("grid", "left"))


def arriving(back: Back) -> float:
    """The gradient at h_1 over that at h_L, top layer; NaN where the last has none."""
    first, last = back.state_norm[-1, 1], back.state_norm[-1, -1]
    return float(first / last) if last > 0.0 else float("nan")
