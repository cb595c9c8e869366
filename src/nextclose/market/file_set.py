"""A market whose symbols lie in files of their own, Parquet or CSV: called after the file, or after its folder symbol=AAPL.

A file may also name its symbols in a column, one of them or several.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from nextclose.bars.bars import Bars
from nextclose.bars.headers import recognise
from nextclose.bars.rows import Rows, read_sheet
from nextclose.bars.symbols import normal_symbol
from nextclose.bars.tables import read_file
from nextclose.core.errors import SourceError, UserError
from nextclose.core.types import Dates, Float64s
from nextclose.market.sets import Scan
from nextclose.market.split_table import split_table

_ESCAPED = re.compile("(?:%[0-9A-Fa-f]{2})+")
"""Bytes of a name that cannot stand in a folder's, as writers of partitions put them."""


@dataclass(frozen=True, kw_only=True, eq=False)
class _Seen:
    """One symbol at a first look, in one file or in several parts."""

    paths: tuple[Path, ...]
    name: str
    symbol: str
    dates: Dates = field(default_factory=lambda: np.empty(0, dtype="datetime64[D]"))
    traded: Float64s = field(default_factory=lambda: np.empty(0))
    problem: UserError | None = None


class FileSet:
    """Files in any dress that `load_bars` knows: delimiters, encodings, English or Korean headers."""

    def __init__(self, files: tuple[Path, ...], source: str) -> None:
        self.files, self.source = files, source

    def scan(self) -> Scan:
        """Symbols and dates, in one pass."""
        seen = list(self._seen.values())
        known = [np.unique(one.dates) for one in seen if len(one.dates)]
        if not known:
            raise next(one.problem for one in seen if one.problem is not None)
        dates, counts = np.unique(np.concatenate(known), return_counts=True)
        return Scan(
            names=tuple(one.name for one in seen),
            symbols=tuple(one.symbol for one in seen),
            rows=np.array([len(one.dates) for one in seen], dtype=np.int64),
            first=np.array([_end(one.dates, np.min) for one in seen], dtype="datetime64[D]"),
            last=np.array([_end(one.dates, np.max) for one in seen], dtype="datetime64[D]"),
            problems=tuple(one.problem for one in seen),
            dates=dates,
            counts=counts.astype(np.int64),
        )

    def traded(self, before: np.datetime64) -> dict[str, float]:
        """Name -> median of close times volume over the rows before a date; missing where there is none."""
        found = {}
        for one in self._seen.values():
            values = one.traded[(one.dates < before) & np.isfinite(one.traded)]
            if len(values):
                found[one.name] = float(np.median(values))
        return found

    def read(
        self, names: Sequence[str], faults: str, since: np.datetime64 | None = None
    ) -> Iterator[tuple[str, Bars | UserError]]:
        """(name, its bars or why there are none) for each of some symbols, in their order; only those from a day on."""
        for name in names:
            try:
                table, path = self._table(name)
                for _, found in split_table(table, [name], faults, str(path)):
                    yield name, found.between(since, None) if isinstance(found, Bars) else found
            except UserError as error:
                yield name, error

    def unchecked(self, names: Sequence[str]) -> dict[str, Rows]:
        """Name -> its rows as they stand, those that `read` leaves out included; missing where they cannot be read."""
        found: dict[str, Rows] = {}
        for name in names:
            with suppress(UserError):
                table, path = self._table(name)
                found |= dict(read_sheet(table, str(path)).each())
        return found

    def _table(self, name: str) -> tuple[Any, Path]:
        """The rows of a symbol and their first file; whoever asks for a few symbols need not look at the others."""
        paths = self._by_path.get(name, ())
        table = _read(paths, name) if paths else None
        if table is None:
            paths = self._seen[name].paths
            table = _read(paths, name)
        return table, paths[0]

    @cached_property
    def _by_path(self) -> dict[str, tuple[Path, ...]]:
        """Name -> the files that bear it."""
        found: dict[str, tuple[Path, ...]] = {}
        for path in self.files:
            found[path_name(path)] = (*found.get(path_name(path), ()), path)
        return found

    @cached_property
    def _seen(self) -> Mapping[str, _Seen]:
        """Every symbol, sorted by name. Raises SourceError for a name that stands in two files that are no parts of one."""
        seen: dict[str, _Seen] = {}
        for name, paths in self._by_path.items():
            parted = partition_of(paths[0]) is not None
            for group in [paths] if parted else [(path,) for path in paths]:
                for one in _look(group, name):
                    if one.name in seen:
                        raise SourceError(
                            "symbol '{symbol}' stands in several files of '{source}', such as '{one}' and '{other}': "
                            "expected one",
                            symbol=one.name, source=self.source, one=seen[one.name].paths[0], other=one.paths[0],
                        )  # fmt: skip
                    seen[one.name] = one
        return dict(sorted(seen.items()))


def partition_of(path: Path) -> str | None:
    """The symbol of a partition: 005930 for symbol=005930/part-0.parquet; None where no folder names one."""
    for folder in path.parts[-2::-1]:
        key, sign, value = folder.partition("=")
        if sign and "symbol" in recognise([key]):
            return _ESCAPED.sub(lambda found: bytes.fromhex(found[0].replace("%", "")).decode(errors="replace"), value)
    return None


def path_name(path: Path) -> str:
    """What a file's path calls its symbol."""
    found = partition_of(path)
    return path.stem if found is None else found


def _look(paths: tuple[Path, ...], name: str) -> Iterator[_Seen]:
    """The symbols of a file, or of all parts of one symbol."""
    try:
        table = _rows(paths)
        sheet = read_sheet(table, str(paths[0]))
    except UserError as error:
        yield _Seen(paths=paths, name=name, symbol=name, problem=error)
        return
    if sheet.symbols is None or partition_of(paths[0]) is not None:
        rows = sheet.rows
        yield _Seen(paths=paths, name=name, symbol=name, dates=rows.dates, traded=rows.close * rows.volume)
        return
    for own, rows in sheet.each():
        symbol = normal_symbol(own, numeric=sheet.numeric)
        yield _Seen(paths=paths, name=own, symbol=symbol, dates=rows.dates, traded=rows.close * rows.volume)


def _read(paths: Sequence[Path], name: str) -> Any:
    """The rows of a symbol with a column `symbol`; None where the files name other symbols."""
    import pyarrow as pa
    import pyarrow.compute as pc

    table = _rows(paths)
    header = recognise(table.column_names).get("symbol")
    if partition_of(paths[0]) is not None:
        table = table if header is None else table.drop_columns([header])
        header = None
    if header is None:
        return table.append_column("symbol", pa.array([name] * table.num_rows, pa.string()))
    table = table.rename_columns(["symbol" if own == header else own for own in table.column_names])
    own = table.filter(pc.equal(table.column("symbol").cast(pa.string()), name))
    return own if own.num_rows else None


def _rows(paths: Sequence[Path]) -> Any:
    """The rows of some files, one below the other."""
    import pyarrow as pa

    try:
        tables = [read_file(path) for path in paths]
        return tables[0] if len(tables) == 1 else pa.concat_tables(tables, promote_options="permissive")
    except (OSError, UnicodeError, pa.ArrowException) as error:
        raise SourceError("'{path}' cannot be read ({error})", path=paths[0], error=error) from error


def _end(dates: Dates, pick: Any) -> np.datetime64:
    return pick(dates) if len(dates) else np.datetime64("NaT", "D")
