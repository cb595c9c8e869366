"""Whole numbers for names and forecasts: what is compared a million times is compared as an integer."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, reduce
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from nextclose.core.forecasts import Forecasts
from nextclose.core.types import Bools, Dates, Ints


def encode(names: npt.NDArray[np.object_]) -> tuple[Ints, tuple[str, ...]]:
    """(n,) numbers, and the names that they stand for in the order of their first appearance."""
    listed = names.tolist()
    known = {name: number for number, name in enumerate(dict.fromkeys(listed))}
    return np.fromiter(map(known.__getitem__, listed), dtype=np.int64, count=len(listed)), tuple(map(str, known))


def groups(code: Ints) -> dict[int, Ints]:
    """Number -> its rows, in order."""
    order = np.argsort(code, kind="stable")
    edges = np.flatnonzero(np.diff(code[order], prepend=-1, append=-1)) if len(code) else np.zeros(1, dtype=np.int64)
    return {int(code[order[low]]): order[low:high] for low, high in pairwise(edges.tolist())}


@dataclass(frozen=True, eq=False)
class Keys:
    """The rows of a table by number."""

    table: Forecasts

    @cached_property
    def _symbols(self) -> tuple[Ints, tuple[str, ...]]:
        code, names = encode(self.table.symbol)
        order = sorted(range(len(names)), key=names.__getitem__)
        rank: Ints = np.argsort(np.array(order, dtype=np.int64))
        return rank[code], tuple(names[place] for place in order)

    @cached_property
    def _models(self) -> tuple[Ints, tuple[str, ...]]:
        return encode(self.table.model)

    @property
    def symbol(self) -> Ints:
        """(n,) numbers into `symbols`."""
        return self._symbols[0]

    @property
    def symbols(self) -> tuple[str, ...]:
        """Sorted names, so that sums over them do not hang on the order of the rows."""
        return self._symbols[1]

    @property
    def model(self) -> Ints:
        """(n,) numbers into `models`."""
        return self._models[0]

    @property
    def models(self) -> tuple[str, ...]:
        """Names in the order of their first row."""
        return self._models[1]

    @cached_property
    def first_day(self) -> Dates:
        """() the earliest target date."""
        earliest: Dates = self.table.target_date.min()
        return earliest

    @cached_property
    def day(self) -> Ints:
        """(n,) target dates as days after `first_day`."""
        return self.days_of(self.table.target_date)

    def days_of(self, dates: Dates) -> Ints:
        """Dates as days after `first_day`; far below 0 for NaT."""
        days: Ints = (dates - self.first_day).astype(np.int64)
        return days

    @cached_property
    def days(self) -> int:
        """Days from the first target date to the last, both counted."""
        return int(self.day.max()) + 1

    @cached_property
    def session(self) -> Ints:
        """(n,) one number a (symbol, target date), in that order of significance."""
        return self.sessions_of(self.day)

    def sessions_of(self, day: Ints) -> Ints:
        """The numbers that `session` would have for other days (n,) of the same rows."""
        numbers: Ints = self.symbol * self.days + day
        return numbers

    @cached_property
    def forecast(self) -> Ints:
        """(n,) one number a (step, target date, symbol), equal across models, in that order of significance."""
        numbers: Ints = (self.table.step * self.days + self.day) * len(self.symbols) + self.symbol
        return numbers

    @property
    def repeated(self) -> Ints:
        """Rows of a step, target date, symbol and model that an earlier row has too."""
        _, first = np.unique(self.forecast * len(self.models) + self.model, return_index=True)
        repeated = np.ones(len(self.table), dtype=np.bool_)
        repeated[first] = False
        return np.flatnonzero(repeated)


def usable(table: Forecasts) -> Bools:
    """(n,) rows that can be judged: a finite forecast, and a positive truth and last close."""
    prices = np.isfinite(table.y) & (table.y > 0.0) & np.isfinite(table.last_close) & (table.last_close > 0.0)
    judged: Bools = prices & np.isfinite(table.yhat)
    return judged


def shared(keys: Keys, judged: Bools, models: list[int]) -> list[Ints]:
    """For each model its judged rows of the forecasts that all of them made, in the order of `Keys.forecast`.

    A model without any is left out of "all of them".
    """
    rows = []
    for model in models:
        own = np.flatnonzero(judged & (keys.model == model))
        rows.append(own[np.argsort(keys.forecast[own], kind="stable")])
    numbers = [keys.forecast[own] for own in rows]
    if all(np.array_equal(numbers[0], other) for other in numbers[1:]):
        return rows
    common = reduce(
        lambda left, right: np.intersect1d(left, right, assume_unique=True), [own for own in numbers if len(own)]
    )
    return [own[np.isin(number, common, assume_unique=True)] for own, number in zip(rows, numbers, strict=True)]
