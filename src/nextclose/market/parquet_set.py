"""A market in Parquet, one file or many, asked through DuckDB for a few symbols at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from nextclose.bars.bars import Bars
from nextclose.bars.days import read_days
from nextclose.bars.headers import WANTED, recognise
from nextclose.bars.load import make_bars
from nextclose.bars.rows import NUMBERS, Sheet, read_sheet
from nextclose.bars.symbols import normal_symbol
from nextclose.core.errors import SourceError, UserError
from nextclose.core.types import Dates
from nextclose.market.sets import Scan

OF_FILE = "parse_filename(filename, true)"
"""The symbol of a set without a symbol column: each file's own name."""


class ParquetSet:
    """Parquet files with one layout; the symbol is a column, a folder's name (symbol=AAPL) or the file's name."""

    def __init__(self, files: tuple[Path, ...], source: str) -> None:
        self.files, self.source = files, source

    def scan(self) -> Scan:
        """Symbols and dates, in one pass."""
        found = self._ask(
            f"SELECT {self._name} AS name, count(*) AS rows, min(day) AS first, max(day) AS last "
            f"FROM {self._dated} WHERE {self._symbol} IS NOT NULL GROUP BY 1 ORDER BY 1"
        )
        counted = self._ask(
            f"SELECT day, count(*) AS symbols FROM {self._dated} WHERE day IS NOT NULL GROUP BY 1 ORDER BY 1"
        )
        names = tuple(found.column("name").to_pylist())
        if not names or counted.num_rows == 0:
            raise SourceError("'{source}' holds no row with a symbol and a date", source=self.source)
        return Scan(
            names=names,
            symbols=tuple(normal_symbol(name, numeric=self._numeric) for name in names),
            rows=found.column("rows").to_numpy(),
            first=_days_of(found.column("first")),
            last=_days_of(found.column("last")),
            problems=(None,) * len(names),
            dates=_days_of(counted.column("day")),
            counts=counted.column("symbols").to_numpy(),
        )

    def traded(self, before: np.datetime64) -> dict[str, float]:
        """Name -> median of close times volume over the rows before a date; missing where there is none."""
        if "volume" not in self._columns:
            return {}
        close, volume = (f"TRY_CAST({_quoted(self._columns[name])} AS DOUBLE)" for name in ("close", "volume"))
        found = self._ask(
            f"SELECT {self._name} AS name, median({close} * {volume}) AS value FROM {self._dated} "
            f"WHERE day < CAST(? AS DATE) AND {self._symbol} IS NOT NULL GROUP BY 1",
            [str(before)],
        )
        pairs = zip(found.column("name").to_pylist(), found.column("value").to_pylist(), strict=True)
        return {name: float(value) for name, value in pairs if value is not None}

    def read(self, names: Sequence[str], faults: str) -> Iterator[tuple[str, Bars | UserError]]:
        """(name, its bars or why there are none) for each of some symbols, in their order."""
        wanted = ", ".join(
            f"{_quoted(self._columns[name])} AS {name}" for name in ("date", *NUMBERS) if name in self._columns
        )
        listed = ", ".join("'" + name.replace("'", "''") + "'" for name in names)
        table = self._ask(
            f"SELECT {self._symbol} AS symbol, {wanted} FROM {{files}} WHERE {self._name} IN ({listed}) "
            "ORDER BY filename, file_row_number"
        )
        yield from split_table(table, names, faults, self.source)

    @cached_property
    def _described(self) -> dict[str, str]:
        """Column -> DuckDB's type."""
        import duckdb

        try:
            rows = self._ask("DESCRIBE SELECT * FROM {files}").to_pylist()
        except duckdb.Error as error:
            raise SourceError(
                "'{source}' cannot be read as Parquet ({error})", source=self.source, error=str(error).splitlines()[0]
            ) from error
        return {row["column_name"]: row["column_type"] for row in rows}

    @cached_property
    def _columns(self) -> dict[str, str]:
        """Our name -> the set's column."""
        found = recognise(name for name in self._described if name not in ("filename", "file_row_number"))
        missing = [name for name in WANTED if name not in found]
        if missing:
            raise SourceError(
                "'{source}' has no column for {missing}. Found {found}; wanted symbol, date, open, high, low, close and, if "
                "there is one, volume.",
                source=self.source,
                missing=", ".join(missing),
                found=", ".join(self._described),
            )
        return found

    @property
    def _symbol(self) -> str:
        return _quoted(self._columns["symbol"]) if "symbol" in self._columns else OF_FILE

    @property
    def _name(self) -> str:
        return f"CAST({self._symbol} AS VARCHAR)"

    @property
    def _dated(self) -> str:
        """The set with a column `day`."""
        date = _quoted(self._columns["date"])
        if self._described[self._columns["date"]] in (
            "DATE",
            "TIMESTAMP",
            "TIMESTAMP_NS",
            "TIMESTAMP_MS",
            "TIMESTAMP_S",
        ):
            return f"(SELECT *, CAST({date} AS DATE) AS day FROM {{files}})"
        return f"(SELECT bars.*, days.day FROM {{files}} bars LEFT JOIN days ON bars.{date} = days.raw)"

    @property
    def _numeric(self) -> bool:
        """Whether the symbols are numbers: Korean codes that may have lost their zeros."""
        kind = self._described.get(self._columns.get("symbol", ""), "VARCHAR")
        return not kind.startswith(("VARCHAR", "ENUM"))

    @cached_property
    def _days(self) -> Any:
        """Every date as it is written, and the day that it means; what is no date is left out."""
        import pyarrow as pa

        date = _quoted(self._columns["date"])
        raw = self._ask(f"SELECT DISTINCT {date} AS raw FROM {{files}} WHERE {date} IS NOT NULL ORDER BY 1", days=False)
        column = raw.column("raw")
        try:
            days = read_days(column, self._columns["date"]).dates
        except SourceError:
            days = np.concatenate(
                [np.empty(0, "datetime64[D]"), *(_one_day(column, row) for row in range(len(column)))]
            )
        return pa.table({"raw": column, "day": pa.array(days)}).filter(pa.array(~np.isnat(days)))

    def _ask(self, query: str, values: Sequence[Any] = (), *, days: bool = True) -> Any:
        """The answer to a query as an Arrow table; {files} stands for the set."""
        import duckdb

        options = (
            "filename=true, file_row_number=true, union_by_name=true, hive_partitioning=true, hive_types_autocast=false"
        )
        reader = f"read_parquet(?::VARCHAR[], {options})"
        paths = [[str(path) for path in self.files]] * query.count("{files}")
        with duckdb.connect(config={"threads": 1}) as asked:
            if days and "days.raw" in query:
                asked.register("days", self._days)
            return asked.sql(query.replace("{files}", reader), params=[*paths, *values]).to_arrow_table()


