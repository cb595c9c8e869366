"""The bars that forecasts wait for, all symbols in one pass over the set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from nextclose.bars.bars import Bars
from nextclose.bars.kept import BARS, Page, read_page
from nextclose.core.types import Bools, Dates, Float64s, Ints
from nextclose.market.sets import BarSet, Scan
from nextclose.market.spans import market_sessions

_SYMBOL = 1 << 32
"""Days that a symbol's numbers leave room for."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Arrivals:
    """The usable bars of some symbols from a day on, N of them, and what is known to be missing."""

    symbols: Mapping[str, int]
    """Symbol -> its number."""
    key: Ints
    """(N,) number and day of a bar as one number, increasing."""
    dates: Dates
    """(N,)"""
    close: Float64s
    """(N,)"""
    sessions: Dates
    """(T,) of the market, up to the last that may be looked at."""
    missing: Ints
    """(M,) keys of the rows that no source gave, increasing."""
    rescaled: Mapping[str, Sequence[tuple[np.datetime64, float]]]
    """Symbol -> sessions before which its prices were multiplied by a ratio, as the set noted them."""

    def keys(self, symbols: Ints, days: Dates) -> Ints:
        """(n,) as `key`; a symbol that is not here has the number -1, and no bar."""
        return symbols * _SYMBOL + days.astype("datetime64[D]").astype(np.int64)

    def at(self, keys: Ints) -> Ints:
        """(n,) rows of the bars with these keys; -1 where there is none."""
        if not len(self.key):
            return np.full(len(keys), -1, dtype=np.int64)
        rows = np.minimum(np.searchsorted(self.key, keys), len(self.key) - 1)
        return np.where(self.key[rows] == keys, rows, -1)

    def after(self, rows: Ints, steps: Ints) -> Ints:
        """(n,) rows of the bars so many bars of the same symbol later; -1 where they are not there yet."""
        if not len(self.key):
            return np.full(len(rows), -1, dtype=np.int64)
        later = np.minimum(rows + steps, len(self.key) - 1)
        same = self.key[later] // _SYMBOL == self.key[rows] // _SYMBOL
        return np.where((rows >= 0) & (rows + steps < len(self.key)) & same, later, -1)

    def gaps(self, keys: Ints, until: Ints) -> Bools:
        """(n,) whether a row is missing of the same symbol after the day of a key, up to and with that of another."""
        after, upto = (np.searchsorted(self.missing, own, side="right") for own in (keys, until))
        gaps: Bools = upto > after
        return gaps

    def sessions_between(self, after: Dates, until: Dates) -> Ints:
        """(n,) sessions of the market after a day, up to and with another."""
        low, high = (np.searchsorted(self.sessions, days, side="right") for days in (after, until))
        between: Ints = high - low
        return between


def arrivals(
    bars: BarSet, scan: Scan, wanted: Sequence[str], *, since: np.datetime64, as_of: np.datetime64, faults: str
) -> Arrivals:
    """The bars of the wanted symbols from `since` to `as_of`; a symbol that cannot be read has none."""
    names = {symbol: name for name, symbol in zip(scan.names, scan.symbols, strict=True)}
    held = [symbol for symbol in dict.fromkeys(wanted) if symbol in names]
    symbols = {symbol: number for number, symbol in enumerate(held)}
    found = bars.read([names[symbol] for symbol in held], faults, since)
    parts = [(number, own) for number, (_, own) in enumerate(found) if isinstance(own, Bars)]
    dates, close, code = (
        _joined([own.dates for _, own in parts], "datetime64[D]"),
        _joined([own.close for _, own in parts], np.float64),
        np.repeat([number for number, _ in parts], [len(own) for _, own in parts]).astype(np.int64),
    )
    seen = dates <= as_of
    page, sessions = page_of(bars), market_sessions(scan.dates, scan.counts)
    return Arrivals(
        symbols=symbols,
        key=(code * _SYMBOL + dates.astype(np.int64))[seen],
        dates=dates[seen],
        close=close[seen],
        sessions=sessions[sessions <= as_of],
        missing=_missing(page, symbols | {names[symbol]: number for symbol, number in symbols.items()}, as_of),
        rescaled=_rescaled(page, scan),
    )


def page_of(bars: BarSet) -> Page | None:
    """What a set says of itself that `nextclose data update` keeps; None of any other. SavedRunError where it is damaged."""
    parts = bars.files[0].parent
    return read_page(parts.parent) if parts.name == BARS else None


def _missing(page: Page | None, symbols: Mapping[str, int], as_of: np.datetime64) -> Ints:
    lacking = {} if page is None else page.missing
    keys = [
        symbols[name] * _SYMBOL + int(np.datetime64(day, "D").astype(np.int64))
        for day, names in lacking.items()
        if np.datetime64(day, "D") <= as_of
        for name in names
        if name in symbols
    ]
    return np.array(sorted(keys), dtype=np.int64)


def _rescaled(page: Page | None, scan: Scan) -> dict[str, list[tuple[np.datetime64, float]]]:
    ours = dict(zip(scan.names, scan.symbols, strict=True))
    found: dict[str, list[tuple[np.datetime64, float]]] = {}
    for one in () if page is None else page.rescaled:
        pair = (np.datetime64(one.session, "D"), one.ratio)
        found.setdefault(ours.get(one.symbol, one.symbol), []).append(pair)
    return found


def _joined(parts: Sequence[npt.NDArray[Any]], kind: Any) -> Any:
    return np.concatenate([np.empty(0, kind), *parts])
