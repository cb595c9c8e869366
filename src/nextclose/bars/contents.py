"""What a file of bars holds, found out before its rows are read."""

from __future__ import annotations

import re
from pathlib import Path

from nextclose.bars.headers import recognise
from nextclose.bars.rows import read_sheet
from nextclose.bars.tables import DELIMITERS, read_file, starts_with, symbols_in
from nextclose.core.errors import SourceError

BEFORE = b"\xef\xbb\xbf\xff\xfe\0 \t\r\n"
"""What may stand before a header: byte order marks and empty lines."""


def symbols_of(path: Path, *, most_cells: int | None = None, most_columns: int | None = None) -> tuple[str, ...]:
    """The symbols in a file, as it writes them, sorted; none where it has no symbol column.

    Parameters
    ----------
    most_cells : refuse a Parquet file of more rows times columns, which a small file can unfold to.
    most_columns : refuse a file of more columns, each of which costs kilobytes however little it holds.

    Raises
    ------
    SourceError : nothing readable there, or too much.
    """
    if not path.is_file() or not (path.suffix.lower() in (".parquet", ".pq") or starts_with(path, b"PAR1")):
        _check_columns(path, _columns_of(path) if path.is_file() else 0, most_columns)
        return read_sheet(read_file(path), str(path)).names()
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        schema, about = pq.read_schema(path), pq.read_metadata(path)
    except (pa.ArrowException, OSError) as error:
        raise SourceError("'{path}' is no Parquet file that can be read ({error})", path=path, error=error) from error
    _check_columns(path, about.num_columns, most_columns)
    if most_cells is not None and about.num_rows * about.num_columns > most_cells:
        raise SourceError(
            "'{path}' holds {rows} rows of {columns} columns: more than can be opened here. Write a file with fewer symbols.",
            path=path,
            rows=about.num_rows,
            columns=about.num_columns,
        )
    header = recognise(schema.names).get("symbol")
    return () if header is None else tuple(symbols_in(path, header))


def _columns_of(path: Path) -> int:
    """About how many columns the header of a text file names."""
    header = re.split(rb"[\r\n]", path.read_bytes().lstrip(BEFORE), maxsplit=1)[0]
    return 1 + max(header.count(mark.encode()) for mark in DELIMITERS)


def _check_columns(path: Path, columns: int, most: int | None) -> None:
    if most is not None and columns > most:
        raise SourceError(
            "'{path}' has {columns} columns, and at most {most} can be opened here. Keep those of daily bars.",
            path=path,
            columns=columns,
            most=most,
        )
