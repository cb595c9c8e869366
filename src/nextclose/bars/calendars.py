"""Exchange calendars: when the next session is. They date the future only; history is never rejected by one."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from nextclose.core.lang import Text
from nextclose.core.types import Dates

CANDIDATES = ("XNYS", "XKRX", "XTKS", "XLON", "XHKG", "XFRA", "XPAR", "XTSE", "XASX", "XSHG", "XTAI", "XBOM")
"""Calendars that bars without an exchange are compared with."""
COMPARED = 250
"""Latest dates that are compared."""
FITS = 0.99
"""Share of all days, sessions or dates, that must be both for a calendar to fit."""
AHEAD = np.timedelta64(60, "D")
"""Days beyond a date in which its next sessions are looked for."""


@dataclass(frozen=True, kw_only=True)
class Session:
    """One session of an exchange."""

    date: str
    """ISO."""
    opens: dt.datetime
    closes: dt.datetime
    """In UTC."""


def schedule(exchange: str, start: str, end: str) -> tuple[Session, ...]:
    """The calendar's sessions from one ISO date to another, both included; none where it does not reach."""
    # Whole years, so that the evenings of one process share a calendar; a calendar may end before its year does.
    years = _scheduled(exchange, f"{start[:4]}-01-01", f"{end[:4]}-12-31") or _scheduled(exchange, start, end)
    return tuple(session for session in years if start <= session.date <= end)


@cache
def _scheduled(exchange: str, start: str, end: str) -> tuple[Session, ...]:
    calendar = _calendar(exchange, start, end)
    if calendar is None:
        return ()
    dates = np.datetime_as_string(calendar.sessions.to_numpy().astype("datetime64[D]")).tolist()
    times = zip(dates, calendar.opens, calendar.closes, strict=True)
    return tuple(
        Session(date=date, opens=_utc(opens), closes=_utc(closes))
        for date, opens, closes in times
        if start <= date <= end
    )


def _utc(moment: Any) -> dt.datetime:
    found: dt.datetime = moment.to_pydatetime()
    return found if found.tzinfo else found.replace(tzinfo=dt.UTC)


def sessions_ahead(exchange: str, after: np.datetime64, count: int) -> tuple[list[str | None], Text | None]:
    """The `count` sessions after a date as ISO text, None where the calendar does not reach, and why not."""
    coming = _sessions(exchange, str(after), str(after + AHEAD * (1 + count // 20)))
    dates: list[str | None] = [str(day) for day in coming[coming > after][:count]]
    if len(dates) == count:
        return dates, None
    reason = Text("the calendar {exchange} has no session after {after}", exchange=exchange, after=str(after))
    return dates + [None] * (count - len(dates)), reason


def guess_exchange(dates: Dates) -> tuple[str | None, Text | None]:
    """The calendar that fits the last 250 dates, or None and the reason."""
    latest = dates[-COMPARED:]
    fits = {}
    for code in CANDIDATES:
        fits[code] = _fit(code, latest)
        if fits[code] == 1.0:
            return code, None
    best = max(fits, key=lambda code: fits[code])
    if fits[best] >= FITS:
        return best, None
    return None, Text(
        "no exchange calendar fits the last {count} dates (nearest {best}, {share} of days agree); give one with "
        "--exchange, or the date with --target-date",
        count=len(latest),
        best=best,
        share=f"{fits[best]:.0%}",
    )


def not_sessions(exchange: str, dates: Dates) -> Dates:
    """Those of `dates` (n,) that the calendar does not hold; none where it does not reach."""
    # Whole decades, so that the symbols of a market share one calendar.
    first, last = (int(str(day)[:3]) for day in (dates[0], dates[-1]))
    sessions = _sessions(exchange, f"{first}0-01-01", f"{last}9-12-31")
    return np.setdiff1d(dates, sessions) if len(sessions) else dates[:0]


def _fit(code: str, dates: Dates) -> float:
    """Days that are both a session and among the dates, as a share of those that are either."""
    sessions = _sessions(code, str(dates[0]), str(dates[-1]))
    both = len(np.intersect1d(sessions, dates))
    return both / (len(sessions) + len(dates) - both)


@cache
def _sessions(exchange: str, start: str, end: str) -> Dates:
    """The calendar's sessions from `start` to `end`, (n,); none where it does not reach. A short span is built quickly."""
    calendar = _calendar(exchange, start, end)
    if calendar is None:
        return np.empty(0, dtype="datetime64[D]")
    sessions = np.asarray(calendar.sessions.to_numpy(), dtype="datetime64[D]")
    within: Dates = sessions[(sessions >= np.datetime64(start)) & (sessions <= np.datetime64(end))]
    return within


_BUILT: dict[str, list[tuple[str, str, Any]]] = {}
"""Exchange -> the calendars that are there, with the span of each: one takes a second."""


def _calendar(exchange: str, start: str, end: str) -> Any:
    """A calendar that covers a span; None where there is none."""
    import exchange_calendars as ec

    for first, last, known in _BUILT.get(exchange, ()):
        if first <= start and end <= last:
            return known
    try:
        built = ec.get_calendar(exchange, start=start, end=end)
    except (ValueError, ec.errors.CalendarError):
        return None
    _BUILT.setdefault(exchange, []).append((start, end, built))
    return built


def opens_at(exchange: str, session: dt.date) -> dt.datetime | None:
    """When a session opens, in UTC; None where the calendar does not hold it."""
    return _moment(exchange, session, "session_open")


def closes_at(exchange: str, session: dt.date) -> dt.datetime | None:
    """When a session closes, in UTC; None where the calendar does not hold it."""
    return _moment(exchange, session, "session_close")


def _moment(exchange: str, session: dt.date, which: str) -> dt.datetime | None:
    import exchange_calendars as ec

    near = [known for first, last, known in _BUILT.get(exchange, ()) if first <= str(session) <= last]
    calendar = near[0] if near else _calendar(exchange, str(session - dt.timedelta(days=7)), str(session))
    if calendar is None:
        return None
    try:
        found = getattr(calendar, which)(str(session))
    except (ValueError, ec.errors.CalendarError):
        return None
    moment: dt.datetime = found.to_pydatetime()
    return moment
