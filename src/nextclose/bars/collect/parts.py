"""The Parquet files of a kept set: written, merged, rescaled, read. No file is ever changed; another takes its place.

Files follow one another in time, so rows of a symbol stand in the order of their dates however many files there are.
New sessions go into a small file of their own; where there are many, the latest ones are merged into one.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from nextclose.bars.bars import PRICES
from nextclose.bars.kept import BARS, Part
from nextclose.core.errors import SavedRunError
from nextclose.core.files import settle

if TYPE_CHECKING:
    import pyarrow as pa

MOST = 12
"""Files from which on the latest are merged."""
GROUP = 122_880
"""Rows of a row group: a reader of a few symbols unpacks few of them."""
SCALED = (*PRICES, "reference")
"""Columns that a split changes. Volumes stay as they were traded, as KRX's adjusted series have them."""
_BESIDE = ".new.partial"
_CHUNK = 1 << 22


def schema(columns: Sequence[str]) -> pa.Schema:
    """The columns of every file: those of bars, the reference price, and a set's further ones."""
    import pyarrow as pa

    numbers = (*PRICES, "volume", "reference", *columns)
    return pa.schema(
        [("symbol", pa.string()), ("date", pa.date32()), *((name, pa.float64()) for name in numbers)],
    )


def write_part(folder: Path, tables: Iterable[pa.Table], columns: Sequence[str]) -> Part:
    """One file of the tables' rows in their order, named after its dates and its content. Raises OSError."""
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    where = folder / BARS
    where.mkdir(parents=True, exist_ok=True)
    beside = where / _BESIDE
    rows, ends = 0, []
    try:
        packing = {"compression": "zstd", "use_dictionary": ["symbol", "date"]}
        with beside.open("wb") as sink, pq.ParquetWriter(sink, schema(columns), **packing) as writer:
            for table in tables:
                writer.write_table(table, row_group_size=GROUP)
                rows += table.num_rows
                ends.append(pc.min_max(table["date"]).as_py())
        found = sha256(beside)
        with beside.open("rb+") as file:
            os.fsync(file.fileno())
        first, last = min(end["min"] for end in ends), max(end["max"] for end in ends)
        name = f"{first}_{last}_{found[:12]}.parquet"
        os.replace(beside, where / name)
        settle(where)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
    return Part(name=name, rows=rows, first=str(first), last=str(last), sha256=found)


def add(folder: Path, files: Sequence[Part], table: pa.Table, columns: Sequence[str]) -> tuple[Part, ...]:
    """The files with some rows more, whose dates may be new or lie among those that are there."""
    import pyarrow.compute as pc

    first, last = (str(day) for day in pc.min_max(table["date"]).as_py().values())
    before = [part for part in files if part.last < first]
    after = [part for part in files if part.first > last]
    among = [part for part in files if part not in before and part not in after]
    merged = _write_sorted(folder, [*(read_part(folder, part) for part in among), table], columns)
    return _few(folder, (*before, merged, *after), columns)


def _few(folder: Path, files: tuple[Part, ...], columns: Sequence[str]) -> tuple[Part, ...]:
    """The files, and not many: the latest become one, and the ones before with them unless they are much larger."""
    if len(files) <= MOST:
        return files
    taken, rows = 1, files[-1].rows
    while taken < len(files) and (taken == 1 or files[-taken - 1].rows <= 2 * rows):
        taken += 1
        rows += files[-taken].rows
    return (*files[:-taken], _write_sorted(folder, [read_part(folder, part) for part in files[-taken:]], columns))


def rescale(
    folder: Path, files: Sequence[Part], ratios: Mapping[str, float], before: str, columns: Sequence[str]
) -> tuple[Part, ...]:
    """The files with some symbols' prices before a session multiplied by their ratios."""
    return tuple(
        _rescaled(folder, part, ratios, before, columns)
        if part.first < before and _holds(folder, part, ratios)
        else part
        for part in files
    )


def scaled(table: pa.Table, ratios: Mapping[str, float], before: str) -> pa.Table:
    """A table with some symbols' prices before a session multiplied; volumes as they are."""
    import pyarrow as pa
    import pyarrow.compute as pc

    wanted = pc.index_in(table["symbol"], value_set=pa.array(list(ratios), pa.string()))
    at = pc.fill_null(wanted, -1).to_numpy()
    early = table["date"].to_numpy() < np.datetime64(before, "D")
    if not ((at >= 0) & early).any():
        return table
    factor = np.where((at >= 0) & early, np.array([*ratios.values(), 1.0])[at], 1.0)
    for name in SCALED:
        column = pc.multiply(table[name], pa.array(factor))
        table = table.set_column(table.column_names.index(name), name, column)
    return table


def _rescaled(folder: Path, part: Part, ratios: Mapping[str, float], before: str, columns: Sequence[str]) -> Part:
    """Row group by row group, so that a large file needs little memory."""
    return write_part(folder, (scaled(table, ratios, before) for table in _groups(folder, part)), columns)


