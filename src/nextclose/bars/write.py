"""Bars into a CSV or Parquet file, there whole or not at all."""

from __future__ import annotations

import io
from pathlib import Path

from nextclose.bars.bars import Bars
from nextclose.core.errors import NextcloseError, SettingsError
from nextclose.core.files import replace_bytes


def write_bars(bars: Bars, path: Path) -> None:
    """Columns symbol, date, open, high, low, close, volume and any further ones, as `load_bars` reads them.

    Raises
    ------
    SettingsError : a name that ends neither in .csv nor in .parquet, or a folder that is not there.
    NextcloseError : the file cannot be written.
    """
    kind = path.suffix.lower()
    if kind not in (".csv", ".parquet", ".pq"):
        raise SettingsError("cannot write '{path}': expected a name that ends in .csv or .parquet", path=path)
    if not path.parent.is_dir():
        raise SettingsError("cannot write '{path}': there is no folder '{folder}'", path=path, folder=path.parent)
    try:
        replace_bytes(path, _csv(bars) if kind == ".csv" else _parquet(bars))
    except OSError as error:
        raise NextcloseError("cannot write '{path}': {error}", path=path, error=error.strerror or error) from error


def _csv(bars: Bars) -> bytes:
    return bars.to_pandas().to_csv(index=False).encode()


def _parquet(bars: Bars) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    sink = io.BytesIO()
    pq.write_table(pa.table(bars), sink)
    return sink.getvalue()
