"""Scores over two settings as tables whose cells are shaded: they need no script and print as they are."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from math import log1p
from typing import Any

import numpy as np

from nextclose.core.lang import Lang, say
from nextclose.core.sweep import SweepResult, SweepScore, combination_name, shown
from nextclose.report.html import Markup, tag
from nextclose.report.sweep_words import three_decimals
from nextclose.report.words import DASH, signed

MOST = 6
"""Tables a score, one for each combination of the settings beyond the second; of more there is none."""


@dataclass(frozen=True, kw_only=True)
class _Measure:
    """A score that is shaded."""

    title: str
    value: Callable[[SweepScore], float]
    words: Callable[[float], str]
    skill: bool = False
    """Shaded by its sign; others from the smallest, which is the best."""


def heat_parts(result: SweepResult, lang: Lang) -> list[Markup]:
    """A table a score; nothing for a search, for one setting, or for too many."""
    axes = {name: values for name, values in result.axes.items() if isinstance(values, tuple)}
    if result.tries is not None or len(axes) < 2:
        return []
    first, second, *others = axes
    rest = [dict(zip(others, values, strict=True)) for values in product(*(axes[name] for name in others))]
    if len(rest) > MOST:
        return []
    parts = []
    for fixed in rest:
        if fixed:
            parts.append(tag("h3", ", ".join(f"{name}={shown(value)}" for name, value in fixed.items())))
        drawn = [_table(result, measure, (first, second), fixed) for measure in _measures(result, lang)]
        parts.append(tag("div", *drawn, class_="heats"))
    return parts


def _measures(result: SweepResult, lang: Lang) -> list[_Measure]:
    found = [
        _Measure(title=say("skill, test", lang), value=lambda row: row.skill, words=signed, skill=True),
        _Measure(
            title=say("error on the test span, %", lang), value=lambda row: row.error_percent, words=three_decimals
        ),
        _Measure(title=say("validation loss", lang), value=lambda row: row.validation, words=_loss),
    ]
    return [one for one in found if any(np.isfinite(one.value(row)) for row in result.scores)]


def _table(result: SweepResult, measure: _Measure, names: tuple[str, str], fixed: Mapping[str, Any]) -> Markup:
    down, across = names
    rows = {row.name: row for row in result.scores}
    values = [measure.value(row) for row in result.scores]
    head = tag(
        "tr",
        tag("th", f"{down} ╲ {across}"),
        *(tag("th", shown(value), scope="col") for value in _values(result, across)),
    )
    body = []
    for value in _values(result, down):
        cells = []
        for other in _values(result, across):
            settings = {name: {**fixed, down: value, across: other}[name] for name in result.axes}
            row = rows[combination_name(result.recipe, settings)]
            cells.append(_cell(result, row, measure, values))
        body.append(tag("tr", tag("th", shown(value), scope="row"), *cells))
    return tag(
        "div", tag("table", tag("caption", measure.title), tag("thead", head), tag("tbody", *body), class_="heat")
    )


def _cell(result: SweepResult, row: SweepScore, measure: _Measure, values: Sequence[float]) -> Markup:
    value = measure.value(row)
    if not np.isfinite(value):
        return tag("td", DASH)
    kinds = [kind for kind, name in (("best", result.best), ("chosen", result.chosen)) if row.name == name]
    kinds.append(_tone(value, measure))
    return tag("td", measure.words(value), class_=" ".join(kinds), style=f"--heat:{_heat(value, measure, values):.2f}")


def _tone(value: float, measure: _Measure) -> str:
    if not measure.skill:
        return "low"
    return "gain" if value > 0.0 else "loss"


def _heat(value: float, measure: _Measure, values: Sequence[float]) -> float:
    """0..1: how strongly a cell is shaded; a skill by the logarithm of its errors over persistence's."""
    known = [other for other in values if np.isfinite(other)]
    if measure.skill:
        return _distance(value) / (max(map(_distance, known)) or 1.0)
    low, high = min(known), max(known)
    return (high - value) / ((high - low) or 1.0)


def _loss(value: float) -> str:
    """Digits that tell losses apart and leave room in a cell."""
    return f"{value:.4g}" if value >= 0.1 else f"{value:.3g}"


def _distance(skill: float) -> float:
    return abs(log1p(-min(skill, 0.999)))


def _values(result: SweepResult, name: str) -> tuple[Any, ...]:
    values = result.axes[name]
    return values if isinstance(values, tuple) else ()
