"""Frozen copies of what a live source said, so that a rerun gives the same numbers.

<cache>/yahoo/AAPL.parquet    the table as it was fetched
<cache>/yahoo/AAPL.json       when, from where, and the table's sha256
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa


def cache_folder() -> Path:
    """Where snapshots lie: $NEXTCLOSE_CACHE, or the platform's folder for caches."""
    chosen = os.environ.get("NEXTCLOSE_CACHE")
    if chosen:
        return Path(chosen)
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData" / "Local")) / "nextclose"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "nextclose"
    return Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "nextclose"


def read_snapshot(source: str, symbol: str) -> pa.Table | None:
    """The frozen table; None where there is none or it is not what was written."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    table, page = _paths(source, symbol)
    try:
        said = json.loads(page.read_text(encoding="utf-8"))["sha256"]
        data = table.read_bytes()
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return pq.read_table(pa.BufferReader(data)) if hashlib.sha256(data).hexdigest() == said else None


def write_snapshot(source: str, symbol: str, table: pa.Table, fetched: str) -> None:
    """Freeze `table`; each file is written beside and renamed, the page last."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    path, page = _paths(source, symbol)
    path.parent.mkdir(parents=True, exist_ok=True)
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink)
    data = sink.getvalue().to_pybytes()
    _replace(path, data)
    said = {"source": source, "symbol": symbol, "fetched": fetched, "sha256": hashlib.sha256(data).hexdigest()}
    _replace(page, json.dumps(said, indent=1).encode())


def _paths(source: str, symbol: str) -> tuple[Path, Path]:
    stem = cache_folder() / source / re.sub(r"[^\w.^=-]", "_", symbol)
    return stem.with_name(stem.name + ".parquet"), stem.with_name(stem.name + ".json")


def _replace(path: Path, data: bytes) -> None:
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        beside.write_bytes(data)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
