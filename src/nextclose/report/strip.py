"""Marks on a horizontal scale as plain HTML: they need no script, fit any width and print as they are."""

from __future__ import annotations

from dataclasses import dataclass
from math import log

from nextclose.report.html import Markup, tag

TICKS = (
    1.0,
    2.0,
    5.0,
    10.0,
    3.0,
    20.0,
    50.0,
    100.0,
    0.5,
    1.5,
    0.9,
    1.1,
    1.2,
    0.8,
    0.7,
    7.0,
    1.05,
    0.95,
    200.0,
    500.0,
    1.02,
    0.98,
    1.01,
    0.99,
    1.005,
    0.995,
)
"""Ticks in the order in which they are wanted."""
ROOM = 9.0
"""Percent of the strip that a tick's label needs."""


@dataclass(frozen=True, kw_only=True)
class Scale:
    """Maps values from `low` to `high` onto 0..100 % of a strip."""

    low: float
    high: float
    log: bool = False

    def percent(self, value: float) -> float:
        """Where a value lies, clipped to the strip."""
        low, high, own = (log(x) if self.log else x for x in (self.low, self.high, value))
        return 50.0 if high <= low else min(max(100.0 * (own - low) / (high - low), 0.0), 100.0)


def dot(scale: Scale, value: float, kind: str) -> Markup:
    """A mark at a value; `kind` is its CSS class."""
    return tag("i", class_=kind, style=f"left:{scale.percent(value):.2f}%")


def bar(scale: Scale, start: float, end: float, kind: str) -> Markup:
    """A bar between two values, in either order."""
    left, right = sorted((scale.percent(start), scale.percent(end)))
    return tag("i", class_=kind, style=f"left:{left:.2f}%;width:{right - left:.2f}%")


def label(scale: Scale, value: float, text: str) -> Markup:
    """A word or number centred under a value."""
    return tag("span", text, style=f"left:{scale.percent(value):.2f}%")


def strip(*marks: Markup, kind: str = "strip") -> Markup:
    """The strip that holds the marks."""
    return tag("span", *marks, class_=kind, aria_hidden="true")


def ticks(scale: Scale) -> Markup:
    """The axis of ratios below some strips: labels that do not touch, 1 before all others."""
    taken: list[float] = []
    for tick in TICKS:
        place = scale.percent(tick)
        if scale.low <= tick <= scale.high and all(abs(place - scale.percent(other)) >= ROOM for other in taken):
            taken.append(tick)
    return strip(*(label(scale, tick, f"{tick:g}") for tick in sorted(taken)), kind="ticks")
