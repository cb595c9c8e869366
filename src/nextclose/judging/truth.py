"""What came: origins, truths and last closes that a table lacks, and whether those it has fit together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from nextclose.bars.bars import Bars
from nextclose.core.errors import ForecastsError
from nextclose.core.forecasts import Forecasts
from nextclose.core.lang import Text
from nextclose.core.types import Bools, Dates, Float64s, Ints
from nextclose.judging.keys import Keys, encode, groups

CLOSE = 1e-6
"""Relative difference of prices that storage may cause."""


def fill_truth(table: Forecasts, bars: Mapping[str, Bars]) -> tuple[Forecasts, tuple[Text, ...]]:
    """`table` with what it lacks taken from bars by symbol, and what is odd about what it has.

    y comes by target date, origin by the step sessions before it, last_close by the origin. One symbol's bars fill a
    table of one symbol whatever it is called there.

    Raises
    ------
    ForecastsError : no symbol of the table is among the bars.
    """
    code, names = encode(table.symbol)
    if len(bars) == 1 and len(names) == 1:
        bars = {names[0]: next(iter(bars.values()))}
    known = [name for name in names if name in bars]
    if not known:
        raise ForecastsError(
            "the bars hold {held}, but the forecasts are of {wanted}: expected the same symbols in both",
            held=_some(bars), wanted=_some(names),
        )  # fmt: skip
    origin, y, last = table.origin.copy(), table.y.copy(), table.last_close.copy()
    odd = late = 0
    for number, rows in groups(code).items():
        name = names[number]
        if name not in bars:
            continue
        history = _History(dates=bars[name].dates, close=bars[name].close)
        came = history.on(table.target_date[rows])
        odd += int(np.count_nonzero(_differ(came, y[rows])))
        late += int(np.count_nonzero(table.target_date[rows] > bars[name].dates[-1]))
        y[rows] = np.where(np.isnan(y[rows]), came, y[rows])
        before = history.before(table.target_date[rows], table.step[rows])
        origin[rows] = np.where(np.isnat(origin[rows]), before, origin[rows])
        last[rows] = np.where(np.isnan(last[rows]), history.on(origin[rows]), last[rows])
    notes = (
        [Text("{count} truths differ from the bars' close: other prices, or adjusted ones.", count=odd)] if odd else []
    )
    if late:
        notes.append(
            Text(
                "{count} forecasts are for sessions after the last bar: what they lack stays unknown.",
                count=f"{late:,}",
            )
        )
    if len(known) < len(names):
        notes.append(Text("{count} symbols are not among the bars.", count=len(names) - len(known)))
    return table.replace(origin=origin, y=y, last_close=last), tuple(notes)


def infer_origins(table: Forecasts) -> Forecasts:
    """`table` with each missing origin set to the symbol's target date `step` sessions earlier, NaT where none is there."""
    unknown = np.isnat(table.origin)
    if not unknown.any():
        return table
    listed, place, first = _calendar(table)
    earlier = place - table.step
    found = np.where(earlier >= first, listed[np.maximum(earlier, 0)], np.datetime64("NaT", "D"))
    return table.replace(origin=np.where(unknown, found, table.origin))


def check_steps(table: Forecasts) -> None:
    """Raise where a table without steps has origins more than one of its sessions before their targets."""
    listed, place, first = _calendar(table)
    before = np.where(place > first, listed[np.maximum(place - 1, 0)], np.datetime64("NaT", "D"))
    early = np.flatnonzero(table.origin < before)
    if len(early):
        row = int(early[0])
        raise ForecastsError(
            "the table has no column step, but {count} forecasts look further than one session ahead, such as from {origin} to "
            "{target}: add a column step (1 for the next session, 2 for the one after)",
            count=f"{len(early):,}",
            origin=table.origin[row],
            target=table.target_date[row],
        )


