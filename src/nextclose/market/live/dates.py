"""Which sessions come after a market's last, by its exchange's calendar, closures, and whoever knows better."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

import numpy as np

from nextclose.bars.calendars import opens_at, sessions_ahead
from nextclose.core.errors import SettingsError
from nextclose.core.lang import Text
from nextclose.judging.splits import parse_date
from nextclose.study.live import Sessions


def coming(
    exchange: str | None, day: np.datetime64, horizon: int, *, target_date: str | None, closures: Sequence[str]
) -> Sessions:
    """The `horizon` sessions after a day.

    Parameters
    ----------
    target_date : the first, where the calendar errs; nothing is known of those behind it then.
    closures : ISO dates on which the exchange stays shut, whatever its calendar says.

    Raises
    ------
    SettingsError : a target date that is none, or not after the day.
    """
    if target_date is not None:
        first = parse_date("target-date", target_date)
        if first <= day:
            raise SettingsError(
                "--target-date {date}: expected a date after the last session, {last}", date=first, last=day
            )
        return Sessions(dates=(str(first),) + (None,) * (horizon - 1))
    if not exchange:
        why = Text(
            "no exchange calendar fits the market's sessions; give one with --exchange, or the date with --target-date"
        )
        return Sessions(dates=(None,) * horizon, reason=why)
    shut = frozenset(closures)
    dates, reason = sessions_ahead(exchange, day, horizon + len(shut))
    open_days = [one for one in dates if one is None or one not in shut]
    reached = horizon <= sum(one is not None for one in open_days)
    return Sessions(dates=tuple(open_days[:horizon]), reason=None if reached else reason)


def made_in_time(exchange: str | None, target: str | None, now: datetime) -> bool | None:
    """Whether a moment lies before a session opens; None where nobody knows when that is."""
    if not exchange or target is None:
        return None
    opening = opens_at(exchange, date.fromisoformat(target))
    return None if opening is None else now < opening
