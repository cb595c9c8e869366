"""A market in Parquet files with a column of symbols, asked through DuckDB for a few symbols at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from nextclose.bars.bars import Bars
from nextclose.bars.days import read_days
from nextclose.bars.headers import WANTED, recognise
from nextclose.bars.rows import NUMBERS, Rows, read_sheet
from nextclose.bars.symbols import normal_symbol
from nextclose.core.errors import SourceError, UserError
from nextclose.core.types import Dates
from nextclose.market.sets import Scan, headers
from nextclose.market.split_table import split_table

DAY = "day_of_the_bar"
"""A column that is added to the set's own."""
DATED = ("DATE", "TIMESTAMP", "TIMESTAMP_NS", "TIMESTAMP_MS", "TIMESTAMP_S", "TIMESTAMP WITH TIME ZONE")
"""DuckDB's types that are dates already."""


class ParquetSet:
    """Parquet files that all have the columns of bars; the rows of a symbol may lie anywhere in them."""

    def __init__(self, files: tuple[Path, ...], source: str) -> None:
        self.files, self.source = files, source

    def scan(self) -> Scan:
        """Symbols and dates, in one pass. Raises SourceError where a file cannot be read: nobody knows whose rows it holds."""
        self._check_files()
        found = self._ask(
            f"SELECT {self._name} AS name, count(*) AS rows, min({DAY}) AS first, max({DAY}) AS last "
            f"FROM {self._dated} GROUP BY 1 ORDER BY 1"
        )
        counted = self._ask(
            f"SELECT {DAY}, count(*) AS symbols FROM {self._dated} WHERE {DAY} IS NOT NULL GROUP BY 1 ORDER BY 1"
        )
        named = found.filter(found.column("name").is_valid())
        names = tuple(named.column("name").to_pylist())
        if not names or counted.num_rows == 0:
            raise SourceError("'{source}' holds no row with a symbol and a date", source=self.source)
        return Scan(
            names=names,
            symbols=tuple(normal_symbol(name, numeric=self._numeric) for name in names),
            rows=named.column("rows").to_numpy(),
            first=_days_of(named.column("first")),
            last=_days_of(named.column("last")),
            problems=(None,) * len(names),
            dates=_days_of(counted.column(DAY)),
            counts=counted.column("symbols").to_numpy(),
            unnamed=sum(found.column("rows").to_pylist()) - sum(named.column("rows").to_pylist()),
        )

    def traded(self, before: np.datetime64) -> dict[str, float]:
        """Name -> median of close times volume over the rows before a date; missing where there is none."""
        if "volume" not in self._columns:
            return {}
        close, volume = (f"TRY_CAST({_quoted(self._columns[name])} AS DOUBLE)" for name in ("close", "volume"))
        found = self._ask(
            f"SELECT {self._name} AS name, median({close} * {volume}) AS value FROM {self._dated} "
            f"WHERE {DAY} < CAST(? AS DATE) AND {self._symbol} IS NOT NULL GROUP BY 1",
            [str(before)],
        )
        pairs = zip(found.column("name").to_pylist(), found.column("value").to_pylist(), strict=True)
        return {name: float(value) for name, value in pairs if value is not None}

    def read(
        self, names: Sequence[str], faults: str, since: np.datetime64 | None = None
    ) -> Iterator[tuple[str, Bars | UserError]]:
        """(name, its bars or why there are none) for each of some symbols, in their order; only those from a day on."""
        try:
            yield from split_table(self._rows(names, since), names, faults, self.source)
        except SourceError as error:
            if len(names) == 1:
                yield names[0], error
            else:  # a page that cannot be read spoils its own symbols alone
                for name in names:
                    yield from self.read([name], faults, since)

    def unchecked(self, names: Sequence[str]) -> dict[str, Rows]:
        """Name -> its rows as they stand, those that `read` leaves out included; missing where they cannot be read."""
        try:
            return dict(read_sheet(self._rows(names, None), self.source).each())
        except SourceError:
            return {} if len(names) == 1 else dict(chain(*(self.unchecked([name]).items() for name in names)))

    def _rows(self, names: Sequence[str], since: np.datetime64 | None) -> Any:
        """The rows of some symbols in the order of the set."""
        wanted = ", ".join(
            f"{_quoted(self._columns[name])} AS {name}" for name in ("date", *NUMBERS) if name in self._columns
        )
        listed = ", ".join("'" + name.replace("'", "''") + "'" for name in names)
        head, where = f"SELECT {self._symbol} AS symbol, {wanted} FROM ", f" WHERE {self._name} IN ({listed})"
        if since is None:  # the connection keeps the files' order
            return self._ask(f"{head}{{files}}{where}")
        later = f" AND {DAY} >= CAST(? AS DATE) ORDER BY filename, file_row_number"
        return self._ask(head + self._dated + where + later, [str(since)])

    def _check_files(self) -> None:
        """Raise SourceError unless every file has the columns of bars."""
        for path in self.files:
            found = recognise(headers(path))
            missing = [name for name in ("symbol", *WANTED) if name not in found]
            if missing:
                raise SourceError(
                    "'{path}' has no column for {missing}. Found {found}; wanted symbol, date, open, high, low, close and, "
                    "if there is one, volume.",
                    path=path, missing=", ".join(missing), found=", ".join(headers(path)),
                )  # fmt: skip

    @cached_property
    def _described(self) -> dict[str, str]:
        """Column -> DuckDB's type."""
        rows = self._ask("DESCRIBE SELECT * FROM {files}").to_pylist()
        return {row["column_name"]: row["column_type"] for row in rows}

    @cached_property
    def _columns(self) -> dict[str, str]:
        """Our name -> the set's column."""
        return recognise(name for name in self._described if name not in ("filename", "file_row_number"))

    @property
    def _symbol(self) -> str:
        return _quoted(self._columns["symbol"])

    @property
    def _name(self) -> str:
        return f"CAST({self._symbol} AS VARCHAR)"

    @property
    def _dated(self) -> str:
        """The set with a column of days."""
        date = _quoted(self._columns["date"])
        if self._described[self._columns["date"]] in DATED:
            return f"(SELECT *, CAST({date} AS DATE) AS {DAY} FROM {{files}})"
        return f"(SELECT bars.*, days.{DAY} FROM {{files}} bars LEFT JOIN days ON bars.{date} = days.raw)"

    @property
    def _numeric(self) -> bool:
        """Whether the symbols are numbers: Korean codes that may have lost their zeros."""
        return not self._described[self._columns["symbol"]].startswith(("VARCHAR", "ENUM"))

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
        return pa.table({"raw": column, DAY: pa.array(days)}).filter(pa.array(~np.isnat(days)))

    @cached_property
    def _zone(self) -> str:
        """The time zone in which the dates were written, so that each stays on the day that it names."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        schema = pq.read_schema(self.files[0])
        kind = schema.field(recognise(schema.names)["date"]).type
        return str(kind.tz) if pa.types.is_timestamp(kind) and kind.tz else "UTC"

    @cached_property
    def _asked(self) -> Any:
        """The connection that answers: opening one takes as long as reading a few symbols."""
        import duckdb

        asked = duckdb.connect(config={"threads": 1, "preserve_insertion_order": True})
        asked.execute(f"SET TimeZone = '{_known_zone(self._zone)}'")
        return asked

    def _ask(self, query: str, values: Sequence[Any] = (), *, days: bool = True) -> Any:
        """The answer to a query as an Arrow table; {files} stands for the set."""
        import duckdb

        options = (
            "filename=true, file_row_number=true, union_by_name=true, hive_partitioning=true, hive_types_autocast=false"
        )
        reader = f"read_parquet(?::VARCHAR[], {options})"
        paths = [[str(path) for path in self.files]] * query.count("{files}")
        try:
            if days and "days.raw" in query:
                self._asked.register("days", self._days)
            return self._asked.sql(query.replace("{files}", reader), params=[*paths, *values]).to_arrow_table()
        except duckdb.Error as error:
            raise SourceError(
                "'{source}' cannot be read as Parquet ({error})", source=self.source, error=str(error).splitlines()[0]
            ) from error


def _one_day(column: Any, row: int) -> Dates:
    try:
        return read_days(column.slice(row, 1), "date").dates
    except SourceError:
        return np.array(["NaT"], dtype="datetime64[D]")


def _days_of(column: Any) -> Dates:
    dates: Dates = column.to_numpy().astype("datetime64[D]")
    return dates


def _known_zone(zone: str) -> str:
    """Arrow's +09:00 as Etc/GMT-9, the name that DuckDB knows; other names as they are."""
    sign, hours, rest = zone[:1], zone[1:3], zone[3:]
    if sign in ("+", "-") and hours.isdigit() and rest in (":00", "00", ""):
        return f"Etc/GMT{'-' if sign == '+' else '+'}{int(hours)}"
    return zone


def _quoted(name: str) -> str:
    escaped = name.replace('"', '""')
    return f'"{escaped}"'
