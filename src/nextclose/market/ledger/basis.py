"""Whether an origin's close is another number now because all of history was rescaled, or because it was corrected."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from nextclose.core.types import Bools, Float64s, Ints
from nextclose.market.ledger.arrivals import Arrivals
from nextclose.market.ledger.book import Book, days, numbers
from nextclose.market.ledger.wanted import Wanted
from nextclose.study.rebase import EQUAL, ROUNDED

RECENT = 5
"""Known changes of a symbol, up to the origin, that are looked at."""


def bases(wanted: Wanted, origins: Ints, market: Arrivals, book: Book) -> tuple[Float64s, Bools]:
    """For each of n origins that have a bar: newer over forecast price, and whether the close was revised instead.

    A set that `nextclose data update` keeps notes what it rescaled. For any other: a split or a dividend multiplies all of a
    symbol's closes before it, so that the changes between them stay; a close that was corrected changes them. The changes
    known are those of the symbol's latest truths: close after over close before, of one look-up. Where there are none, nothing
    speaks against a rescaling.
    """
    ratio = market.close[origins] / wanted.last_close
    moved = np.flatnonzero(np.abs(ratio - 1.0) > EQUAL)
    basis, revised = np.ones(len(ratio)), np.zeros(len(ratio), dtype=np.bool_)
    known = _changes(book, market, {wanted.symbol[row] for row in moved}) if len(moved) else {}
    for row in moved.tolist():
        symbol, origin = wanted.symbol[row], wanted.origin[row]
        until, differs = known.get(symbol, _NOTHING)
        count = int(np.searchsorted(until, origin.astype(np.int64), side="right"))
        differ = bool(np.any(differs[max(count - RECENT, 0) : count]))
        revised[row] = differ and not _noted(market, symbol, origin, ratio[row])
        basis[row] = 1.0 if revised[row] else ratio[row]
    return basis, revised


_NOTHING = (np.empty(0, dtype=np.int64), np.empty(0, dtype=np.bool_))


def _noted(market: Arrivals, symbol: str, origin: np.datetime64, ratio: float) -> bool:
    """Whether the set's latest rescalings of a symbol, from some session after the origin on, come to a ratio."""
    later = [own for session, own in market.rescaled.get(symbol, ()) if session > origin]
    products = np.cumprod(later[::-1])
    return bool(np.any(np.abs(products / ratio - 1.0) <= ROUNDED))


def _changes(book: Book, market: Arrivals, symbols: set[str]) -> Mapping[str, tuple[Ints, Bools]]:
    """Symbol -> the days up to which its truths tell a change of one step, increasing, and whether that differs now."""
    import pyarrow as pa
    import pyarrow.compute as pc

    chosen = pc.and_(pc.is_in(book.truths["symbol"], pa.array(sorted(symbols))), pc.equal(book.truths["step"], 1))
    truths = book.truths.filter(chosen).sort_by("actual_date")
    names = truths["symbol"].to_pylist()
    code = np.array([market.symbols.get(name, -1) for name in names], dtype=np.int64)
    before, after = (market.at(market.keys(code, days(truths, name))) for name in ("origin", "actual_date"))
    here = np.flatnonzero((before >= 0) & (after >= 0))
    now = market.close[after[here]] / market.close[before[here]]
    then = numbers(truths, "y")[here] / numbers(truths, "last_close")[here]
    until, differs = days(truths, "actual_date")[here].astype(np.int64), np.abs(now / then - 1.0) > ROUNDED
    own = np.array([names[row] for row in here.tolist()], dtype=object)
    return {name: (until[own == name], differs[own == name]) for name in dict.fromkeys(own.tolist())}
