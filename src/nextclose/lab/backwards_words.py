"""What is to be seen in a window looked at backwards, in sentences made of its numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isfinite

import numpy as np

from nextclose.core.lang import Joined, Lang, Text
from nextclose.core.types import Float64s
from nextclose.engine.through_time import Back, Forgetting

GONE = 1e-3
"""What of a gradient counts as vanished."""


def gradient_words(back: Back, recurrent: bool, days: Sequence[str], lang: Lang) -> str:
    """How the gradient fares on its way from the last day to the first."""
    return _gradient(back, recurrent, days).render(lang)


def _gradient(back: Back, recurrent: bool, days: Sequence[str]) -> Text:
    if not recurrent:
        place = int(np.argmax(back.x_norm))
        return Text(
            "An MLP reads all days at once: no gradient goes back in time, and every day has weights of its own. The forecast "
            "moves most with {day}.",
            day=days[place],
        )
    norms = back.state_norm[-1, 1:]
    steps = len(norms) - 1
    if not norms[-1] > 0.0:
        return Text("The head's weights are all 0: no gradient goes back at all.")
    if steps == 0:
        return Text("A window of one day has no time to go back in.")
    left = float(norms[0] / norms[-1])
    if left == 0.0:
        return Text("Nothing of the gradient reaches the first day.")
    each = left ** (1.0 / steps)
    told = {"steps": steps, "left": number(left), "each": number(each)}
    if left < GONE:
        return Text("The gradient vanishes: {steps} steps back {left} of it is left, {each} a step.", **told)
    if left < 0.9:
        return Text("The gradient shrinks: {steps} steps back {left} of it is left, {each} a step.", **told)
    if left <= 1.1:
        return Text("The gradient keeps its size: {steps} steps back {left} of it is left.", **told)
    return Text("The gradient grows: {steps} steps back it is {left} times as large, {each} a step.", **told)


def radius_words(rho: float | None, price: float, trained: float, radii: Float64s | None, lang: Lang) -> str:
    """What the radius that was dragged to does to the forecast."""
    if radii is None:
        said = Text("There is no W_h to be scaled.")
    elif not radii.all():
        said = Text("W_h is held at zero, so there is nothing to be scaled.")
    elif rho is None:
        said = Text("As it was trained, the net forecasts {price}.", price=money(price))
    else:
        said = Text(
            "With a radius of {rho} the net forecasts {price}, as it was trained {trained}.",
            rho=f"{rho:.2f}",
            price=money(price),
            trained=money(trained),
        )
    return said.render(lang)


def sweep_words(grid: Float64s, left: Float64s, lang: Lang) -> str:
    """Where the gradient vanishes and where it explodes as the radius grows."""
    gone, grows = crossing(grid, left, GONE), crossing(grid, left, 1.0)
    if np.nanmax(left) < GONE:
        return Text("Whatever the radius, less than a thousandth of the gradient reaches the first day.").render(lang)
    parts: list[Text] = []
    if gone is not None:
        parts.append(
            Text("Below {rho} less than a thousandth of the gradient reaches the first day.", rho=f"{gone:.2f}")
        )
    if grows is not None:
        parts.append(Text("Above {rho} it explodes: more arrives than left.", rho=f"{grows:.2f}"))
    elif np.nanmax(left) < 1.0:
        parts.append(Text("It explodes nowhere up to {most}.", most=f"{grid[-1]:.1f}"))
    return Joined(parts, " ").render(lang)


def crossing(grid: Float64s, left: Float64s, level: float) -> float | None:
    """The first radius at which what arrives rises through a level, between two of the grid by their logarithms."""
    for place in range(1, len(grid)):
        low, high = left[place - 1], left[place]
        if low < level <= high:
            share = 1.0 if low <= 0.0 else float(np.log(level / low) / np.log(high / low))
            return float(grid[place - 1] + share * (grid[place] - grid[place - 1]))
    return None


def days_words(change: Float64s, tangent: Float64s, days: Sequence[str], instead: str, lang: Lang) -> str:
    """Which day matters, and whether the gradient says the same."""
    total = float(np.abs(change).sum())
    if not isfinite(total):
        return Text("The forecast is beyond all numbers.").render(lang)
    if not total > 0.0:
        return Text("No day moves this forecast.").render(lang)
    place = int(np.argmax(np.abs(change)))
    told = {
        "day": days[place],
        "share": f"{100.0 * abs(change[place]) / total:.0f}",
        "move": _move(change[place]),
    }
    if instead == "mean":
        first = Text(
            "Most depends on {day} ({share} %): with an average session in its place the forecast would be {move}.",
            **told,
        )
    else:
        first = Text(
            "Most depends on {day} ({share} %): had it repeated the session before, the forecast would be {move}.",
            **told,
        )
    return Joined([first, _agreement(change, tangent, place, days)], " ").render(lang)


def _agreement(change: Float64s, tangent: Float64s, place: int, days: Sequence[str]) -> Text:
    other = int(np.argmax(np.abs(tangent)))
    if other != place:
        return Text("By the gradient {day} matters most.", day=days[other])
    return Text("By the gradient alone it would be {move}.", move=_move(tangent[place]))


def _move(change: float) -> Text:
    """Where the forecast goes when what added `change` to it is taken away."""
    amount = money(abs(change))
    return Text("{amount} higher", amount=amount) if change < 0.0 else Text("{amount} lower", amount=amount)


def start_words(starts: Mapping[str, Forgetting], moved: Mapping[str, float], lang: Lang, *, overflows: bool) -> str:
    """How soon the start is forgotten, and what is left of it in the forecast."""
    if not starts:
        return Text("An MLP starts from no state.").render(lang)
    parts = [_start(name, start.distance[-1], moved[name]) for name, start in starts.items()]
    if overflows:
        parts.append(Text("Carried over, the state grows beyond all numbers."))
    return Joined(parts, " ").render(lang)


def _start(name: str, distance: Float64s, difference: float) -> Text:
    which = {"random": Text("A random h₀"), "carried": Text("A carried-over h₀")}[name]
    if not distance[0] > 0.0:
        return Text("{start} is zero here.", start=which)
    if distance[-1] == 0.0:
        return Text("{start} is forgotten after step {step}.", start=which, step=int(np.argmin(distance)))
    if distance[-1] > distance[0]:
        grown = number(float(distance[-1] / distance[0]))
        return Text(
            "{start} grows to {grown} times its size and moves the forecast by {amount}.",
            start=which,
            grown=grown,
            amount=money(abs(difference)),
        )
    below = np.flatnonzero(distance <= 0.1 * distance[0])
    told = {"start": which, "left": percent(float(distance[-1] / distance[0])), "amount": money(abs(difference))}
    if len(below):
        return Text(
            "{start} is down to a tenth at step {step}, to {left} at the end, and moves the forecast by {amount}.",
            step=int(below[0]),
            **told,
        )
    return Text("{start} still has {left} of its effect at the end and moves the forecast by {amount}.", **told)


_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def number(value: float) -> str:
    """Three digits, or a power of ten where that tells more."""
    if not isfinite(value):
        return "∞"
    if value == 0.0 or 1e-3 <= abs(value) < 1e3:
        return f"{value:.3g}"
    if abs(value) < 1e7 and abs(value) >= 1e3:
        return f"{value:,.0f}"
    digits, power = f"{value:.1e}".split("e")
    return f"{digits}·10{str(int(power)).translate(_RAISED)}"


def percent(share: float) -> str:
    """A share in percent, two digits."""
    if 0.0 < share < 1e-4:
        return "< 0.01 %"
    return f"{100.0 * share:.2g} %" if share < 0.995 else "100 %"


def money(value: float) -> str:
    """A price, or a difference of prices, in as many digits as it takes."""
    if not abs(value) < 10000.0:
        return number(value)
    return f"{value:,.2f}" if abs(value) >= 0.1 or value == 0.0 else number(value)
