"""What a ledger says, as tables: every forecast that was made, every truth that came, and the two together."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from nextclose.core.forecasts import Forecasts
from nextclose.core.types import Bools, Float64s, Ints
from nextclose.market.ledger.chain import Ledger
from nextclose.market.ledger.entries import Entry, Kind
from nextclose.market.ledger.tables import schema_of

if TYPE_CHECKING:
    import pyarrow as pa

ENTRY = "entry"
"""A column that is added to both tables: the number of the entry that a row stands in."""
PART = 250_000
"""Rows that are judged at a time, about."""
BESIDE = ("status", "reason", "reason_ko", "fold", "trained_until", "model_hash", "data_hash")
"""Columns of forecasts without which they can be judged."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Book:
    """A ledger's rows."""

    entries: tuple[Entry, ...]
    forecasts: pa.Table
    """One row a (symbol, model, origin, step): the first that has a number, or the last where none has."""
    truths: pa.Table
    """One row a (symbol, origin, step): the last that was written."""
    superseded: int
    """Truths that gave way to a later one: their bar came in after another had been taken for it."""
    _columns: dict[str, Any] = field(default_factory=dict)
    """The forecasts' arrays, made once."""

    @cached_property
    def matched(self) -> Ints:
        """(n,) for each forecast the row of its truth; -1 where none has come."""
        own, other = keys_of((self.forecasts, self.truths), ("symbol", "origin", "step"))
        if _dense(own, other):
            row = np.full(max(own.max(initial=-1), other.max(initial=-1)) + 1, -1, dtype=np.int64)
            row[other] = np.arange(len(other))
            return row[own]
        if not len(other):
            return np.full(len(own), -1, dtype=np.int64)
        order = np.argsort(other)
        at = np.minimum(np.searchsorted(other, own, sorter=order), len(other) - 1)
        rows = order[at]
        return np.where(other[rows] == own, rows, -1)

    @cached_property
    def numbered(self) -> Bools:
        """(n,) whether a forecast has a number."""
        known: Bools = self.forecasts["yhat"].is_valid().to_numpy()
        return known

    def joined(self, rows: Ints | None = None) -> Forecasts:
        """Forecasts and truths as one table, in the truths' price basis and at the sessions that came.

        A row that waits for its truth has y NaN, and the target date that it said. Rows without a number are in it too.

        rows : the forecasts that are wanted; all of them unless said.
        """
        rows = np.arange(len(self.forecasts)) if rows is None else rows
        truths, known = self.matched[rows], self.matched[rows] >= 0
        basis, y = np.ones(len(rows)), np.full(len(rows), np.nan)
        basis[known], y[known] = (numbers(self.truths, name)[truths[known]] for name in ("basis", "y"))
        dates = self._told("target_date")[rows]
        dates[known] = days(self.truths, "actual_date")[truths[known]]
        own = {name: self._told(name)[rows] for name in ("symbol", "model", "origin", "step", "level", "p_up")}
        prices = {name: self._told(name)[rows] * basis for name in ("yhat", "lo", "hi", "last_close")}
        return Forecasts(target_date=dates, y=y, **own, **prices)

    def models(self, rows: Ints) -> tuple[str, ...]:
        """The models of some forecasts, in the order of their first row."""
        (model,) = keys_of((self.forecasts,), ("model",))
        _, first = np.unique(model[rows], return_index=True)
        return tuple(self._told("model")[rows[np.sort(first)]].tolist())

    def by_symbols(self, rows: Ints) -> Iterator[Ints]:
        """Rows of the forecasts in parts that share no symbol, few enough in each that its arrays stay near the processor."""
        (symbol,) = keys_of((self.forecasts,), ("symbol",))
        parts = max(len(rows) // PART, 1)
        part = (symbol[rows] % parts).astype(np.int16)
        order = np.argsort(part, kind="stable")
        yield from np.split(rows[order], np.searchsorted(part[order], np.arange(1, parts)))

    def _told(self, name: str) -> Any:
        """A column of the forecasts as an array; null is NaN (NaT)."""
        if name not in self._columns:
            kinds = {"symbol": texts, "model": texts, "origin": days, "target_date": days, "step": wholes}
            make: Callable[[pa.Table, str], Any] = kinds.get(name, numbers)
            self._columns[name] = make(self.forecasts, name)
        return self._columns[name]


def read(ledger: Ledger, *, told: bool = True) -> Book:
    """The book of a ledger. Raises LedgerError where a file is gone.

    told : with what is said beside the numbers: statuses, reasons, folds and hashes; a year of a market reads faster without.
    """
    forecasts, truths = _rows(ledger, "forecasts", () if told else BESIDE), _rows(ledger, "truths")
    latest = _last(truths)
    return Book(
        entries=ledger.entries,
        forecasts=first_numbers(forecasts),
        truths=latest,
        superseded=truths.num_rows - latest.num_rows,
    )


def with_truths(book: Book, ledger: Ledger) -> Book:
    """The same forecasts with the truths that a ledger has by now."""
    import pyarrow as pa

    new = _rows(ledger, "truths", after=len(book.entries))
    truths = pa.concat_tables([book.truths, new]).unify_dictionaries().combine_chunks()
    latest = _last(truths)
    superseded = book.superseded + truths.num_rows - latest.num_rows
    return replace(book, entries=ledger.entries, truths=latest, superseded=superseded)


def numbers(table: pa.Table, name: str) -> Float64s:
    """A column of numbers; null is NaN."""
    column: Float64s = table[name].to_numpy().astype(np.float64, copy=False)
    return column


def days(table: pa.Table, name: str) -> Any:
    """A column of dates; null is NaT."""
    return table[name].to_numpy().astype("datetime64[D]", copy=False)


def wholes(table: pa.Table, name: str) -> Ints:
    """A column of whole numbers without null."""
    column: Ints = table[name].to_numpy().astype(np.int64, copy=False)
    return column


def texts(table: pa.Table, name: str) -> Any:
    """A column of text as objects, equal ones the same object."""
    import pyarrow as pa

    code = table[name].combine_chunks()
    code = code if pa.types.is_dictionary(code.type) else code.dictionary_encode()
    return np.array(code.dictionary.to_pylist(), dtype=object)[code.indices.to_numpy()]


def _rows(ledger: Ledger, kind: Kind, without: tuple[str, ...] = (), after: int = 0) -> pa.Table:
    """The rows of all entries of a kind that follow so many, with the numbers of these; text as a dictionary."""
    import pyarrow as pa

    fields = [field for field in schema_of(kind) if field.name not in without]
    names = [field.name for field in fields if field.type == pa.string()]
    coded = pa.dictionary(pa.int32(), pa.string())
    schema = pa.schema(
        [*(field.with_type(coded) if field.name in names else field for field in fields), pa.field(ENTRY, pa.int32())]
    )
    tables = []
    for entry in ledger.of_kind(kind):
        if entry.entry > after:
            table = ledger.table(entry, [field.name for field in fields], coded=names)
            number = pa.array(np.full(len(table), entry.entry, np.int32))
            tables.append(table.append_column(schema.field(ENTRY), number))
    return pa.concat_tables([schema.empty_table(), *tables]).unify_dictionaries().combine_chunks()


def first_numbers(forecasts: pa.Table) -> pa.Table:
    """One row a forecast: what was said first counts, and a number may follow where there was none."""
    (keys,) = keys_of((forecasts,), ("symbol", "model", "origin", "step"))
    if _dense(keys) and np.bincount(keys, minlength=1).max() <= 1:
        return forecasts
    without = ~forecasts["yhat"].is_valid().to_numpy()
    entry = np.arange(len(keys))
    order = np.lexsort((np.where(without, -entry, entry), without, keys))
    first = order[np.flatnonzero(np.diff(keys[order], prepend=-1))]
    return forecasts.take(np.sort(first))


def _last(truths: pa.Table) -> pa.Table:
    (keys,) = keys_of((truths,), ("symbol", "origin", "step"))
    order = np.argsort(keys, kind="stable")
    last = order[np.flatnonzero(np.diff(keys[order], append=-1))]
    return truths if len(last) == len(keys) else truths.take(np.sort(last))


def keys_of(tables: tuple[pa.Table, ...], columns: tuple[str, ...]) -> tuple[Ints, ...]:
    """A whole number a row, equal where all the columns are, in all the tables alike."""
    keys = np.zeros(sum(map(len, tables)), dtype=np.int64)
    for name in columns:
        code, count = _codes([table[name] for table in tables])
        keys = keys * max(count, 1) + code
    return tuple(np.split(keys, np.cumsum([len(table) for table in tables])[:-1]))


def _dense(*keys: Ints) -> bool:
    """Whether a table with a place for each key that there may be is no larger than the keys that there are, about."""
    return int(max(own.max(initial=0) for own in keys)) <= 2 * sum(map(len, keys)) + 1_000


def _codes(columns: Sequence[pa.ChunkedArray]) -> tuple[Ints, int]:
    """The columns one below the other as numbers of their values, and how many values there are."""
    import pyarrow as pa

    coded = [column if pa.types.is_dictionary(column.type) else column.dictionary_encode() for column in columns]
    chunks = [chunk for column in coded for chunk in column.chunks]
    whole = pa.chunked_array(chunks, coded[0].type).unify_dictionaries()
    parts = [chunk.indices.to_numpy() for chunk in whole.chunks]
    return np.concatenate([np.empty(0, np.int32), *parts]), len(whole.chunk(0).dictionary) if parts else 0
