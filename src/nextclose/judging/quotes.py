"""Opens for the sessions that a table forecasts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import numpy as np

from nextclose.core.errors import ForecastsError
from nextclose.core.forecasts import Forecasts
from nextclose.core.types import Dates, Float64s
from nextclose.judging.keys import encode, groups


class Quotes(Protocol):
    """What is needed of one symbol's bars: (N,) columns, oldest first."""

    @property
    def dates(self) -> Dates:
        """Sessions."""

    @property
    def open(self) -> Float64s:
        """Opening prices."""

    @property
    def close(self) -> Float64s:
        """Closing prices."""


def open_over_close(rows: Forecasts, quotes: Mapping[str, Quotes]) -> Float64s:
    """(n,) open over close of each row's target date; a ratio, so that bars adjusted otherwise than the table will do.

    One symbol's quotes serve a table of one symbol whatever it is called there.

    Raises
    ------
    ForecastsError : a session without an open.
    """
    code, names = encode(rows.symbol)
    if len(quotes) == 1 and len(names) == 1:
        quotes = {names[0]: next(iter(quotes.values()))}
    ratio = np.full(len(rows), np.nan)
    for number, own in groups(code).items():
        if (bars := quotes.get(names[number])) is not None and len(bars.dates):
            at = np.clip(np.searchsorted(bars.dates, rows.target_date[own]), 0, len(bars.dates) - 1)
            there = bars.dates[at] == rows.target_date[own]
            ratio[own] = np.where(there, bars.open[at] / bars.close[at], np.nan)
    lacking = np.flatnonzero(~(np.isfinite(ratio) & (ratio > 0.0)))
    if len(lacking):
        raise ForecastsError(
            "entry=open needs the open of every session; {count} of {total} lack it, such as {symbol} on {date}. Give the "
            "bars (--bars SOURCE), or trade at the close (--entry close).",
            count=f"{len(lacking):,}",
            total=f"{len(rows):,}",
            symbol=rows.symbol[lacking[0]],
            date=str(rows.target_date[lacking[0]]),
        )
    return ratio
