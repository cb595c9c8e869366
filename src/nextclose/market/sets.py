"""Where a market's bars lie: a Parquet file, a folder or a glob of Parquet or CSV files, read a few symbols at a time."""

from __future__ import annotations

import glob
import hashlib
import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from nextclose.bars.bars import Bars
from nextclose.bars.headers import recognise
from nextclose.bars.kept import PAGE, kept_files
from nextclose.bars.rows import Rows
from nextclose.core.errors import SourceError, UserError
from nextclose.core.types import Dates, Ints

PARQUET, CSV = (".parquet", ".pq"), (".csv", ".txt", ".tsv")
_CHUNK = 1 << 22


@dataclass(frozen=True, kw_only=True, eq=False)
class Scan:
    """What a first look at a set tells of its S symbols and their T dates."""

    names: tuple[str, ...]
    """As the set writes them, sorted."""
    symbols: tuple[str, ...]
    """As we write them: numbers are Korean codes."""
    rows: Ints
    """(S,)"""
    first: Dates
    """(S,) NaT where no row has a date."""
    last: Dates
    """(S,)"""
    problems: tuple[UserError | None, ...]
    """Why a symbol cannot even be looked at."""
    dates: Dates
    """(T,) every date that some row has."""
    counts: Ints
    """(T,) symbols that have a row on it."""
    unnamed: int = 0
    """Rows that name no symbol."""


class BarSet(Protocol):
    """Many symbols' bars."""

    files: tuple[Path, ...]

    def scan(self) -> Scan:
        """Symbols and dates, in one pass."""

    def traded(self, before: np.datetime64) -> dict[str, float]:
        """Name -> median of close times volume over the rows before a date; missing where there is none."""

    def read(
        self, names: Sequence[str], faults: str, since: np.datetime64 | None = None
    ) -> Iterator[tuple[str, Bars | UserError]]:
        """(name, its bars or why there are none) for each of some symbols, in their order; only those from a day on."""

    def unchecked(self, names: Sequence[str]) -> dict[str, Rows]:
        """Name -> its rows as they stand, those that `read` leaves out included; missing where they cannot be read."""


def open_set(source: str) -> BarSet:
    """The set that a path, a folder or a glob names.

    Raises
    ------
    SourceError : nothing there, or files that are neither Parquet nor CSV.
    """
    from nextclose.market.file_set import FileSet, partition_of
    from nextclose.market.parquet_set import ParquetSet

    files = find_files(source)
    kinds = {_kind(path) for path in files}
    if len(kinds) > 1:
        raise SourceError("'{source}' mixes Parquet and CSV files: expected one kind of them", source=source)
    if kinds == {"csv"} or partition_of(files[0]) is not None or not _all_name_symbols(files):
        return FileSet(files, source)
    return ParquetSet(files, source)


def headers(path: Path) -> list[str]:
    """The columns of a Parquet file. Raises SourceError where it is none that can be read."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return list(pq.read_schema(path).names)
    except (pa.ArrowException, OSError) as error:
        raise SourceError("'{path}' is no Parquet file that can be read ({error})", path=path, error=error) from error


def find_files(source: str) -> tuple[Path, ...]:
    """The files of a set, sorted by name; of a folder that `nextclose data update` keeps those that its set.json lists.

    Raises
    ------
    SourceError : there are none. SavedRunError : a set.json that is damaged, or that lists a file that is not there.
    """
    path = Path(source)
    if path.is_file():
        return (path,)
    if (path / PAGE).is_file():
        return kept_files(path)
    if path.is_dir():
        found = [inside for inside in path.rglob("*") if inside.is_file() and _kind(inside)]
    else:
        found = [Path(name) for name in glob.glob(source, recursive=True) if Path(name).is_file() and _kind(Path(name))]
    files = tuple(sorted(file for file in found if not any(part.startswith((".", "_")) for part in _below(file, path))))
    if not files:
        raise SourceError(
            "'{source}' holds no bars: expected a .parquet file, a folder of Parquet or CSV files, or a glob of them such as "
            "'prices/*.csv'",
            source=source,
        )
    return files


def fingerprint(files: Sequence[Path]) -> str:
    """SHA-256 over the names and bytes of a set's files: the same set, the same hash, wherever its folder lies.

    Raises SourceError where a file cannot be read.
    """
    digest, folder = hashlib.sha256(), Path(os.path.commonpath([path.parent for path in files]))
    for path in files:
        name = path.relative_to(folder).as_posix()
        try:
            digest.update(f"{name}\0{path.stat().st_size}\0".encode())
            with path.open("rb") as file:
                while chunk := file.read(_CHUNK):
                    digest.update(chunk)
        except OSError as error:
            raise SourceError("'{path}' cannot be read ({error})", path=path, error=error.strerror or error) from error
    return digest.hexdigest()


def _all_name_symbols(files: Sequence[Path]) -> bool:
    """Whether each file has a column of symbols, as far as it can be read."""
    for path in files:
        with suppress(SourceError):
            if "symbol" not in recognise(headers(path)):
                return False
    return True


def _below(file: Path, folder: Path) -> tuple[str, ...]:
    """The parts of a path inside a folder; its name alone where it lies elsewhere."""
    return file.relative_to(folder).parts if file.is_relative_to(folder) else (file.name,)


def _kind(path: Path) -> str:
    suffix = path.suffix.lower()
    return "parquet" if suffix in PARQUET else "csv" if suffix in CSV else ""
