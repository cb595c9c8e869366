"""What a symbol is on an evening, by its rows: trading, suspended, stale, ended or faulty."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from nextclose.bars.bars import Bars
from nextclose.bars.rows import Rows
from nextclose.core.errors import UserError
from nextclose.core.evening import Status
from nextclose.core.lang import Text
from nextclose.core.types import Dates
from nextclose.market.sets import BarSet

RECENT = 20
"""Sessions after which a symbol without a row has ended."""
LONG = np.timedelta64(60, "D")
"""Days after which it has, where fewer sessions than that are known."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Standing:
    """A symbol's bars up to a session, and what its rows say of it then."""

    name: str
    bars: Bars | None
    status: Status
    reason: Text | None = None
    """None where it trades."""
    later: bool = False
    """Whether the set holds a bar after that session."""


def standings(read: Iterable[tuple[str, Bars | UserError]], bars: BarSet, sessions: Dates) -> list[Standing]:
    """Symbols on the last of `sessions`, from what a set's `read` gave of them."""
    found = dict(read)
    without = [name for name, got in found.items() if isinstance(got, Bars) and not _trades(got, sessions[-1])]
    rows = bars.unchecked(without) if without else {}
    return [_standing(name, got, rows.get(name), sessions) for name, got in found.items()]


def _trades(bars: Bars, day: np.datetime64) -> bool:
    """Whether there is a bar of a day."""
    row = int(np.searchsorted(bars.dates, day))
    return row < len(bars) and bool(bars.dates[row] == day)


def _standing(name: str, got: Bars | UserError, rows: Rows | None, sessions: Dates) -> Standing:
    day = sessions[-1]
    if not isinstance(got, Bars):
        return Standing(name=name, bars=None, status="faulty", reason=Text(got.template, **got.values))
    count = int(np.searchsorted(got.dates, day, side="right"))
    known = got if count == len(got) else got[:count]
    if _trades(known, day):
        return Standing(name=name, bars=known, status="ok", later=count < len(got))
    status, reason = _without(rows, known, sessions)
    return Standing(name=name, bars=known if count else None, status=status, reason=reason, later=count < len(got))


def _without(rows: Rows | None, known: Bars, sessions: Dates) -> tuple[Status, Text]:
    """Why a symbol has no usable bar on the last session."""
    day = sessions[-1]
    own = np.empty(0, dtype="datetime64[D]") if rows is None else rows.dates[rows.dates <= day]
    last = known.dates[-1] if len(known) else None
    if len(own) == 0:
        return "too-few-bars", Text("no bar up to {day}", day=day)
    if own.max() == day and rows is not None:
        at = np.flatnonzero(rows.dates == day)
        if bool(((rows.open[at] == 0.0) & (rows.high[at] == 0.0) & (rows.low[at] == 0.0)).all()):
            return "suspended", Text("suspended on {day}; its last bar is of {last}", day=day, last=last or "-")
        return "faulty", Text("its row of {day} cannot be used; its last bar is of {last}", day=day, last=last or "-")
    missed = int(np.count_nonzero(sessions > own.max()))
    if missed <= RECENT and day - own.max() <= LONG:
        return "stale", Text("no row of {day}; its last bar is of {last}", day=day, last=last or own.max())
    return "ended", Text("no row since {last}", last=own.max())
