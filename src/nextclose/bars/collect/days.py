"""Which sessions are wanted: those that are over, by the exchange's calendar and a list of closures."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from nextclose.bars.calendars import Session, schedule
from nextclose.core.errors import SettingsError
from nextclose.core.lang import Text

AROUND = dt.timedelta(days=20)
"""Beyond this no exchange is shut without a break."""


@dataclass(frozen=True, kw_only=True)
class Days:
    """The end of what may be asked for."""

    limit: str
    """The last session that is over, and not beyond the date that was asked for."""
    latest: str | None
    """The exchange's last session, while the next has not opened; None once it has."""
    sessions: tuple[str, ...]
    """Sessions up to the limit, from some days before the set's end on."""
    note: Text | None = None
    """Why the limit is not the date that was asked for."""


def find_days(exchange: str, after: str, as_of: str | None, moment: dt.datetime) -> Days:
    """The sessions of an exchange at a moment.

    Parameters
    ----------
    after : ISO date near which the wanted sessions begin.
    as_of : no session after this date; None: the last one that is over.

    Raises
    ------
    SettingsError : the calendar does not reach.
    """
    start = min(dt.date.fromisoformat(after), moment.date()) - AROUND
    every = schedule(exchange, str(start), str(moment.date() + AROUND))
    over = [session for session in every if session.closes <= moment]
    if not over:
        raise SettingsError(
            "the calendar {exchange} has no session before {date}", exchange=exchange, date=moment.date()
        )
    last = over[-1].date
    asked = [session.date for session in over if as_of is None or session.date <= as_of]
    limit = asked[-1] if asked else str(as_of)
    return Days(
        limit=limit, latest=last if _is_shut(every, moment) else None, sessions=tuple(asked),
        note=_note(every, last, as_of, moment),
    )  # fmt: skip


def _is_shut(every: tuple[Session, ...], moment: dt.datetime) -> bool:
    return not any(session.opens <= moment < session.closes for session in every)


def _note(every: tuple[Session, ...], last: str, as_of: str | None, moment: dt.datetime) -> Text | None:
    """Only where a session was asked for that is not over."""
    if as_of is None or as_of <= last:
        return None
    coming = next((session for session in every if last < session.date <= as_of), None)
    if coming is None:
        return None
    return Text(
        "the session of {date} ends at {closes} UTC, and it is {now}: asked for up to {last}",
        date=coming.date, closes=f"{coming.closes:%Y-%m-%d %H:%M}", now=f"{moment:%Y-%m-%d %H:%M}", last=last,
    )  # fmt: skip
