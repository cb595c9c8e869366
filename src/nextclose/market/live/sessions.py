"""The sessions since a run's test span, and which folds of its schedule serve them and the one to come.

    sessions   | test span (T0) ............................ | since then ........... D | to come
    fold n     [-- k sessions --]
    fold n+1                     [-- ... --]
    due                                                                        [-- ... -->

Fold n begins with session n * k. It trains on the bars before that session; on all bars, where it begins with the one to
come.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nextclose.core.types import Dates, Ints
from nextclose.market.spans import MarketFold, MarketSplit, market_sessions


def later_sessions(dates: Dates, counts: Ints, known: Dates, as_of: np.datetime64) -> Dates:
    """The market's sessions after the last known one and not after `as_of`, by the symbols that have a row on each date."""
    seen = dates <= as_of
    found = market_sessions(dates[seen], counts[seen]) if seen.any() else dates[:0]
    later: Dates = found[found > known[-1]]
    return later


def fold_to_come(sessions: int, refit_every: int) -> int:
    """The number of the fold that serves the session after so many."""
    return sessions // refit_every if refit_every else 0


@dataclass(frozen=True, kw_only=True, eq=False)
class LiveSplit(MarketSplit):
    """A symbol's spans up to its last bar: the run's, and every session since."""

    least: int
    """Bars without which no fold is fitted."""
    first_asked: int
    """The row of the first target that no net was asked for yet; one behind the last bar where there is none."""
    goes_on: bool
    """Whether the session to come is asked for."""

    def folds(self, refit_every: int, train_sessions: int | None = None) -> tuple[MarketFold, ...]:
        """The folds that this symbol has targets in, and enough bars before."""
        every = super().folds(refit_every, train_sessions)
        return tuple(fold for fold in every if fold.train_stop - self.train_start >= self.least)

    def first_fold(self, refit_every: int, train_sessions: int | None = None) -> MarketFold:
        """The first that the schedule has for this symbol."""
        return next(iter(self.folds(refit_every, train_sessions)), self.to_come(refit_every, train_sessions))

    def schedule(
        self,
        refit_every: int,
        sessions: int,
        train_sessions: int | None = None,
        *,
        warm: bool = False,
    ) -> tuple[MarketFold, ...]:
        """The folds that serve what is to be asked; all of them where each starts from the one before."""
        folds = self.folds(refit_every, train_sessions)
        if self.goes_on:
            coming = self.to_come(refit_every, train_sessions)
            folds = tuple(fold for fold in folds if fold.number < coming.number)
            folds += (coming,) if coming.train_stop - self.train_start >= self.least else ()
        return folds if warm else tuple(fold for fold in folds if fold.last_target >= self.first_asked)

    def to_come(self, refit_every: int, train_sessions: int | None = None) -> MarketFold:
        """The fold that serves the session after the last bar."""
        number = fold_to_come(len(self.sessions), refit_every)
        first = len(self.dates)
        if number * refit_every < len(self.sessions):
            first = max(int(np.searchsorted(self.dates, self.sessions[number * refit_every])), self.test_first)
        return MarketFold(
            number=number,
            train_start=self._train_start(number, first, train_sessions),
            train_stop=self._train_stop(number, first),
            first_target=first,
            last_target=len(self.dates),
        )
