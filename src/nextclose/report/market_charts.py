"""The files that hold the charts' data: a few symbols a file, so that a page loads only what a reader opens.

A file is a script that hands its value over, since a page opened from disk may not fetch. Forecasts stand as whole
numbers: their distance from the last close in units of 1e-5 of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from nextclose.core.types import Dates, Float64s
from nextclose.report.document import json_text
from nextclose.report.market_view import ChartData
from nextclose.report.traces import days, numbers
from nextclose.report.write import write_text

GROUP = 32
"""Symbols in a file."""
UNIT = 1e-5
"""Of the last close: what a forecast is rounded to."""
MOST_FOLDS = 60
"""Edges of folds that are drawn; of more, none: they would be a grey wall."""


def write_charts(symbols: Iterable[ChartData], folder: Path) -> dict[str, int]:
    """Write the charts' files into `folder`, holding one file's symbols at a time; symbol -> its chart's number.

    Chart `number` is entry number % GROUP of file number // GROUP. Files of an earlier run that had more are removed.

    Raises
    ------
    SettingsError : a file cannot be written.
    """
    numbered: dict[str, int] = {}
    count = 0
    for group in _batches(symbols):
        write_text(beside_script(chart_name(count), chart_group(group)), folder / f"{chart_name(count)}.js")
        for place, chart in enumerate(group):
            numbered[chart.symbol] = count * GROUP + place
        count += 1
    for path in (folder / "charts").glob("*.js"):
        if re.fullmatch(r"\d{5,}", path.stem) and int(path.stem) >= count:
            path.unlink()
    return numbered


def chart_name(group: int) -> str:
    """A group's file, without its ending: never made from a symbol's name."""
    return f"charts/{group:05d}"


def beside_script(name: str, value: Any) -> str:
    """The text of a script that hands `value` to the page that asked for the file `name`."""
    return f"nextclose.receive({json_text(name)},{json_text(value)});\n"


def chart_group(group: list[ChartData]) -> dict[str, Any]:
    """What a file holds: dates that symbols share stand once."""
    spans: dict[bytes, int] = {}
    dates: list[list[str]] = []
    charts = []
    for chart in group:
        key = chart.dates.astype("datetime64[D]").tobytes()
        if key not in spans:
            spans[key] = len(dates)
            dates.append(days(chart.dates))
        charts.append({"dates": spans[key]} | _chart(chart))
    return {"dates": dates, "charts": charts}


def _chart(chart: ChartData) -> dict[str, Any]:
    models = []
    for name, own in chart.models.items():
        ends = {"lo": own.lo, "hi": own.hi} if own.lo is not None and np.isfinite(own.lo).any() else {}
        columns = {"yhat": own.yhat} | {key: column for key, column in ends.items() if column is not None}
        models.append({"name": name} | {key: _units(column, chart.last_close) for key, column in columns.items()})
    return {
        "symbol": chart.symbol, "y": numbers(chart.y), "last": numbers(chart.last_close), "models": models,
        "folds": _edges(chart.folds),
    }  # fmt: skip


def _units(prices: Float64s, last_close: Float64s) -> list[int | None]:
    """(T,) prices as their distance from the last close in `UNIT`s of it; None where not finite."""
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        distance = np.rint((prices / last_close - 1.0) / UNIT)
    known = np.isfinite(distance)
    whole = distance.astype(object)
    whole[known] = [int(value) for value in distance[known].tolist()]
    whole[~known] = None
    return whole.tolist()  # type: ignore[no-any-return]


def _edges(folds: Dates) -> list[str]:
    return days(folds) if len(folds) <= MOST_FOLDS else []


def _batches(symbols: Iterable[ChartData]) -> Iterator[list[ChartData]]:
    rest = iter(symbols)
    while group := list(islice(rest, GROUP)):
        yield group
