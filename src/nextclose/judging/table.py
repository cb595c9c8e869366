"""Anyone's forecasts, from a file or a frame, as a Forecasts table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from nextclose.bars.days import read_days
from nextclose.bars.numbers import read_numbers
from nextclose.bars.symbols import normal_symbol
from nextclose.bars.tables import as_table, read_file
from nextclose.core.errors import ForecastsError, SourceError
from nextclose.core.forecasts import Forecasts
from nextclose.core.lang import Text
from nextclose.core.types import Dates, Float64s
from nextclose.judging.columns import Layout, find_columns
from nextclose.judging.keys import Keys
from nextclose.judging.truth import check_steps

if TYPE_CHECKING:
    import pyarrow as pa

FURTHEST = 1_000
"""Sessions ahead that a forecast may look."""
_NUMBERS = ("yhat", "lo", "hi", "level", "p_up", "last_close", "y")


@dataclass(frozen=True, kw_only=True, eq=False)
class Given:
    """A table as somebody gave it."""

    table: Forecasts
    notes: tuple[Text, ...]
    """What was assumed."""


def read_forecasts(source: Any, columns: Mapping[str, str] | None = None, *, bars_given: bool = False) -> Given:
    """A table and what was assumed about it; last_close and y may be NaN, origin NaT.

    Parameters
    ----------
    source : a .csv or .parquet path (any delimiter, UTF-8, UTF-16 or CP949), or a pandas, polars or Arrow table.
    columns : our name -> the name in the table; yhat may name several, `A+B`, a model each.
    bars_given : last_close and y may be missing, since bars will fill them in.

    Raises
    ------
    ForecastsError : a file that cannot be read, columns that are missing, text where a number or date belongs,
        several rows a day.
    """
    arrow = _arrow(source)
    layout = find_columns([str(name) for name in arrow.column_names], columns or {}, bars_given=bars_given)
    if arrow.num_rows == 0:
        raise ForecastsError("the table holds no forecasts")
    tables, notes = _read(arrow, layout)
    if "step" not in layout.names:
        notes.append(Text("The table has no column step: every forecast is taken as one session ahead."))
    if "origin" not in layout.names:
        notes.append(Text("The table has no column origin: the session before each target date is taken."))
    table = Forecasts.concat(tables)
    if "step" not in layout.names and "origin" in layout.names:
        check_steps(table)
    return Given(table=table, notes=tuple(notes))


def _arrow(source: Any) -> pa.Table:
    if not isinstance(source, str | Path):
        try:
            return as_table(source)
        except SourceError as error:
            raise ForecastsError(
                "expected a path or a table of forecasts (pandas, polars, Arrow), got {kind}",
                kind=type(source).__name__,
            ) from error
    path = Path(source)
    if not path.is_file():
        raise ForecastsError("no file '{path}' with forecasts: expected a .csv or .parquet file", path=path)
    try:
        return read_file(path)
    except (SourceError, OSError) as error:
        raise ForecastsError(
            "'{path}' cannot be read as a table of forecasts ({error}). Expected a .csv or .parquet file.",
            path=path,
            error=error,
        ) from error


def _read(arrow: pa.Table, layout: Layout) -> tuple[list[Forecasts], list[Text]]:
    """The table, once a model where each has a column of its own."""
    shared: dict[str, Any] = {}
    target, timed = _dates(arrow, layout.names["target_date"])
    shared["target_date"] = target
    if "origin" in layout.names:
        shared["origin"], _ = _dates(arrow, layout.names["origin"], required=False)
    shared["symbol"], notes = _symbols(arrow, layout.names["symbol"])
    if "step" in layout.names:
        shared["step"] = _steps(arrow, layout.names["step"])
    for name in _NUMBERS:
        if name in layout.names:
            shared[name] = _numbers(arrow, layout.names[name])
    quantiles = {level: _numbers(arrow, name) for level, name in layout.quantiles.items()}
    tables = (
        [Forecasts.make(shared | _one_model(arrow, layout, model)) for model in layout.models]
        if layout.models
        else [Forecasts.make(shared | {"model": _texts(arrow, layout.names["model"])}, quantiles)]
    )
    if timed:
        _check_daily(tables[0])
        notes.append(Text("The target dates carry a time of day: the day as it is written is taken."))
    return tables, notes


def _one_model(arrow: pa.Table, layout: Layout, model: str) -> dict[str, Any]:
    """The columns of one model of a table with a column a model."""
    own: dict[str, Any] = {"model": model, "yhat": _numbers(arrow, model)}
    if model in layout.bands:
        lower, upper, level = layout.bands[model]
        own |= {"lo": _numbers(arrow, lower), "hi": _numbers(arrow, upper), "level": level}
    return own


def _dates(arrow: pa.Table, name: str, *, required: bool = True) -> tuple[Dates, bool]:
    """The days of a column and whether they carry a time of day; NaT where one is missing that need not be there."""
    column = arrow.column(name)
    try:
        if required or column.null_count == 0:
            days = read_days(column, name)
            return days.dates, days.timed
        known = np.asarray(column.is_valid().to_numpy(), dtype=np.bool_)
        dates = np.full(len(known), np.datetime64("NaT", "D"))
        if known.any():
            dates[known] = read_days(column.drop_null(), name).dates
        return dates, False
    except SourceError as error:
        raise ForecastsError(error.template, **error.values) from error


def _numbers(arrow: pa.Table, name: str) -> Float64s:
    values, wrong = read_numbers(arrow.column(name))
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        raise ForecastsError(
            "column '{name}': expected numbers, got '{got}' in row {row}",
            name=name,
            got=arrow.column(name)[row].as_py(),
            row=row + 1,
        )
    return values


def _steps(arrow: pa.Table, name: str) -> npt.NDArray[np.int64]:
    values = _numbers(arrow, name)
    wrong = ~(np.isfinite(values) & (values == np.rint(values)) & (values >= 1.0) & (values <= FURTHEST))
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        raise ForecastsError(
            "column '{name}': expected whole numbers of sessions ahead from 1 to {most}, got '{got}' in row {row}",
            most=FURTHEST,
            name=name,
            got=arrow.column(name)[row].as_py(),
            row=row + 1,
        )
    return values.astype(np.int64)


def _texts(arrow: pa.Table, name: str) -> npt.NDArray[np.object_]:
    import pyarrow as pa
    import pyarrow.compute as pc

    column = arrow.column(name)
    if column.null_count:
        raise ForecastsError(
            "column '{name}': {count} rows are empty; expected a name in each", name=name, count=column.null_count
        )
    encoded = pc.utf8_trim_whitespace(column.cast(pa.string())).combine_chunks().dictionary_encode()
    names = np.array(encoded.dictionary.to_pylist(), dtype=object)
    texts: npt.NDArray[np.object_] = names[encoded.indices.to_numpy()] if len(names) else names
    return texts


def _symbols(arrow: pa.Table, name: str) -> tuple[npt.NDArray[np.object_], list[Text]]:
    """The symbols; numbers are Korean codes that lost their zeros."""
    import pyarrow as pa

    texts = _texts(arrow, name)
    kind = arrow.column(name).type
    if not (pa.types.is_integer(kind) or pa.types.is_floating(kind)) or len(texts) == 0:
        return texts, []
    renamed = {text: normal_symbol(text, numeric=True) for text in set(texts.tolist())}
    written, meant = min(renamed.items())
    note = Text("The symbols are numbers: {written} is taken as {meant}.", written=written, meant=meant)
    return np.array([renamed[text] for text in texts.tolist()], dtype=object), [note]


def _check_daily(table: Forecasts) -> None:
    """Raise for a table of dates with times that holds several rows a day."""
    repeated = Keys(table).repeated
    if len(repeated):
        twice = int(repeated[0])
        raise ForecastsError(
            "several rows a day, such as on {date} for {symbol}: expected one a symbol, model, target date and step. Keep "
            "each session's last one.",
            date=table.target_date[twice],
            symbol=table.symbol[twice],
        )
