"""One model's judged forecasts at one step, session by session; the symbols of a session stand side by side."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from nextclose.core.forecasts import Forecasts
from nextclose.core.types import Bools, Float64s, Ints


@dataclass(frozen=True, kw_only=True, eq=False)
class Sessions:
    """Which session each of n forecasts is for: what happens in one session is no independent evidence."""

    of: Ints
    """(n,) numbers 0..count - 1, not falling."""
    count: int
    """T."""

    @classmethod
    def of_days(cls, days: Ints) -> Sessions:
        """From days (n,), not falling."""
        of = np.cumsum(np.diff(days, prepend=days[:1]) != 0)
        return cls(of=of, count=int(of[-1]) + 1 if len(of) else 0)

    @classmethod
    def single(cls, n: int) -> Sessions:
        """A session a forecast: one symbol."""
        return cls(of=np.arange(n), count=n)

    @property
    def alone(self) -> bool:
        """Whether every session holds one forecast."""
        return self.count == len(self.of)

    @cached_property
    def starts(self) -> Ints:
        """(T,) the first row of each session."""
        return np.flatnonzero(np.diff(self.of, prepend=-1))

    @cached_property
    def counts(self) -> Ints:
        """(T,) forecasts of each session."""
        return np.diff(self.starts, append=len(self.of))

    def sums(self, values: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """(n, ...) summed over the symbols of each session, (T, ...)."""
        return values if self.alone else np.add.reduceat(values, self.starts, axis=0)


@dataclass(frozen=True, kw_only=True, eq=False)
class Symbols:
    """Which symbol each of n forecasts is of: each symbol's rows, oldest first, are a line."""

    of: Ints
    """(n,) numbers."""

    @cached_property
    def order(self) -> Ints:
        """(n,) row numbers line by line."""
        return np.argsort(self.of, kind="stable")

    @cached_property
    def within(self) -> Bools:
        """(n,) in that order: whether the row before a row is of the same line."""
        within: Bools = np.diff(self.of[self.order], prepend=-1) == 0
        return within

    @cached_property
    def before(self) -> Ints:
        """(n,) the number of the row before each row in its line; -1 for the line's first."""
        later = np.flatnonzero(self.within)
        before: Ints = np.full(len(self.of), -1)
        before[self.order[later]] = self.order[later - 1]
        return before


@dataclass(frozen=True, kw_only=True, eq=False)
class Panel:
    """n forecasts, all with a truth, oldest first."""

    rows: Forecasts
    symbol: Ints
    """(n,) numbers of the symbols."""
    sessions: Sessions
    step: int
    known: Symbols | None = None
    """The lines of `symbol`, if another model's panel has found them already."""

    def __len__(self) -> int:
        return len(self.rows)

    @cached_property
    def error(self) -> Float64s:
        """e = (y - yhat) / last_close, (n,)."""
        return self.rows.error

    @cached_property
    def naive(self) -> Float64s:
        """The change that came, (y - last_close) / last_close: persistence's error, (n,)."""
        return (self.rows.y - self.rows.last_close) / self.rows.last_close

    @cached_property
    def announced(self) -> Float64s:
        """The change announced, (yhat - last_close) / last_close, (n,)."""
        return (self.rows.yhat - self.rows.last_close) / self.rows.last_close

    @cached_property
    def lines(self) -> Symbols:
        """Where each symbol's rows are."""
        return self.known or Symbols(of=self.symbol)

    @property
    def by_symbol(self) -> Ints:
        """(n,) row numbers symbol by symbol, each oldest first."""
        return self.lines.order

    @property
    def within(self) -> Bools:
        """(n,) in the order of `by_symbol`: whether the row before a row is of the same symbol."""
        return self.lines.within

    @property
    def symbols(self) -> int:
        """How many symbols there are."""
        return int(np.count_nonzero(~self.within))

    @cached_property
    def follows(self) -> Bools:
        """(n,) in the order of `by_symbol`: whether a row is the session after the row before it."""
        order, rows = self.by_symbol, self.rows
        if self.step > 1 or len(order) == 0:
            return self.within
        before = np.roll(rows.target_date[order], 1)
        origin = rows.origin[order]
        directly: Bools = np.isnat(origin) | (origin == before)
        return self.within & directly

    @cached_property
    def followed(self) -> Bools:
        """(n,) in the order of `by_symbol`: whether the row after a row is the session after it; the first follows none."""
        return np.roll(self.follows, -1)