def check_last_close(table: Forecasts) -> tuple[Text, ...]:
    """A note where last_close is not the truth of its origin, where the table holds that session."""
    keys, known = Keys(table), np.flatnonzero(np.isfinite(table.y))
    if len(known) == 0:
        return ()
    numbers, first = np.unique(keys.session[known], return_index=True)
    origin = keys.days_of(table.origin)
    wanted = keys.sessions_of(origin)
    at = np.minimum(np.searchsorted(numbers, wanted), len(numbers) - 1)
    there = (origin >= 0) & (origin < keys.days) & (numbers[at] == wanted)
    before = table.y[known[first[at]]]
    off = np.flatnonzero(there & _differ(before, table.last_close))
    if len(off) == 0:
        return ()
    row = int(off[0])
    return (
        Text(
            "{count} of {total} rows have a last_close that is not the truth of the session before, such as {date}: "
            "{claimed} instead of {before}. Check for a date off by one, an adjusted price, or sessions that the table "
            "leaves out.",
            count=len(off),
            total=int(np.count_nonzero(there)),
            date=str(table.target_date[row]),
            claimed=f"{table.last_close[row]:.8g}",
            before=f"{before[row]:.8g}",
        ),
    )


def check_agreement(table: Forecasts) -> tuple[Text, ...]:
    """A note where models have different truths or last closes for the same forecast."""
    notes: list[Text] = []
    if len(table) == 0:
        return ()
    numbers = Keys(table).forecast
    for name, values in (("y", table.y), ("last_close", table.last_close)):
        known = np.flatnonzero(np.isfinite(values))
        if len(known) == 0:
            continue
        order = known[np.argsort(numbers[known], kind="stable")]
        starts = np.flatnonzero(np.diff(numbers[order], prepend=-1))
        least, most = np.minimum.reduceat(values[order], starts), np.maximum.reduceat(values[order], starts)
        off = np.flatnonzero(_differ(least, most))
        if len(off):
            row = int(order[starts[off[0]]])
            notes.append(
                Text(
                    "The models disagree on {name} for {count} forecasts, such as {symbol} on {date}: {least} and {most}. They "
                    "are judged each by its own; give them the same.",
                    name=name,
                    count=f"{len(off):,}",
                    symbol=table.symbol[row],
                    date=str(table.target_date[row]),
                    least=f"{least[off[0]]:.8g}",
                    most=f"{most[off[0]]:.8g}",
                )
            )
    return tuple(notes)


@dataclass(frozen=True, kw_only=True, eq=False)
class _History:
    """One symbol's closes by date."""

    dates: Dates
    close: Float64s

    def on(self, dates: Dates) -> Float64s:
        """The close of each date, NaN where it is no session."""
        rows = np.clip(np.searchsorted(self.dates, dates), 0, len(self.dates) - 1)
        return np.where(self.dates[rows] == dates, self.close[rows], np.nan)

    def before(self, dates: Dates, steps: Ints) -> Dates:
        """The session so many sessions before each date, NaT where there is none and after the last session."""
        rows = np.searchsorted(self.dates, dates) - steps
        return np.where(
            (rows >= 0) & (dates <= self.dates[-1]), self.dates[np.maximum(rows, 0)], np.datetime64("NaT", "D")
        )


def _calendar(table: Forecasts) -> tuple[Dates, Ints, Ints]:
    """Every symbol's target dates one behind the other; where each row's stands among them, and its symbol's first."""
    keys = Keys(table)
    numbers, place = np.unique(keys.session, return_inverse=True)
    first = np.searchsorted(numbers, np.arange(len(keys.symbols)) * keys.days)
    listed: Dates = keys.first_day + numbers % keys.days
    return listed, place, first[keys.symbol]


def _differ(expected: Float64s, got: Float64s) -> Bools:
    differ: Bools = np.isfinite(expected) & np.isfinite(got) & (np.abs(expected - got) > CLOSE * np.abs(expected))
    return differ


def _some(names: Mapping[str, object] | tuple[str, ...]) -> str:
    listed = list(names)
    return ", ".join(listed[:3]) + (", ..." if len(listed) > 3 else "")
