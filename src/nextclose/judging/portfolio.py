"""From positions to returns: what is held before and after each trade, and what that earns and costs.

A session of one symbol has two legs with one trade between them. The position for session t+1 is decided at close t.

    entry=close   close t                         close t+1         entry=open   close t      open t+1      close t+1
                  signal                                                         signal
                  trade                                                                       trade
                  |------------ position -----------|                            |-- before --|-- position --|
                                second leg                                         first leg     second leg

So with entry=open a new signal misses the night after it, and the old position has that night still. A position is kept
while the signal stays; each change is one trade; the last position of a symbol is closed at its last close. Where the
table leaves sessions out, the position is closed before the gap, since nothing was said about them.

The growth of the equity in a session is

    (1 + before r_1) (1 - cost of the trade) (1 + position r_2) (1 - cost of closing, where it is closed at the close)

and a trade from a to b times the equity costs c |b - a| + tax max(a - b, 0). A short is one time the equity anew at each
leg, and symbols are weighted equally anew at each session, both free of cost.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from nextclose.core.types import Bools, Float64s, Ints
from nextclose.judging.performance import LARGEST

HALVINGS = 60
"""Of the bracket in which the break-even cost lies."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Market:
    """n (symbol, session) pairs; those of a symbol stand together, oldest first."""

    first: Float64s
    """(n,) return of the leg before the trade; 0 where there is none."""
    second: Float64s
    """(n,) return of the leg after it."""
    session: Ints
    """(n,) numbers 0..T - 1, each there."""
    starts: Bools
    """(n,) whether it is its symbol's first session."""
    fresh: Bools
    """(n,) whether no position is carried into it: a symbol's first session, or the first after a gap."""

    @cached_property
    def symbols_each(self) -> Ints:
        """(T,) symbols of each session."""
        return np.bincount(self.session)

    def mean(self, values: Float64s) -> Float64s:
        """(n,) averaged over the symbols of each session, (T,)."""
        return np.bincount(self.session, weights=values) / self.symbols_each


@dataclass(frozen=True, kw_only=True, eq=False)
class Book:
    """The positions of one model on a market, each a multiple of the equity that a symbol has."""

    market: Market
    before: Float64s
    """(n,) carried into the session."""
    held: Float64s
    """(n,) after the trade."""
    closed: Bools
    """(n,) whether the position is closed at the session's close."""

    @classmethod
    def of(cls, held: Float64s, market: Market) -> Book:
        """Positions (n,) that are closed before each gap and at each symbol's end."""
        return cls._carried(held, market, market.fresh)

    @classmethod
    def buy_and_hold(cls, market: Market) -> Book:
        """Each symbol bought once and sold once; gaps are sat out with it."""
        return cls._carried(np.ones(len(market.first)), market, market.starts)

    @classmethod
    def _carried(cls, held: Float64s, market: Market, fresh: Bools) -> Book:
        before = np.where(fresh, 0.0, np.concatenate([[0.0], held[:-1]]))
        return cls(market=market, before=before, held=held, closed=np.concatenate([fresh[1:], [True]]))

    @cached_property
    def traded(self) -> Float64s:
        """(n,) value traded in a session."""
        return np.abs(self.held - self.before) + np.where(self.closed, np.abs(self.held), 0.0)

    @property
    def orders(self) -> int:
        """Trades in all."""
        return int(np.count_nonzero(self.held != self.before) + np.count_nonzero(self.closed & (self.held != 0.0)))

    def returns(self, cost: float = 0.0, tax: float = 0.0) -> Float64s:
        """(T,) of the equally weighted symbols, at a cost of each trade and a tax of each sale (shares of its value)."""
        market, sold = self.market, np.maximum(self.before - self.held, 0.0)
        enter = 1.0 - cost * np.abs(self.held - self.before) - tax * sold
        leave = 1.0 - np.where(self.closed, cost * np.abs(self.held) + tax * np.maximum(self.held, 0.0), 0.0)
        legs = np.maximum(1.0 + self.before * market.first, 0.0) * np.maximum(1.0 + self.held * market.second, 0.0)
        return market.mean(np.maximum(enter, 0.0) * np.maximum(leave, 0.0) * legs - 1.0)

    def break_even(self, tax: float = 0.0) -> float:
        """The cost at which the final equity is 1.

        NaN without trades, where the final equity is below 1 without any cost, and where even a cost of 1 leaves more.
        """
        if self.orders == 0 or log_growth(self.returns(0.0, tax)) < 0.0 or log_growth(self.returns(1.0, tax)) > 0.0:
            return float("nan")
        low, high = 0.0, 1.0
        for _ in range(HALVINGS):
            middle = 0.5 * (low + high)
            if log_growth(self.returns(middle, tax)) >= 0.0:
                low = middle
            else:
                high = middle
        return low


def log_growth(returns: Float64s) -> float:
    """Logarithm of the final equity; minus infinity where all is lost."""
    with np.errstate(divide="ignore"):
        return float(np.sum(np.log1p(returns)))


def equity_of(returns: Float64s) -> Float64s:
    """(T,) what 1 has become at each close; growth beyond what a number can hold stays at the largest."""
    with np.errstate(divide="ignore"):
        equity: Float64s = np.exp(np.minimum(np.cumsum(np.log1p(returns)), LARGEST))
    return equity
