"""What a ledger says, as tables: every forecast that was made, every truth that came, and the two together."""

from __future__ import annotations

from dataclasses import dataclass
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

    @cached_property
    def matched(self) -> Ints:
        """(n,) for each forecast the row of its truth; -1 where none has come."""
        own, other = keys_of((self.forecasts, self.truths), ("symbol", "origin", "step"))
        if not len(other):
            return np.full(len(own), -1, dtype=np.int64)
        order = np.argsort(other, kind="stable")
        at = np.minimum(np.searchsorted(other, own, sorter=order), len(other) - 1)
        rows = order[at]
        return np.where(other[rows] == own, rows, -1)

    @cached_property
    def numbered(self) -> Bools:
        """(n,) whether a forecast has a number."""
        known: Bools = self.forecasts["yhat"].is_valid().to_numpy()
        return known

    def joined(self) -> Forecasts:
        """Forecasts and truths as one table, in the truths' price basis and at the sessions that came.

        A row that waits for its truth has y NaN, and the target date that it said. Rows without a number are in it too.
        """
        rows, known = self.matched, self.matched >= 0
        basis, y = np.ones(len(rows)), np.full(len(rows), np.nan)
        basis[known], y[known] = (numbers(self.truths, name)[rows[known]] for name in ("basis", "y"))
        dates = days(self.forecasts, "target_date")
        dates[known] = days(self.truths, "actual_date")[rows[known]]
        prices = {name: numbers(self.forecasts, name) * basis for name in ("yhat", "lo", "hi", "last_close")}
        return Forecasts.make(
            {
                "symbol": texts(self.forecasts, "symbol"),
                "model": texts(self.forecasts, "model"),
                "origin": days(self.forecasts, "origin"),
                "step": self.forecasts["step"].to_numpy(),
                "target_date": dates,
                "level": numbers(self.forecasts, "level"),
                "p_up": numbers(self.forecasts, "p_up"),
                "y": y,
                **prices,
            }
        )


def read(ledger: Ledger, *, told: bool = True) -> Book:
    """The book of a ledger. Raises LedgerError where a file is gone.

    told : with what is said beside the numbers: statuses, reasons, folds and hashes; a year of a market reads faster without.
    """
    without = () if told else BESIDE
    forecasts, truths = _rows(ledger, "forecasts", without), _rows(ledger, "truths", ())
    latest = _last(truths)
    return Book(
        entries=ledger.entries,
        forecasts=first_numbers(forecasts),
        truths=latest,
        superseded=truths.num_rows - latest.num_rows,
    )


def with_truths(book: Book, ledger: Ledger) -> Book:
    """The same forecasts with the truths that a ledger has by now."""
    truths = _rows(ledger, "truths", ())
    latest = _last(truths)
    superseded = truths.num_rows - latest.num_rows
    return Book(entries=ledger.entries, forecasts=book.forecasts, truths=latest, superseded=superseded)


def numbers(table: pa.Table, name: str) -> Float64s:
    """A column of numbers; null is NaN."""
    column: Float64s = table[name].to_numpy().astype(np.float64)
    return column


def days(table: pa.Table, name: str) -> Any:
    """A column of dates, one's own; null is NaT."""
    return table[name].to_numpy().astype("datetime64[D]")


def texts(table: pa.Table, name: str) -> Any:
    """A column of text as objects, equal ones the same object."""
    return table[name].combine_chunks().dictionary_encode().to_numpy(zero_copy_only=False).astype(object)


def _rows(ledger: Ledger, kind: Kind, without: tuple[str, ...]) -> pa.Table:
    """The rows of all entries of a kind, with the numbers of these."""
    import pyarrow as pa

    fields = [field for field in schema_of(kind) if field.name not in without]
    schema, tables = pa.schema([*fields, pa.field(ENTRY, pa.int32())]), []
    for entry in ledger.of_kind(kind):
        table = ledger.table(entry, columns=[field.name for field in fields])
        tables.append(table.append_column(schema.field(ENTRY), pa.array(np.full(len(table), entry.entry, np.int32))))
    return pa.concat_tables([schema.empty_table(), *tables])


def first_numbers(forecasts: pa.Table) -> pa.Table:
    """One row a forecast: what was said first counts, and a number may follow where there was none."""
    (keys,) = keys_of((forecasts,), ("symbol", "model", "origin", "step"))
    without = ~forecasts["yhat"].is_valid().to_numpy()
    entry = np.arange(len(keys))
    order = np.lexsort((np.where(without, -entry, entry), without, keys))
    first = order[np.flatnonzero(np.diff(keys[order], prepend=-1))]
    return forecasts if len(first) == len(keys) else forecasts.take(np.sort(first))


def _last(truths: pa.Table) -> pa.Table:
    (keys,) = keys_of((truths,), ("symbol", "origin", "step"))
    order = np.argsort(keys, kind="stable")
    last = order[np.flatnonzero(np.diff(keys[order], append=-1))]
    return truths if len(last) == len(keys) else truths.take(np.sort(last))


def keys_of(tables: tuple[pa.Table, ...], columns: tuple[str, ...]) -> tuple[Ints, ...]:
    """A whole number a row, equal where all the columns are, in all the tables alike."""
    import pyarrow as pa

    keys = np.zeros(sum(map(len, tables)), dtype=np.int64)
    for name in columns:
        column = pa.chunked_array([chunk for table in tables for chunk in table[name].chunks], tables[0][name].type)
        code = column.combine_chunks().dictionary_encode()
        keys = keys * max(len(code.dictionary), 1) + code.indices.to_numpy()
    return tuple(np.split(keys, np.cumsum([len(table) for table in tables])[:-1]))
