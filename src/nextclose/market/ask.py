"""Questions to a run's tables, in SQL."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from nextclose.core.errors import SavedRunError, SettingsError
from nextclose.market.config import MarketConfig
from nextclose.market.finish import TABLES, outcome_of
from nextclose.market.keep import FORECASTS


def ask(folder: Path, query: str, values: Sequence[Any] = ()) -> Any:
    """The answer of DuckDB as an Arrow table. The views are forecasts, metrics, folds, sessions, symbols and faults.

    Raises
    ------
    SavedRunError : no finished run there.
    SettingsError : a query that DuckDB does not take.
    """
    import duckdb

    MarketConfig.read(folder)
    if outcome_of(folder) is None:
        raise SavedRunError(
            "'{folder}' is not finished: go on with nextclose market resume {folder}, then ask again", folder=folder
        )
    with duckdb.connect(config={"threads": 1}) as asked:
        _make_views(asked, folder)
        try:
            _check(asked.extract_statements(query))
            return asked.sql(query, params=list(values)).to_arrow_table()
        except duckdb.Error as error:
            raise SettingsError("--sql: the query cannot be answered: {error}", error=str(error)) from error


def _check(statements: Sequence[Any]) -> None:
    """Raise SettingsError for anything but one question: tables must not be changed by asking."""
    import duckdb

    if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
        raise SettingsError("--sql: expected one query that answers with rows, such as SELECT ...")


def _make_views(asked: Any, folder: Path) -> None:
    import duckdb

    try:
        for name, paths in _files(folder).items():
            listed = ", ".join("'" + str(path).replace("'", "''") + "'" for path in paths)
            asked.execute(f"CREATE VIEW {name} AS SELECT * FROM read_parquet([{listed}])")
    except duckdb.Error as error:
        raise SavedRunError(
            "'{folder}' lacks a table that it had when it was finished ({error}). Delete its result.json and go on with "
            "nextclose market resume {folder}.",
            folder=folder,
            error=str(error).splitlines()[0],
        ) from error


def answer_rows(answer: Any, most: int | None = None) -> list[list[Any]]:
    """The first rows of an answer, a value a column, columns of one name too; what is no number or truth is text."""
    shown = answer if most is None else answer.slice(0, most)
    columns = [[_simple(value) for value in column.to_pylist()] for column in shown.columns]
    return [list(row) for row in zip(*columns, strict=True)]


def _simple(value: Any) -> Any:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return value if value is None or isinstance(value, int | float) else str(value)


def _files(folder: Path) -> dict[str, list[Path]]:
    """View -> the files behind it."""
    files = {name: [folder / f"{name}.parquet"] for name in TABLES}
    return files | {FORECASTS: sorted((folder / FORECASTS).glob("[0-9]*.parquet"))}
