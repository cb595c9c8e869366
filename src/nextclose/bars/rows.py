"""Rows as a source gave them: columns of equal length, not yet checked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from nextclose.bars.days import read_days
from nextclose.bars.headers import WANTED, further, recognise
from nextclose.bars.numbers import read_numbers, read_own
from nextclose.core.errors import SourceError
from nextclose.core.types import Bools, Dates, Float64s, Ints

if TYPE_CHECKING:
    import pyarrow as pa

NUMBERS = ("open", "high", "low", "close", "volume", "adj_close")


@dataclass(frozen=True, kw_only=True, eq=False)
class Rows:
    """The rows of one symbol in the source's order."""

    symbol: str
    dates: Dates
    open: Float64s
    high: Float64s
    low: Float64s
    close: Float64s
    volume: Float64s
    adj_close: Float64s
    """(n,) each; NaN where the source has nothing."""
    text: Bools
    """(n,) whether text stood in a price."""
    extra: Mapping[str, Float64s] = field(default_factory=dict)
    """(n,) each: further columns of numbers."""

    def __len__(self) -> int:
        return len(self.dates)

    def where(self, keep: Bools) -> Rows:
        """The rows of a mask; all of them without a copy where it keeps all."""
        if keep.all():
            return self
        return self.at(keep, self.symbol)

    def at(self, rows: Bools | Ints, symbol: str) -> Rows:
        """The rows of a mask or of row numbers, under a symbol."""
        columns = {name: getattr(self, name)[rows] for name in ("dates", *NUMBERS, "text")}
        return Rows(symbol=symbol, **columns, extra={name: values[rows] for name, values in self.extra.items()})


@dataclass(frozen=True, kw_only=True, eq=False)
class Sheet:
    """A table whose columns are recognised and read; several symbols, perhaps."""

    symbols: pa.ChunkedArray | None
    """(n,) or None where the table names none."""
    rows: Rows
    """All rows, under no symbol yet."""
    has_adjusted: bool
    timed: bool
    """Whether the dates carry a time of day."""

    @property
    def numeric(self) -> bool:
        """Whether the symbols are numbers: Korean codes that may have lost their zeros."""
        import pyarrow as pa

        return self.symbols is not None and not (
            pa.types.is_string(self.symbols.type)
            or pa.types.is_large_string(self.symbols.type)
            or pa.types.is_string_view(self.symbols.type)
            or pa.types.is_dictionary(self.symbols.type)
        )

    def names(self) -> tuple[str, ...]:
        """The symbols in the table, sorted."""
        if self.symbols is None:
            return ()
        import pyarrow.compute as pc

        return tuple(sorted(str(name) for name in pc.unique(self.symbols).to_pylist()))

    def of(self, name: str) -> Rows:
        """The rows of one symbol."""
        import pyarrow as pa
        import pyarrow.compute as pc

        assert self.symbols is not None
        wanted = pc.equal(self.symbols.cast(pa.string()), name).to_numpy()
        return self.rows.where(np.asarray(wanted, dtype=bool))

    def each(self) -> Iterator[tuple[str, Rows]]:
        """(symbol, its rows) for every symbol, in one pass over a table sorted by symbol or not."""
        encoded = self.symbols.combine_chunks().dictionary_encode()  # type: ignore[union-attr]
        codes = encoded.indices.to_numpy()
        order = np.argsort(codes, kind="stable")
        edges = np.flatnonzero(np.diff(codes[order], prepend=-1, append=len(encoded.dictionary)))
        for low, high in pairwise(edges.tolist()):
            picked = order[low:high]
            name = str(encoded.dictionary[int(codes[picked[0]])].as_py())
            yield name, self.rows.at(picked, name)


def read_sheet(table: pa.Table, source: str, *, extra: bool = False) -> Sheet:
    """The bars in a table, with its further columns of numbers where `extra` asks for them.

    Raises
    ------
    SourceError : columns that are not there, no rows, or dates that are none.
    """
    found = recognise(table.column_names)
    missing = [name for name in WANTED if name not in found]
    if missing:
        raise SourceError(
            "'{source}' has no column for {missing}. Found {found}; wanted date, open, high, low, close and, if there is "
            "one, volume (or 일자, 시가, 고가, 저가, 종가, 거래량).",
            source=source,
            missing=", ".join(missing),
            found=", ".join(table.column_names) or "nothing",
        )
    if table.num_rows == 0:
        raise SourceError("'{source}' has a header but no rows", source=source)
    days = read_days(table.column(found["date"]), found["date"])
    columns, text = {}, np.zeros(table.num_rows, dtype=bool)
    for name in NUMBERS:
        if name in found:
            columns[name], wrong = read_numbers(table.column(found[name]))
            text |= wrong & (name != "volume")
        else:
            columns[name] = np.full(table.num_rows, np.nan)
    return Sheet(
        symbols=table.column(found["symbol"]) if "symbol" in found else None,
        rows=Rows(symbol="", dates=days.dates, **columns, text=text, extra=_extra(table, found) if extra else {}),
        has_adjusted="adj_close" in found,
        timed=days.timed,
    )


def _extra(table: pa.Table, found: Mapping[str, str]) -> dict[str, Float64s]:
    """Name -> values of every further column that holds numbers and nothing else."""
    names = table.column_names
    read = {name: read_own(table.column(names.index(name))) for name in further(names, found)}
    return {name: values for name, values in read.items() if values is not None}
