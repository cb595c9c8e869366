"""The same dates for every symbol: a market's sessions, and one symbol's share of its spans and refits."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from nextclose.core.errors import SettingsError
from nextclose.core.market import Spans
from nextclose.core.types import Dates, Ints
from nextclose.judging.splits import TEST_SESSIONS, Fold, Split, parse_date

SHARE = 0.1
"""A date is a session of the market where this share of its symbols, or more, has a row: a stray row makes none."""


@dataclass(frozen=True, kw_only=True)
class MarketFold(Fold):
    """One symbol's share of a refit."""

    number: int
    """Of the refit, from 0: equal dates for all symbols."""


@dataclass(frozen=True, kw_only=True, eq=False)
class MarketSplit(Split):
    """The spans of one symbol, as row numbers of its bars; refits fall on the market's sessions, not on its own.

    A refit during which the symbol did not trade has no fold. There is no fold behind the test span.
    """

    dates: Dates
    """(N,) of the symbol's bars."""
    sessions: Dates
    """(T,) of the market's test span."""

    def folds(self, refit_every: int, train_sessions: int | None = None) -> tuple[MarketFold, ...]:
        """The folds that this symbol has targets in, for a refit every so many sessions of the market; 0 fits once."""
        starts = np.searchsorted(self.dates, self.sessions[:: refit_every or len(self.sessions)])
        edges = np.clip(np.append(starts, self.test_last + 1), self.test_first, self.test_last + 1)
        return tuple(
            MarketFold(
                number=number,
                train_start=self._train_start(number, first, train_sessions),
                train_stop=self._train_stop(number, first),
                first_target=first,
                last_target=stop - 1,
            )
            for number, (first, stop) in enumerate(pairwise(edges.tolist()))
            if stop > first
        )

    def schedule(
        self,
        refit_every: int,
        sessions: int,
        train_sessions: int | None = None,
        *,
        warm: bool = False,
    ) -> tuple[MarketFold, ...]:
        """The folds of the test span."""
        return self.folds(refit_every, train_sessions)

    def _train_stop(self, number: int, first: int) -> int:
        return self.train_stop if number == 0 else first

    def _train_start(self, number: int, first: int, train_sessions: int | None) -> int:
        stop = self._train_stop(number, first)
        return self.train_start if train_sessions is None else max(self.train_start, stop - train_sessions)


def fold_starts(sessions: Dates, refit_every: int) -> Dates:
    """(folds,) the first target date of each refit."""
    return sessions[:: refit_every or len(sessions)]


def market_sessions(dates: Dates, counts: Ints) -> Dates:
    """The dates (T,) that are sessions of the market, by the symbols that have a row on each."""
    return dates[counts >= SHARE * np.median(counts)]


def choose_spans(
    sessions: Dates, *, train_start: str | None, train_end: str | None, test_start: str | None, test_end: str | None
) -> Spans:
    """A market's spans from the dates given; without them the last 250 sessions (or the last fifth) are the test.

    Raises
    ------
    SettingsError : a date that is none, spans that are empty or overlap.
    """
    last = _row(sessions, "test-end", test_end, len(sessions) - 1)
    start = _row(sessions, "train-start", train_start, 0)
    span = max(min(TEST_SESSIONS, (last + 1 - start) // 5), 1)
    end = None if train_end is None else _row(sessions, "train-end", train_end, 0)
    first = _row(sessions, "test-start", test_start, last + 1 - span if end is None else end + 1)
    end = first - 1 if end is None else end
    if not start <= end < first <= last:
        raise SettingsError(
            "the spans do not fit: train {train_start} to {train_end}, test {test_start} to {test_end}. The set's sessions "
            "run from {first} to {last}, and the train span comes before the test span.",
            train_start=train_start or sessions[min(start, len(sessions) - 1)],
            train_end=train_end or sessions[max(min(end, len(sessions) - 1), 0)],
            test_start=test_start or sessions[min(first, len(sessions) - 1)],
            test_end=test_end or sessions[max(last, 0)],
            first=sessions[0],
            last=sessions[-1],
        )
    return Spans(
        train_start=str(sessions[start]),
        train_end=str(sessions[end]),
        test_start=str(sessions[first]),
        test_end=str(sessions[last]),
        sessions=tuple(str(day) for day in sessions[first : last + 1]),
    )


def _row(sessions: Dates, option: str, text: str | None, default: int) -> int:
    """The row of an option's date, rounded inward; dates beyond the set's end on its first and last session."""
    if text is None:
        return default
    date = parse_date(option, text)
    if option.endswith("start"):
        return int(np.searchsorted(sessions, date))
    return int(np.searchsorted(sessions, date, side="right")) - 1
