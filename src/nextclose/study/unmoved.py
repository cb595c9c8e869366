"""Two tables of the same forecasts, compared bit for bit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from nextclose.core.errors import ForecastsError
from nextclose.core.forecasts import Forecasts
from nextclose.core.future import Moved
from nextclose.core.types import Bools, Float64s, Ints

FIELDS = ("yhat", "lo", "hi", "p_up", "last_close")
"""Columns that are settled at the origin; quantiles too."""


@dataclass(frozen=True, kw_only=True)
class Differences:
    """What differs between two tables."""

    compared: int
    """Rows."""
    moved: set[tuple[str, ...]]
    """(symbol, model, target date, step) of the rows that differ."""
    closes: int
    """Of them those whose yhat differs, or that one table lacks."""
    first: Moved | None
    """The earliest of them by origin."""


def differences(plain: Forecasts, other: Forecasts, *, until: np.datetime64 | None = None) -> Differences:
    """What differs in the rows with an origin of at most `until`; a row that one table lacks differs too."""
    places, others = _places(plain, until), _places(other, until)
    shared = [key for key in places if key in others]
    mine = np.array([places[key] for key in shared], dtype=np.int64)
    theirs = np.array([others[key] for key in shared], dtype=np.int64)
    one_sided = [(plain, places[key]) for key in places if key not in others]
    one_sided += [(other, others[key]) for key in others if key not in places]
    found = [_moved(table, row, "row", np.nan, np.nan) for table, row in one_sided]
    for field, a, b in _columns(plain, other):
        for at in np.flatnonzero(_differ(a[mine], b[theirs])).tolist():
            found.append(_moved(plain, int(mine[at]), field, float(a[mine[at]]), float(b[theirs[at]])))
    return Differences(
        compared=len(places) + len(others) - len(shared),
        moved={one[0] for one in found},
        closes=len({key for key, one in found if one.field in ("yhat", "row")}),
        first=min((one[1] for one in found), key=lambda one: one.origin, default=None),
    )


def _places(table: Forecasts, until: np.datetime64 | None) -> dict[tuple[Any, ...], int]:
    """(symbol, model, step, origin, target date) -> row. Raises ForecastsError where two rows are of one thing."""
    known = np.ones(len(table), dtype=np.bool_) if until is None else table.origin <= until
    rows: Ints = np.flatnonzero(known)
    keys = zip(
        table.symbol[rows].tolist(), table.model[rows].tolist(), table.step[rows].tolist(), table.origin[rows].tolist(),
        table.target_date[rows].tolist(), strict=True,
    )  # fmt: skip
    places = dict(zip(keys, rows.tolist(), strict=True))
    if len(places) < len(rows):
        raise ForecastsError(
            "{count} forecasts stand twice (same symbol, model, origin, step and target date): leave one of each",
            count=len(rows) - len(places),
        )
    return places


def _columns(plain: Forecasts, other: Forecasts) -> list[tuple[str, Float64s, Float64s]]:
    columns = [(name, getattr(plain, name), getattr(other, name)) for name in FIELDS]
    for level in sorted({*plain.quantiles, *other.quantiles}):
        a, b = (table.quantiles.get(level, np.full(len(table), np.nan)) for table in (plain, other))
        columns.append((f"q{level:g}", a, b))
    return columns


def _differ(a: Float64s, b: Float64s) -> Bools:
    """Where bits differ; one NaN is as good as another."""
    bits: Bools = np.ascontiguousarray(a).view(np.int64) != np.ascontiguousarray(b).view(np.int64)
    return bits & ~(np.isnan(a) & np.isnan(b))


def _moved(table: Forecasts, row: int, field: str, before: float, after: float) -> tuple[tuple[str, ...], Moved]:
    """Which row, and what of it."""
    key = str(table.symbol[row]), str(table.model[row]), str(table.target_date[row]), str(table.step[row])
    return key, Moved(
        model=str(table.model[row]),
        origin=str(table.origin[row]),
        target_date=str(table.target_date[row]),
        step=int(table.step[row]),
        field=field,
        before=before,
        after=after,
        cut="",
        alteration="",
        by=after / before - 1.0 if before else float("nan"),
    )
