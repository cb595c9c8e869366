"""A table of several symbols' rows as bars, symbol by symbol."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from nextclose.bars.bars import Bars
from nextclose.bars.load import make_bars
from nextclose.bars.rows import Sheet, read_sheet
from nextclose.bars.symbols import normal_symbol
from nextclose.core.errors import SourceError, UserError


def split_table(table: Any, names: Sequence[str], faults: str, source: str) -> Iterator[tuple[str, Bars | UserError]]:
    """(name, its bars or why there are none) from rows of several symbols.

    Each symbol's rows mean what they would mean alone: one whose dates are none, or have a time of day, spoils no other.
    """
    sheet = _together(table, source)
    rows = {} if sheet is None else dict(sheet.each())
    for name in names:
        try:
            own = sheet if name in rows else None
            own = own or read_sheet(_only(table, name), source)
            yield name, _bars(name, rows[name] if name in rows else dict(own.each())[name], own, faults, source)
        except UserError as error:
            yield name, error


def _together(table: Any, source: str) -> Sheet | None:
    """All symbols at once; None where each must be read by itself."""
    try:
        sheet = read_sheet(table, source)
    except SourceError:
        return None
    return None if sheet.timed else sheet


def _bars(name: str, rows: Any, sheet: Sheet, faults: str, source: str) -> Bars:
    plain = normal_symbol(name, numeric=sheet.numeric)
    return make_bars(replace(rows, symbol=plain), faults, source, timed=sheet.timed, renamed_from=name)


def _only(table: Any, name: str) -> Any:
    import pyarrow as pa
    import pyarrow.compute as pc

    return table.filter(pc.equal(table.column("symbol").cast(pa.string()), name))