def _holds(folder: Path, part: Part, symbols: Iterable[str]) -> bool:
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    with _reading(folder, part):
        own = pq.read_table(folder / BARS / part.name, columns=["symbol"], read_dictionary=["symbol"])["symbol"]
    return bool(
        pc.any(pc.is_in(pc.unique(own).cast(pa.string()), value_set=pa.array(list(symbols), pa.string()))).as_py()
    )


def _write_sorted(folder: Path, tables: Sequence[pa.Table], columns: Sequence[str]) -> Part:
    import pyarrow as pa

    return write_part(folder, [by_symbol(pa.concat_tables(tables))], columns)


def by_symbol(table: pa.Table) -> pa.Table:
    """Rows by symbol, then by date; those of one symbol and date in the order that they have."""
    import pyarrow as pa
    import pyarrow.compute as pc

    names = pa.array(sorted(pc.unique(table["symbol"]).to_pylist()), pa.string())
    codes = pc.index_in(table["symbol"], value_set=names).to_numpy().astype(np.int64)
    keys = codes * 10**7 + table["date"].to_numpy().astype("datetime64[D]").astype(np.int64)
    if (np.diff(keys) >= 0).all():
        return table
    return table.take(np.argsort(keys, kind="stable"))


def read_part(folder: Path, part: Part) -> pa.Table:
    """A whole file. Raises SavedRunError where it is damaged."""
    import pyarrow.parquet as pq

    with _reading(folder, part):
        return pq.read_table(folder / BARS / part.name)


def read_since(folder: Path, files: Sequence[Part], since: str, columns: Sequence[str]) -> pa.Table:
    """The rows from a date on, without reading the others. Raises SavedRunError where a file is damaged."""
    late = [part for part in files if part.last >= since]
    if not late:
        return schema(columns).empty_table()
    query = (
        "SELECT * EXCLUDE (filename, file_row_number) FROM read_parquet(?::VARCHAR[], filename=true, file_row_number=true) "
        "WHERE date >= CAST(? AS DATE) ORDER BY filename, file_row_number"
    )
    with _reading(folder, late[0]), _duckdb() as asked:
        return asked.sql(query, params=[_paths(folder, late), since]).to_arrow_table().cast(schema(columns))


def symbols_and_sessions(folder: Path, files: Sequence[Part]) -> tuple[list[str], list[str]]:
    """What is in all files together, both sorted. Raises SavedRunError where a file is damaged."""
    if not files:
        return [], []
    with _reading(folder, files[0]), _duckdb() as asked:
        found = [
            asked.sql(
                f"SELECT DISTINCT CAST({column} AS VARCHAR) FROM read_parquet(?::VARCHAR[]) ORDER BY 1",
                params=[_paths(folder, files)],
            ).fetchall()
            for column in ("symbol", "date")
        ]
    symbols, sessions = ([row[0] for row in rows] for rows in found)
    return symbols, sessions


def _duckdb() -> Any:
    import duckdb

    return duckdb.connect(config={"threads": 2})


def _paths(folder: Path, files: Sequence[Part]) -> list[str]:
    return [str(folder / BARS / part.name) for part in files]


def check_parts(folder: Path, files: Sequence[Part]) -> None:
    """Raise SavedRunError unless every file is the one that the page lists."""
    for part in files:
        path = folder / BARS / part.name
        if not path.is_file() or sha256(path) != part.sha256:
            raise SavedRunError(
                "'{path}' is missing, or is not the file that set.json lists. Put it back from a copy, or make the set anew "
                "in another folder.",
                path=path,
            )


def sweep(folder: Path, files: Sequence[Part]) -> None:
    """Take away what no page lists: files whose place others took, and what a killed update left."""
    listed = {part.name for part in files}
    for path in (folder / BARS).glob("*.parquet"):
        if path.name not in listed:
            path.unlink(missing_ok=True)
    (folder / BARS / _BESIDE).unlink(missing_ok=True)


def sha256(path: Path) -> str:
    """Hash of a file's bytes."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def _groups(folder: Path, part: Part) -> Iterator[pa.Table]:
    import pyarrow.parquet as pq

    with _reading(folder, part), pq.ParquetFile(folder / BARS / part.name) as file:
        for number in range(file.num_row_groups):
            yield file.read_row_group(number)


class _reading:  # noqa: N801
    """Whatever keeps a file from being read becomes one message that names it."""

    def __init__(self, folder: Path, part: Part) -> None:
        self.path = folder / BARS / part.name

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        import duckdb
        import pyarrow as pa

        if isinstance(error, pa.ArrowException | duckdb.Error):
            raise SavedRunError(
                "'{path}' is damaged and cannot be read ({error}). Put it back from a copy, or make the set anew in another "
                "folder.",
                path=self.path, error=str(error).splitlines()[0],
            ) from error  # fmt: skip