def split_table(table: Any, names: Sequence[str], faults: str, source: str) -> Iterator[tuple[str, Bars | UserError]]:
    """(name, its bars or why there are none) from rows of several symbols.

    A column that holds what is no date or number spoils its own symbol alone.
    """
    try:
        sheets = dict.fromkeys(names, read_sheet(table, source)) if table.num_rows else {}
        rows = dict(next(iter(sheets.values())).each()) if sheets else {}
    except SourceError:
        sheets, rows = {}, {}
    for name in names:
        try:
            if name in rows:
                yield name, _bars(name, rows[name], sheets[name], faults, source)
            else:
                sheet = read_sheet(_only(table, name), source)
                yield name, _bars(name, dict(sheet.each())[name], sheet, faults, source)
        except UserError as error:
            yield name, error


def _bars(name: str, rows: Any, sheet: Sheet, faults: str, source: str) -> Bars:
    plain = normal_symbol(name, numeric=sheet.numeric)
    return make_bars(replace(rows, symbol=plain), faults, source, timed=sheet.timed, renamed_from=name)


def _only(table: Any, name: str) -> Any:
    import pyarrow as pa
    import pyarrow.compute as pc

    return table.filter(pc.equal(table.column("symbol").cast(pa.string()), name))


def _one_day(column: Any, row: int) -> Dates:
    try:
        return read_days(column.slice(row, 1), "date").dates
    except SourceError:
        return np.array(["NaT"], dtype="datetime64[D]")


def _days_of(column: Any) -> Dates:
    dates: Dates = column.to_numpy().astype("datetime64[D]")
    return dates


def _quoted(name: str) -> str:
    escaped = name.replace('"', '""')
    return f'"{escaped}"'
