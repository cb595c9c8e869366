"""Written dates to sessions, a whole column at a time.

The day that is written is kept: a time zone behind it never moves a bar to another day.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from nextclose.core.errors import SourceError
from nextclose.core.types import Dates

if TYPE_CHECKING:
    import pyarrow as pa

_PADDED = r"^\d{4}[-/.]\d{2}[-/.]\d{2}"
_COMPACT = r"^\d{8}(\D|$)"
_YEAR_FIRST = r"^(?P<year>\d{4})\D+(?P<month>\d{1,2})\D+(?P<day>\d{1,2})"
_YEAR_LAST = r"^(?P<one>\d{1,2})[-/.](?P<two>\d{1,2})[-/.](?P<year>\d{4})"


@dataclass(frozen=True, kw_only=True)
class Days:
    """A column of dates."""

    dates: Dates
    """(n,) datetime64[D]"""
    timed: bool
    """Whether a time of day stood beside any of them."""


def read_days(column: pa.ChunkedArray, name: str) -> Days:
    """The days of a date column: dates, timestamps, YYYYMMDD numbers, or text in any year-first form.

    Raises
    ------
    SourceError : a value that is no date, or 01/02/2020 with nothing that says which is the month.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    if column.null_count:
        raise SourceError("column '{name}': {count} rows have no date", name=name, count=column.null_count)
    kind = column.type
    if pa.types.is_timestamp(kind):
        try:
            local = column.cast(pa.timestamp("ns")) if kind.tz is None else pc.local_timestamp(column)
        except pa.ArrowInvalid:
            raise SourceError(
                "column '{name}': expected dates between 1678 and 2261, got one far outside", name=name
            ) from None
        stamps = local.to_numpy()
        return Days(dates=stamps.astype("datetime64[D]"), timed=bool(np.any(stamps != stamps.astype("datetime64[D]"))))
    if pa.types.is_date(kind):
        return Days(dates=column.cast(pa.date32()).to_numpy().astype("datetime64[D]"), timed=False)
    if pa.types.is_integer(kind) or pa.types.is_floating(kind):
        column = _as_text(column, name)
    return _from_text(pc.utf8_trim_whitespace(column.cast(pa.string())).combine_chunks(), name)


def _as_text(column: pa.ChunkedArray, name: str) -> pa.ChunkedArray:
    """Numbers as they are written: 20230403.0 as 20230403."""
    import pyarrow as pa

    try:
        return column.cast(pa.int64()).cast(pa.string())
    except pa.ArrowInvalid as error:
        raise SourceError(
            "column '{name}': expected dates such as 20230403, got numbers that are none ({error})",
            name=name,
            error=error,
        ) from error


def _from_text(text: Any, name: str) -> Days:
    import pyarrow as pa
    import pyarrow.compute as pc

    timed = bool(pc.any(pc.match_substring_regex(text, r"\d[T ]+\d{1,2}:?\d{2}")).as_py())
    if timed:
        timed = not pc.all(pc.match_substring_regex(text, r"[T ]+00:?00(:?00(\.0+)?)?\D*")).as_py()
    if _all(text, _PADDED):
        parts = [pc.utf8_slice_codeunits(text, start, stop) for start, stop in ((0, 4), (5, 7), (8, 10))]
    elif _all(text, _COMPACT):
        parts = [pc.utf8_slice_codeunits(text, start, stop) for start, stop in ((0, 4), (4, 6), (6, 8))]
    elif _all(text, _YEAR_FIRST):
        found = pc.extract_regex(text, _YEAR_FIRST)
        parts = [found.field(part) for part in ("year", "month", "day")]
    elif _all(text, _YEAR_LAST):
        parts = _year_last(text, name)
    else:
        raise _no_date(text, name)
    year, month, day = (part.cast(pa.int64()).to_numpy(zero_copy_only=False) for part in parts)
    months = ((year - 1970) * 12 + (month - 1)).astype("datetime64[M]")
    dates = months.astype("datetime64[D]") + (day - 1).astype("timedelta64[D]")
    wrong = (month < 1) | (month > 12) | (day < 1) | (dates.astype("datetime64[M]") != months)
    if wrong.any():
        raise SourceError(
            "column '{name}': expected dates such as 2023-04-03, got '{got}'",
            name=name,
            got=text[int(np.flatnonzero(wrong)[0])].as_py(),
        )
    return Days(dates=dates, timed=timed)


def _year_last(text: Any, name: str) -> list[Any]:
    """Year, month and day of 12/31/2020 or 31/12/2020, where some value tells which of them it is."""
    import pyarrow as pa
    import pyarrow.compute as pc

    found = pc.extract_regex(text, _YEAR_LAST)
    one, two = found.field("one"), found.field("two")
    day_first = pc.max(one.cast(pa.int64())).as_py() > 12
    month_first = pc.max(two.cast(pa.int64())).as_py() > 12
    if day_first == month_first:
        raise SourceError(
            "column '{name}': '{got}' may be month/day or day/month, and no row tells which. Write dates as 2023-04-03.",
            name=name,
            got=text[0].as_py(),
        )
    return [found.field("year"), two, one] if day_first else [found.field("year"), one, two]


def _all(text: Any, pattern: str) -> bool:
    import pyarrow.compute as pc

    return bool(pc.all(pc.match_substring_regex(text, pattern)).as_py())


def _no_date(text: Any, name: str) -> SourceError:
    """The first value that is written unlike the others."""
    import pyarrow.compute as pc

    forms = (_PADDED, _COMPACT, _YEAR_FIRST, _YEAR_LAST)
    fits = [pc.match_substring_regex(text, form).to_numpy(zero_copy_only=False) for form in forms]
    most = max(fits, key=np.count_nonzero)
    bad = int(np.flatnonzero(~most)[0])
    return SourceError(
        "column '{name}': expected dates such as 2023-04-03, 2023/04/03 or 20230403, all in one form; got '{got}' in "
        "row {row}",
        name=name,
        got=text[bad].as_py(),
        row=bad + 1,
    )
