"""Anyone's forecasts, from a file or a frame, as a Forecasts table."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from nextclose.core.errors import ForecastsError
from nextclose.core.forecasts import COLUMNS, Forecasts
from nextclose.core.lang import Text
from nextclose.core.suggest import did_you_mean
from nextclose.core.types import Dates, Ints

if TYPE_CHECKING:
    import pandas as pd

NEEDED = ("symbol", "model", "target_date", "yhat", "last_close", "y")
FROM_BARS = ("last_close", "y")
_DATES = ("origin", "target_date")
_TEXTS = ("symbol", "model")


def read_forecasts(
    source: Any, columns: Mapping[str, str] | None = None, *, bars_given: bool = False
) -> tuple[Forecasts, tuple[Text, ...]]:
    """A table and what was assumed about it.

    Parameters
    ----------
    source : a .csv or .parquet path, or anything that pandas can take in (a frame, polars, Arrow).
    columns : our name -> the name in the table.
    bars_given : last_close and y may be missing, since bars will fill them in.

    Raises
    ------
    ForecastsError : a file that cannot be read, columns that are missing, text where a number or date belongs.
    """
    frame = _frame(source)
    names = _names(frame, columns or {})
    needed = [name for name in NEEDED if not (bars_given and name in FROM_BARS)]
    missing = [name for name in needed if name not in names]
    if missing:
        raise ForecastsError(
            "the forecasts lack {missing}. Found {found}. Expected {needed}, or other names with --columns, such as "
            "--columns {example}={there}.{hint}",
            missing=", ".join(missing),
            found=", ".join(map(str, frame.columns)) or "nothing",
            needed=", ".join(NEEDED),
            example=missing[0],
            there=str(frame.columns[0]) if len(frame.columns) else "pred",
            hint=did_you_mean(missing[0], map(str, frame.columns)),
        )
    values = {name: _column(frame[found], name) for name, found in names.items()}
    notes = []
    if "step" not in values:
        notes.append(Text("The table has no column step: every forecast is taken as one session ahead."))
        values["step"] = 1
    table = Forecasts.make(values)
    if "origin" not in values:
        notes.append(Text("The table has no column origin: the session before each target date is taken."))
        table = table.replace(origin=_sessions_before(table))
    return table, (*notes, *_check_last_close(table))


def _frame(source: Any) -> pd.DataFrame:
    import pandas as pd

    if isinstance(source, pd.DataFrame):
        return source
    if not isinstance(source, str | Path):
        import pyarrow as pa

        converted: pd.DataFrame = pa.table(source).to_pandas()
        return converted
    path = Path(source)
    if not path.is_file():
        raise ForecastsError("no file '{path}' with forecasts: expected a .csv or .parquet file", path=path)
    try:
        if path.suffix.lower() == ".parquet":
            frame: pd.DataFrame = pd.read_parquet(path)
            return frame
        return pd.read_csv(path, dtype={"symbol": str, "model": str}, encoding="utf-8-sig")
    except Exception as error:
        raise ForecastsError(
            "'{path}' cannot be read as a table of forecasts ({error}). Expected a .csv or .parquet file.",
            path=path,
            error=str(error).splitlines()[0] if str(error) else type(error).__name__,
        ) from error


def _names(frame: pd.DataFrame, columns: Mapping[str, str]) -> dict[str, Any]:
    """Our name -> the column that holds it; case and spaces around are ignored."""
    there = {str(column).strip().lower(): column for column in frame.columns}
    for ours, theirs in columns.items():
        if ours not in COLUMNS:
            raise ForecastsError(
                "--columns: '{name}' is no column of a forecasts table.{hint} They are {known}.",
                name=ours,
                hint=did_you_mean(ours, COLUMNS),
                known=", ".join(COLUMNS),
            )
        if theirs.strip().lower() not in there:
            raise ForecastsError(
                "--columns {ours}={theirs}: the table has no column '{theirs}'.{hint} Found {found}.",
                ours=ours,
                theirs=theirs,
                hint=did_you_mean(theirs, map(str, frame.columns)),
                found=", ".join(map(str, frame.columns)),
            )
    wanted = {name: columns.get(name, name).strip().lower() for name in COLUMNS}
    return {name: there[theirs] for name, theirs in wanted.items() if theirs in there}


def _column(series: pd.Series[Any], name: str) -> Any:
    import pandas as pd

    if name in _TEXTS:
        return series.astype(str).to_numpy(dtype=object)
    try:
        if name in _DATES:
            dates = pd.to_datetime(series.astype(str), format="mixed")
            return dates.dt.tz_localize(None).to_numpy().astype("datetime64[D]")
        return pd.to_numeric(series).to_numpy(dtype=np.float64)
    except (ValueError, TypeError) as error:
        kind = Text("dates") if name in _DATES else Text("numbers")
        raise ForecastsError(
            "column '{name}': expected {kind}, got {error}", name=series.name, kind=kind, error=error
        ) from error


def _sessions_before(table: Forecasts) -> Dates:
    """For each row the latest earlier target date of its symbol and model; NaT for the first."""
    origins = np.full(len(table), np.datetime64("NaT", "D"))
    group = _series(table)
    order = np.lexsort((table.target_date, group))
    same = group[order][1:] == group[order][:-1]
    origins[order[1:][same]] = table.target_date[order[:-1][same]]
    return origins


def _check_last_close(table: Forecasts) -> tuple[Text, ...]:
    """A note where last_close is not the truth of the session before, where that session is in the table."""
    group = _series(table)
    order = np.lexsort((table.target_date, group))
    earlier, later = order[:-1], order[1:]
    follows = (group[earlier] == group[later]) & (table.target_date[earlier] == table.origin[later])
    before, claimed = table.y[earlier[follows]], table.last_close[later[follows]]
    off = np.isfinite(before) & np.isfinite(claimed) & ~np.isclose(before, claimed, rtol=1e-6)
    if not off.any():
        return ()
    row = int(later[follows][np.flatnonzero(off)[0]])
    return (
        Text(
            "{count} of {total} rows have a last_close that is not the truth of the session before, such as {date}: "
            "{claimed} instead of {before}. Check for a date off by one or an adjusted price.",
            count=int(off.sum()),
            total=int(follows.sum()),
            date=str(table.target_date[row]),
            claimed=float(table.last_close[row]),
            before=float(before[np.flatnonzero(off)[0]]),
        ),
    )


def _series(table: Forecasts) -> Ints:
    """One number a (symbol, model, step)."""
    _, symbol = np.unique(table.symbol.astype(str), return_inverse=True)
    _, model = np.unique(table.model.astype(str), return_inverse=True)
    return (symbol * (int(model.max(initial=0)) + 1) + model) * (int(table.step.max(initial=1)) + 1) + table.step
