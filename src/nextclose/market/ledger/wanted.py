"""What a ledger's forecasts wait for: the step-th usable bar of a symbol after an origin."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nextclose.core.types import Bools, Dates, Float64s, Ints
from nextclose.market.ledger.book import Book, days, keys_of, numbers, texts, wholes


@dataclass(frozen=True, kw_only=True, eq=False)
class Wanted:
    """n truths: one a (symbol, origin, step) of which some model has a number."""

    symbol: npt.NDArray[np.object_]
    origin: Dates
    step: Ints
    target_date: Dates
    """(n,) as the first of its forecasts said; NaT where nobody knew."""
    last_close: Float64s
    """(n,) the origin's close as it was known then."""
    forecasts: Ints
    """(n,) models that have a number."""
    came: Dates
    """(n,) the session that was taken for it before; NaT while it waits."""

    def __len__(self) -> int:
        return len(self.step)

    @property
    def pending(self) -> Bools:
        """(n,) whether it waits."""
        pending: Bools = np.isnat(self.came)
        return pending

    def where(self, rows: Bools) -> Wanted:
        """The rows of a mask."""
        return Wanted(**{name: column[rows] for name, column in vars(self).items()})

    @classmethod
    def of(cls, book: Book, since: np.datetime64) -> Wanted:
        """What a book's forecasts wait for, and whatever came for those from an origin on; in the order of the forecasts."""
        table, origin = book.forecasts, days(book.forecasts, "origin")
        rows = np.flatnonzero(book.numbered & ((book.matched < 0) | (origin >= since)))
        (keys,) = keys_of((table,), ("symbol", "origin", "step"))
        _, first, counts = np.unique(keys[rows], return_index=True, return_counts=True)
        order = np.argsort(first)
        first, counts = rows[first[order]], counts[order]
        matched, came = book.matched[first], np.full(len(first), np.datetime64("NaT", "D"))
        came[matched >= 0] = days(book.truths, "actual_date")[matched[matched >= 0]]
        chosen = table.take(first)
        return cls(
            symbol=texts(chosen, "symbol"),
            origin=origin[first],
            step=wholes(chosen, "step"),
            target_date=days(chosen, "target_date"),
            last_close=numbers(chosen, "last_close"),
            forecasts=counts,
            came=came,
        )
