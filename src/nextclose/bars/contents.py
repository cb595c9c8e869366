"""What a file of bars holds, found out before its rows are read."""

from __future__ import annotations

from pathlib import Path

from nextclose.bars.headers import recognise
from nextclose.bars.rows import read_sheet
from nextclose.bars.tables import read_file, starts_with, symbols_in
from nextclose.core.errors import SourceError


def symbols_of(path: Path, *, most_cells: int | None = None) -> tuple[str, ...]:
    """The symbols in a file, as it writes them, sorted; none where it has no symbol column.

    Parameters
    ----------
    most_cells : refuse a Parquet file of more rows times columns, which a small file can unfold to.

    Raises
    ------
    SourceError : nothing readable there, or too much.
    """
    if not path.is_file() or not (path.suffix.lower() in (".parquet", ".pq") or starts_with(path, b"PAR1")):
        return read_sheet(read_file(path), str(path)).names()
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        schema, about = pq.read_schema(path), pq.read_metadata(path)
    except (pa.ArrowException, OSError) as error:
        raise SourceError("'{path}' is no Parquet file that can be read ({error})", path=path, error=error) from error
    if most_cells is not None and about.num_rows * about.num_columns > most_cells:
        raise SourceError(
            "'{path}' holds {rows} rows of {columns} columns: more than can be opened here. Write a file with fewer symbols.",
            path=path,
            rows=about.num_rows,
            columns=about.num_columns,
        )
    header = recognise(schema.names).get("symbol")
    return () if header is None else tuple(symbols_in(path, header))
