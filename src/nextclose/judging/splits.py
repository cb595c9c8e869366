"""Splits: which sessions train, which are forecast, and when a net is fitted again.

    rows          0 ............ train.stop | test_first .................... test_last
    fold 0        [==== train ====]          [-- k targets --]
    fold 1        [======== train ==========================][-- k targets --]
    fold 2        [======== train ===========================================][-- ... --]

With `train_sessions` the train span rolls instead of growing:

    fold 1               [==== train ====================][-- k targets --]
    fold 2                                [==== train ====================][-- ... --]

Every training target is dated no later than the fold's first origin, the session before its first target.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace

import numpy as np

from nextclose.core.errors import SettingsError
from nextclose.core.lang import Text
from nextclose.core.types import Dates

TEST_SESSIONS = 250
"""Sessions in the test span unless dates are given; a fifth of the bars where that is less."""


@dataclass(frozen=True, kw_only=True)
class Fold:
    """One training span and the targets that its model serves, as row numbers."""

    train_start: int
    train_stop: int
    """One past the last training row."""
    first_target: int
    last_target: int


@dataclass(frozen=True, kw_only=True)
class Split:
    """The spans of a study, as row numbers of its bars."""

    train_start: int
    train_stop: int
    """One past the first fold's last training row."""
    test_first: int
    test_last: int
    notes: tuple[Text, ...] = ()
    """What was rounded, a sentence each."""

    def folds(self, refit_every: int, train_sessions: int | None = None) -> tuple[Fold, ...]:
        """The folds of a model that is fitted again every `refit_every` sessions; 0 fits once.

        train_sessions : a fold trains on that many sessions, the latest; None takes all since the train span's start.
        """
        every = refit_every or self.test_last - self.test_first + 1
        starts = range(self.test_first, self.test_last + 1, every)
        return tuple(self._fold(first, min(first + every - 1, self.test_last), train_sessions) for first in starts)

    def live_fold(self, refit_every: int, sessions: int, train_sessions: int | None = None) -> Fold:
        """The fold that serves the session after the last of `sessions`, on the same schedule.

        It is one of `folds`, unless a refit is due by then: a live forecast is what the backtest would have made.
        """
        due = (sessions - self.test_first) // refit_every * refit_every if refit_every else 0
        return self._fold(self.test_first + due, sessions, train_sessions)

    def schedule(
        self, refit_every: int, sessions: int, train_sessions: int | None = None, *, warm: bool = False
    ) -> tuple[Fold, ...]:
        """The folds of the test span, and behind them the one that serves the session after the last, if a refit is due.

        warm : each fold starts from the one before, so those between the test span and the last bar are needed too.
        """
        reached = replace(self, test_last=max(self.test_last, sessions - 1)) if warm and refit_every else self
        folds = reached.folds(refit_every, train_sessions)
        live = self.live_fold(refit_every, sessions, train_sessions)
        return folds if live.first_target == folds[-1].first_target else (*folds, live)

    def _fold(self, first: int, last: int, train_sessions: int | None) -> Fold:
        stop = self.train_stop if first == self.test_first else first
        start = self.train_start if train_sessions is None else max(self.train_start, stop - train_sessions)
        return Fold(train_start=start, train_stop=stop, first_target=first, last_target=last)


def make_split(
    dates: Dates,
    *,
    train_start: str | None = None,
    train_end: str | None = None,
    test_start: str | None = None,
    test_end: str | None = None,
) -> Split:
    """The split of bars dated `dates` (n,), from the dates given or by default.

    A date that is no session rounds inward, to the next session for a start and the one before for an end.

    Raises
    ------
    SettingsError : a date that is none, lies outside the data, or spans that are empty, overlap or run backwards.
    """
    notes: list[Text] = []
    start = _row(dates, "train-start", train_start, notes)
    end = _row(dates, "train-end", train_end, notes)
    first = _row(dates, "test-start", test_start, notes)
    last = _row(dates, "test-end", test_end, notes)
    last = len(dates) - 1 if last is None else last
    start = 0 if start is None else start
    if first is None:
        first = end + 1 if end is not None else last + 1 - _default_test(last + 1 - start)
    stop = first if end is None else end + 1
    _check(dates, start, stop, first, last)
    return Split(train_start=start, train_stop=stop, test_first=first, test_last=last, notes=tuple(notes))


def _default_test(sessions: int) -> int:
    return max(min(TEST_SESSIONS, sessions // 5), 1)


def _check(dates: Dates, start: int, stop: int, first: int, last: int) -> None:
    if first >= len(dates) or first > last:
        raise SettingsError(
            "the test span is empty: it would start after {first} and end on {last}. Give an earlier train-end or "
            "test-start, or a later test-end; the bars end on {end}.",
            first=dates[min(first, len(dates)) - 1],
            last=dates[last],
            end=dates[-1],
        )
    if stop - start < 1:
        raise SettingsError(
            "the train span is empty: it would start on {start}, but must end before the test starts on {first}. "
            "The train span comes before the test span: give an earlier train-start or a later test-start.",
            start=dates[start],
            first=dates[first],
        )
    if stop > first:
        raise SettingsError(
            "train and test overlap: the train span ends on {end}, the test span starts on {first}. "
            "Give a train-end before the test-start.",
            end=dates[stop - 1],
            first=dates[first],
        )


def _row(dates: Dates, option: str, text: str | None, notes: list[Text]) -> int | None:
    """The row of an option's date, rounded inward."""
    if text is None:
        return None
    date = parse_date(option, text)
    if not dates[0] <= date <= dates[-1]:
        raise SettingsError(
            "--{option} {date} lies outside the data, which run from {first} to {last}",
            option=option,
            date=date,
            first=dates[0],
            last=dates[-1],
        )
    is_start = option.endswith("start")
    row = int(np.searchsorted(dates, date)) if is_start else int(np.searchsorted(dates, date, side="right")) - 1
    if dates[row] != date:
        notes.append(
            Text("--{option} {date} is no session; {row} is taken", option=option, date=str(date), row=str(dates[row]))
        )
    return row


def parse_date(option: str, text: str) -> np.datetime64:
    """A date written YYYY-MM-DD, YYYY/MM/DD or YYYYMMDD. Raises SettingsError for anything else."""
    digits = text.strip().replace("/", "-")
    try:
        return np.datetime64(dt.date.fromisoformat(digits), "D")
    except ValueError:
        raise SettingsError(
            "--{option}: expected a date such as 2023-04-01, got '{got}'", option=option, got=text
        ) from None
