"""A source's answer as rows that a set can hold: columns recognised, numbers read, what is faulty counted and left out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from nextclose.bars.bars import PRICES
from nextclose.bars.collect.parts import schema
from nextclose.bars.headers import recognise
from nextclose.bars.references import reference_prices
from nextclose.bars.rows import Sheet, read_sheet
from nextclose.bars.symbols import normal_symbol
from nextclose.core.errors import SourceError
from nextclose.core.lang import Text
from nextclose.core.types import Bools, Float64s, Ints

if TYPE_CHECKING:
    import pyarrow as pa

SAME = 0.5
"""Share of the symbols whose bars are those of the session before, from which on the answer is taken to be that session's."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Tidy:
    """Rows in the columns of a set."""

    table: pa.Table
    problems: tuple[Text, ...] = ()


def as_given(table: pa.Table, source: str, columns: Sequence[str] | None = None) -> tuple[pa.Table, tuple[str, ...]]:
    """All rows of a file from which a set is made, faults included, and the names of its further columns of numbers.

    Raises
    ------
    SourceError : no bars of several symbols.
    """
    sheet = _sheet(table, source, extra=True)
    wanted = tuple(sheet.rows.extra) if columns is None else tuple(columns)
    return _canonical(sheet, reference_prices(table, sheet.rows.close), wanted), wanted


def tidy(table: pa.Table, source: str, columns: Sequence[str], session: str) -> Tidy:
    """The rows of an answer that can be used; one without dates is of the session asked for.

    A row is left out that has no symbol, a price that is text, missing or not positive (a suspended day has a close alone),
    or that contradicts another of the same symbol and date. What lies outside [low, high] is kept: readers judge it.

    Raises
    ------
    SourceError : no table of bars.
    """
    import pyarrow as pa

    if "date" not in recognise(table.column_names) and table.num_columns:
        table = table.append_column("date", pa.array([session] * table.num_rows, pa.string()))
    if table.num_rows == 0:
        return Tidy(table=schema(columns).empty_table())
    sheet = _sheet(table, source, extra=bool(columns))
    made = _canonical(sheet, reference_prices(table, sheet.rows.close), columns)
    usable = _usable(sheet)
    once = _once(made, usable)
    counted = (
        (int(np.count_nonzero(~usable)), Text("{count} rows have text or nothing where a price belongs")),
        (int(np.count_nonzero(usable & ~once)), Text("{count} rows stand twice or contradict another")),
    )
    problems = tuple(Text(text.template, count=count) for count, text in counted if count)
    return Tidy(table=made.filter(pa.array(usable & once)), problems=problems)


def is_of_before(rows: pa.Table, before: pa.Table) -> bool:
    """Whether an answer holds the bars of the session before once more, whatever date it says."""
    names = (*PRICES, "volume")
    both = rows.join(before, keys=["symbol"], join_type="inner", right_suffix=" before").combine_chunks()
    if both.num_rows == 0:
        return False
    traded = both["volume"].to_numpy() > 0.0
    same = np.all([both[name].to_numpy() == both[f"{name} before"].to_numpy() for name in names], axis=0)
    return bool(traded.any() and np.count_nonzero(same & traded) > SAME * np.count_nonzero(traded))


def _sheet(table: pa.Table, source: str, *, extra: bool) -> Sheet:
    names = table.column_names
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise SourceError("'{source}': column '{name}' stands twice", source=source, name=twice[0])
    sheet = read_sheet(table, source, extra=extra)
    if sheet.symbols is None:
        raise SourceError(
            "'{source}' has no column of symbols. Found {found}; wanted symbol, date, open, high, low, close and, if there is "
            "one, volume.",
            source=source, found=", ".join(names),
        )  # fmt: skip
    return sheet


def _canonical(sheet: Sheet, reference: Float64s, columns: Sequence[str]) -> pa.Table:
    """A set's columns, a row each of the sheet."""
    import pyarrow as pa

    rows = sheet.rows
    nothing = np.full(len(rows), np.nan)
    numbers = {name: getattr(rows, name) for name in (*PRICES, "volume")} | {"reference": reference}
    numbers |= {name: rows.extra.get(name, nothing) for name in columns}
    columns_of = [pa.array(numbers[name], from_pandas=True) for name in numbers]
    return pa.Table.from_arrays([_symbols(sheet), pa.array(rows.dates), *columns_of], schema=schema(columns))


def _symbols(sheet: Sheet) -> pa.Array:
    """Names as we write them: numbers are Korean codes."""
    import pyarrow as pa

    encoded = sheet.symbols.combine_chunks().dictionary_encode()  # type: ignore[union-attr]
    names = [None if name is None else str(name).strip() for name in encoded.dictionary.to_pylist()]
    own = [None if not name else normal_symbol(name, numeric=sheet.numeric) for name in names]
    return pa.array(own, pa.string()).take(encoded.indices)


def _usable(sheet: Sheet) -> Bools:
    rows = sheet.rows
    prices = np.stack([rows.open, rows.high, rows.low, rows.close])
    with np.errstate(invalid="ignore"):
        suspended = (prices[:3] == 0.0).all(axis=0) & (rows.close > 0.0)
        whole = np.isfinite(prices).all(axis=0) & (prices > 0.0).all(axis=0)
    usable: Bools = (whole | suspended) & ~rows.text & _named(sheet)
    return usable


def _named(sheet: Sheet) -> Bools:
    import pyarrow.compute as pc

    named: Bools = pc.is_valid(_symbols(sheet)).to_numpy(zero_copy_only=False)
    return named


def _once(table: pa.Table, usable: Bools) -> Bools:
    """Of equal rows of one symbol and date the first; none of those that differ."""
    keys = _keys(table)
    order = np.argsort(keys, kind="stable")
    order = order[usable[order]]
    kept = usable.copy()
    if len(order) < 2:
        return kept
    same = np.diff(keys[order]) == 0
    prices = np.stack([table[name].to_numpy() for name in PRICES])[:, order]
    for at in np.flatnonzero(same):
        kept[order[at + 1]] = False
        if (prices[:, at] != prices[:, at + 1]).any():
            kept[keys == keys[order[at]]] = False
    return kept


def _keys(table: pa.Table) -> Ints:
    """A number a row: equal where symbol and date are."""
    codes = table["symbol"].combine_chunks().dictionary_encode().indices.fill_null(-1).to_numpy().astype(np.int64)
    days: Ints = table["date"].to_numpy().astype("datetime64[D]").astype(np.int64)
    keys: Ints = codes * 10**7 + days
    return keys
