"""Which models the pictures show, in which colour, and on which forecasts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np

from nextclose.core.forecasts import Forecasts
from nextclose.core.results import ModelRow
from nextclose.judging.keys import Keys, shared, usable
from nextclose.report.traces import SERIES


class Drawn(NamedTuple):
    """A model in a picture."""

    name: str
    colour: str
    visible: Literal[True, "legendonly"]


def first_step(rows: Sequence[ModelRow]) -> int:
    """The step that the pictures show: the nearest."""
    return min(row.step for row in rows)


def best_model(rows: Sequence[ModelRow]) -> str:
    """The model that is drawn at first: the one with the best skill, since a bad one flattens all others.

    A recipe, where there is one; persistence only where it is alone.
    """
    at = [row for row in rows if row.step == first_step(rows)]
    own = [row for row in at if row.kind == "recipe"] or [row for row in at if row.name != "persistence"] or at
    return max(own, key=lambda row: row.skill if np.isfinite(row.skill) else -np.inf).name


def drawn(rows: Sequence[ModelRow]) -> list[Drawn]:
    """The recipes, then the baselines but persistence; only the best model is shown before a click."""
    at = [row for row in rows if row.step == first_step(rows)]
    names = [row.name for row in at if row.kind == "recipe"]
    names += [row.name for row in at if row.kind == "baseline" and row.name != "persistence"]
    best = best_model(rows)
    return [
        Drawn(name, SERIES[i % len(SERIES)], True if name == best else "legendonly")
        for i, name in enumerate(names or [best])
    ]


def shared_rows(table: Forecasts, step: int) -> dict[str, Forecasts]:
    """Model -> its judged rows at `step`: those that every model has, oldest first, the symbols of a session together."""
    keys = Keys(table.where(table.step == step))
    own = keys.table
    rows = shared(keys, usable(own), list(range(len(keys.models))))
    return {name: own.where(found) for name, found in zip(keys.models, rows, strict=True)}
