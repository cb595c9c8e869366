"""A file or folder of bars as a source: it may hold years, in today's prices."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from nextclose.bars.days import read_days
from nextclose.bars.headers import recognise
from nextclose.bars.kept import PAGE, kept_files
from nextclose.bars.sources.market import Answer, Ask
from nextclose.bars.tables import read_file
from nextclose.core.errors import SourceError
from nextclose.core.lang import Text

if TYPE_CHECKING:
    import pyarrow as pa

_KINDS = (".parquet", ".pq", ".csv", ".txt", ".tsv")


class FileSource:
    """Bars in files. It is read once; whoever asks for another session gets rows of the same reading."""

    def __init__(self, path: Path) -> None:
        self.name = str(path)
        self._path = path
        self._read: tuple[str, pa.Table] | None = None

    def bars(self, ask: Ask) -> Answer:
        """Every row from `ask.since` to `ask.until`. Raises SourceError where nothing can be read."""
        if self._read is None or self._read[0] > ask.since:
            self._read = ask.since, self.table(since=ask.since)
        table = self._read[1]
        last = _last(table, self.name)
        if last is None or last < ask.session:
            why = (
                Text("it ends on {last}", last=last)
                if last
                else Text("it holds no bar from {since} on", since=ask.since)
            )
            return Answer(table=None, reaches=False, problems=(why,))
        return Answer(table=table, own_basis=True)

    def table(self, *, since: str | None = None) -> pa.Table:
        """Every row, or those from a date on; a file without a column of symbols is called after itself.

        Raises
        ------
        SourceError : no files of bars there, or one that cannot be read.
        """
        import pyarrow as pa

        tables = [_rows(path, since) for path in self._files()]
        try:
            return tables[0] if len(tables) == 1 else pa.concat_tables(tables, promote_options="permissive")
        except pa.ArrowException as error:
            raise SourceError(
                "the files of '{name}' do not fit together ({error})", name=self.name, error=error
            ) from error

    def _files(self) -> list[Path]:
        if self._path.is_file():
            return [self._path]
        if (self._path / PAGE).is_file():
            return list(kept_files(self._path))
        found = [path for path in self._path.rglob("*") if path.is_file() and path.suffix.lower() in _KINDS]
        shown = [path for path in found if not any(part.startswith(".") for part in path.relative_to(self._path).parts)]
        if not shown:
            raise SourceError(
                "'{path}' holds no bars: expected a .parquet or .csv file, or a folder of them", path=self._path
            )
        return sorted(shown)


class DayFiles:
    """A path with {date} or {yyyymmdd}: a file a session, each in the prices of its own day."""

    def __init__(self, path: str) -> None:
        self.name = path

    def bars(self, ask: Ask) -> Answer:
        """The session's file. Raises SourceError where it holds no table; a file that is not there says nothing."""
        path = Path(dated(self.name, ask.session))
        if not path.is_file():
            return Answer(table=None, reaches=False, problems=(Text("there is no file '{path}'", path=path.name),))
        return Answer(table=read_file(path))


def dated(template: str, session: str) -> str:
    """An address or path with a session in it."""
    return template.replace("{date}", session).replace("{yyyymmdd}", session.replace("-", ""))


def is_dated(template: str) -> bool:
    """Whether it has a place for a session."""
    return "{date}" in template or "{yyyymmdd}" in template


def _rows(path: Path, since: str | None) -> pa.Table:
    table = _late_rows(path, since) if since is not None and path.suffix.lower() in (".parquet", ".pq") else None
    table = read_file(path) if table is None else table
    return table if "symbol" in recognise(table.column_names) else _named(table, path.stem)


def _named(table: pa.Table, symbol: str) -> Any:
    import pyarrow as pa

    return table.append_column("symbol", pa.array([symbol] * table.num_rows, pa.string()))


def _late_rows(path: Path, since: str) -> pa.Table | None:
    """The rows of a Parquet file from a date on, without reading the others; None where its dates are no dates."""
    import duckdb
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        schema = pq.read_schema(path)
        date = recognise(schema.names).get("date")
        if date is None or not (pa.types.is_date(schema.field(date).type) or _plain_stamp(schema.field(date).type)):
            return None
        with duckdb.connect() as asked:
            column = date.replace('"', '""')
            query = f'SELECT * FROM read_parquet(?::VARCHAR) WHERE "{column}" >= CAST(? AS DATE)'
            return asked.sql(query, params=[str(path), since]).to_arrow_table()
    except (pa.ArrowException, OSError, duckdb.Error) as error:
        raise SourceError("'{path}' is no Parquet file that can be read ({error})", path=path, error=error) from error


def _plain_stamp(kind: Any) -> bool:
    import pyarrow as pa

    return pa.types.is_timestamp(kind) and kind.tz is None


def _last(table: pa.Table, name: str) -> str | None:
    date = recognise(table.column_names).get("date")
    if date is None:
        raise SourceError("'{name}' has no column of dates", name=name)
    return str(np.max(read_days(table.column(date), date).dates)) if table.num_rows else None
