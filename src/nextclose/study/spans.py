"""The spans that a recipe brings along, for the bars that it was made for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from nextclose.core.lang import Text
from nextclose.core.types import Dates
from nextclose.recipes import Recipe

SLACK = 31
"""Days by which bars may begin later or end earlier than a recipe's own spans."""


@dataclass(frozen=True, kw_only=True)
class Spans:
    """Which dates split the bars, and the recipes that go with them."""

    recipes: tuple[Recipe, ...]
    dates: Mapping[str, str | None]
    """train_start, train_end, test_start, test_end; none is the default."""
    notes: tuple[Text, ...] = field(default=())


def choose_dates(recipes: Sequence[Recipe], bars: Dates, given: Mapping[str, str | None]) -> Spans:
    """The dates given, else those that the recipes bring along, if all that do bring the same ones and the bars cover them.

    Recipes whose own spans are not taken lose them, the start of their validation too.
    """
    bringing = [recipe for recipe in recipes if recipe.spans]
    plain = tuple(recipe.without_spans() for recipe in recipes)
    if not bringing:
        return Spans(recipes=tuple(recipes), dates=given)
    own = bringing[0].spans_taken()
    names = ", ".join(recipe.name for recipe in bringing)
    if any(date is not None for date in given.values()):
        wished = Text(
            "Dates are given, so the spans of {names} ({spans}) are left aside.", names=names, spans=_said(own)
        )
        return Spans(recipes=plain, dates=given, notes=(wished,))
    if any(recipe.spans_taken() != own for recipe in bringing):
        differ = Text("The recipes {names} bring different spans along; the default split is taken.", names=names)
        return Spans(recipes=plain, dates=given, notes=(differ,))
    if not _covered(own, bars):
        outside = Text(
            "The spans of {names} ({spans}) are not covered by these bars; the default split is taken.",
            names=names,
            spans=_said(own),
        )
        return Spans(recipes=plain, dates=given, notes=(outside,))
    taken = {name: _within(own.get(name), bars) for name in given}
    return Spans(
        recipes=tuple(recipes),
        dates=taken,
        notes=(Text("The spans are those that {names} brings along ({spans}).", names=names, spans=_said(own)),),
    )


def _covered(own: Mapping[str, str], bars: Dates) -> bool:
    slack = np.timedelta64(SLACK, "D")
    days = [np.datetime64(date) for date in own.values()]
    return bool(bars[0] <= min(days) + slack and bars[-1] >= max(days) - slack)


def _within(date: str | None, bars: Dates) -> str | None:
    """A date moved to the nearest bar, where the bars begin later or end earlier."""
    if date is None:
        return None
    return str(min(max(np.datetime64(date), bars[0]), bars[-1]))


def _said(own: Mapping[str, str]) -> str:
    return ", ".join(f"{name.replace('_', '-')} {date}" for name, date in own.items())
