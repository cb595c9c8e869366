"""A market in CSV files: a symbol a file, called after it, unless a column names the symbols."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from nextclose.bars.bars import Bars
from nextclose.bars.headers import recognise
from nextclose.bars.rows import read_sheet
from nextclose.bars.symbols import normal_symbol
from nextclose.bars.tables import read_file
from nextclose.core.errors import SourceError, UserError
from nextclose.core.types import Dates, Float64s
from nextclose.market.parquet_set import split_table
from nextclose.market.sets import Scan


@dataclass(frozen=True, kw_only=True, eq=False)
class _Seen:
    """One symbol of one file, at a first look."""

    path: Path
    name: str
    dates: Dates = field(default_factory=lambda: np.empty(0, dtype="datetime64[D]"))
    traded: Float64s = field(default_factory=lambda: np.empty(0))
    problem: UserError | None = None


class CsvSet:
    """CSV files in any dress that `load_bars` knows: delimiters, encodings, English or Korean headers."""

    def __init__(self, files: tuple[Path, ...], source: str) -> None:
        self.files, self.source = files, source

    def scan(self) -> Scan:
        """Symbols and dates, in one pass."""
        seen = self._seen
        known = [np.unique(one.dates) for one in seen if len(one.dates)]
        if not known:
            raise next(one.problem for one in seen if one.problem is not None)
        dates, counts = np.unique(np.concatenate(known), return_counts=True)
        return Scan(
            names=tuple(one.name for one in seen),
            symbols=tuple(normal_symbol(one.name, numeric=False) for one in seen),
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
        for one in self._seen:
            values = one.traded[(one.dates < before) & np.isfinite(one.traded)]
            if len(values):
                found[one.name] = float(np.median(values))
        return found

    def read(self, names: Sequence[str], faults: str) -> Iterator[tuple[str, Bars | UserError]]:
        """(name, its bars or why there are none) for each of some symbols, in their order."""
        by_stem = {path.stem: path for path in self.files}
        by_name = by_stem if set(names) <= set(by_stem) else {one.name: one.path for one in self._seen}
        for name in names:
            try:
                yield from split_table(_named(by_name[name], name), [name], faults, str(by_name[name]))
            except UserError as error:
                yield name, error

    @cached_property
    def _seen(self) -> list[_Seen]:
        """Every symbol of every file, sorted by name. Raises SourceError for a name that stands in two files."""
        seen = sorted((one for path in self.files for one in _look(path)), key=lambda one: one.name)
        name, times = Counter(one.name for one in seen).most_common(1)[0]
        if times > 1:
            paths = [str(one.path) for one in seen if one.name == name]
            raise SourceError(
                "symbol '{symbol}' stands in {count} files of '{source}', such as '{one}' and '{other}': expected one",
                symbol=name, count=times, source=self.source, one=paths[0], other=paths[1],
            )  # fmt: skip
        return seen


def _look(path: Path) -> Iterator[_Seen]:
    try:
        sheet = read_sheet(read_file(path), str(path))
    except UserError as error:
        yield _Seen(path=path, name=path.stem, problem=error)
        return
    for name, rows in sheet.each() if sheet.symbols is not None else [(path.stem, sheet.rows)]:
        yield _Seen(path=path, name=name, dates=rows.dates, traded=rows.close * rows.volume)


def _named(path: Path, name: str) -> Any:
    """A file's table with a column `symbol`."""
    import pyarrow as pa

    table = read_file(path)
    header = recognise(table.column_names).get("symbol")
    if header is None:
        return table.append_column("symbol", pa.array([name] * table.num_rows, pa.string()))
    return table.rename_columns(["symbol" if own == header else own for own in table.column_names])


def _end(dates: Dates, pick: Any) -> np.datetime64:
    return pick(dates) if len(dates) else np.datetime64("NaT", "D")
