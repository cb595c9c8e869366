"""What is wrong with rows, and what is done about it.

Errors obey `faults`: raise refuses them, drop leaves the rows out, keep lets high < low and prices outside the range
stand. Notes never raise. Everything is counted, with dates.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from nextclose.bars.bars import Finding
from nextclose.bars.rows import Rows
from nextclose.core.errors import BarsError, SettingsError
from nextclose.core.lang import Joined, Text
from nextclose.core.suggest import did_you_mean
from nextclose.core.types import Bools, Dates, Float64s

FAULTS = ("raise", "drop", "keep")
OUTSIDE = 0.005
"""How far open or close may lie outside [low, high], as a share, before it is an error."""
JUMP = 0.3
"""Moves beyond this share are compared with split ratios."""
SPLITS = (1.5, 2.0, 3.0, 4.0, 5.0, 7.0, 10.0, 20.0, 25.0, 50.0, 100.0)
NEAR = 0.02
"""How near, as a share, a move must be to a split's ratio to look like one."""
SHOWN = 10
"""Dates that a finding names."""

TEXTS: dict[str, Text] = {
    "text": Text("text in a price"),
    "missing": Text("a price is missing"),
    "not-positive": Text("a price of 0 or less"),
    "high-below-low": Text("high below low"),
    "outside": Text("open or close outside [low, high] by more than 0.5 %"),
    "duplicate": Text("a date that stands before already"),
    "unsorted": Text("a date earlier than the row before"),
    "suspended": Text("suspended day: open, high and low are 0, the close is carried"),
    "zero-volume": Text("no volume"),
    "rounding": Text("open or close outside [low, high] by rounding, 0.5 % at most"),
    "no-session": Text("a date that is no session of the exchange's calendar"),
    "split-like": Text("a move that looks like a split which the prices were not adjusted for"),
}
KEEPABLE = ("high-below-low", "outside")


@dataclass(frozen=True, kw_only=True, eq=False)
class _Found:
    kind: str
    rows: Bools


def check(rows: Rows, faults: str) -> tuple[Rows, tuple[Finding, ...]]:
    """The rows that may be used, and what was found.

    Raises
    ------
    BarsError : errors, with `faults` raise, or with keep where they cannot be kept.
    SettingsError : an unknown `faults`.
    """
    if faults not in FAULTS:
        raise SettingsError(
            "--faults: expected raise, drop or keep, got '{got}'.{hint}", got=faults, hint=did_you_mean(faults, FAULTS)
        )
    suspended = _suspended(rows)
    trading = rows.where(~suspended)
    errors = list(_errors(trading))
    if faults == "raise" and errors:
        raise _refusal(trading, errors)
    left = [error for error in errors if faults == "drop" or error.kind not in KEEPABLE]
    if faults == "keep" and left:
        raise _cannot_keep(trading, left)
    gone = np.zeros(len(trading), dtype=bool)
    for error in left:
        gone |= error.rows
    clean = trading.where(~gone)
    findings = [_finding("suspended", rows, suspended, "note", "dropped")] if suspended.any() else []
    findings += [
        _finding(error.kind, trading, error.rows, "error", "dropped" if error in left else "kept") for error in errors
    ]
    findings += [_finding(note.kind, clean, note.rows, "note", "noted") for note in _notes(clean)]
    return clean, tuple(findings)


def _suspended(rows: Rows) -> Bools:
    still: Bools = (rows.open == 0.0) & (rows.high == 0.0) & (rows.low == 0.0) & (rows.close > 0.0)
    return still


def _errors(rows: Rows) -> Iterator[_Found]:
    """Each row under the first error that it has."""
    prices = np.stack([rows.open, rows.high, rows.low, rows.close])
    missing = np.isnan(prices).any(axis=0)
    latest = np.maximum.accumulate(rows.dates) if len(rows) else rows.dates
    earlier = np.zeros(len(rows), dtype=bool)
    earlier[1:] = rows.dates[1:] < latest[:-1]
    with np.errstate(invalid="ignore"):
        candidates = (
            ("text", rows.text),
            ("missing", missing),
            ("not-positive", (prices <= 0.0).any(axis=0)),
            ("duplicate", _repeated(rows)),
            ("unsorted", earlier),
            ("high-below-low", rows.high < rows.low),
            ("outside", _excess(rows) > OUTSIDE),
        )
    taken = np.zeros(len(rows), dtype=bool)
    for kind, found in candidates:
        own = found & ~taken
        taken |= found
        if own.any():
            yield _Found(kind=kind, rows=own)


def _repeated(rows: Rows) -> Bools:
    """Rows whose date stands in an earlier row."""
    _, first = np.unique(rows.dates, return_index=True)
    repeated = np.ones(len(rows), dtype=bool)
    repeated[first] = False
    return repeated


def _excess(rows: Rows) -> Float64s:
    """How far open or close lies outside [low, high], as a share of that bound."""
    above = np.maximum(rows.open, rows.close) / rows.high - 1.0
    below = 1.0 - np.minimum(rows.open, rows.close) / rows.low
    return np.maximum(above, below)


def _notes(rows: Rows) -> Iterator[_Found]:
    excess = _excess(rows)
    candidates = (
        ("rounding", (excess > 0.0) & (excess <= OUTSIDE)),
        ("zero-volume", rows.volume == 0.0),
    )
    return (_Found(kind=kind, rows=found) for kind, found in candidates if found.any())


def split_like(rows: Rows, close: Float64s) -> tuple[Finding, ...]:
    """A note on the days whose adjusted close (n,) moved as a split would move it."""
    looks = np.zeros(len(close), dtype=bool)
    if len(close) > 1:
        ratio = close[1:] / close[:-1]
        far = np.flatnonzero(np.abs(ratio - 1.0) > JUMP)
        size = np.maximum(ratio[far], 1.0 / ratio[far])
        looks[far + 1] = np.min(np.abs(size[:, None] / np.array(SPLITS) - 1.0), axis=1) < NEAR
    return (_finding("split-like", rows, looks, "note", "noted"),) if looks.any() else ()


def strange_dates(dates: Dates) -> tuple[Finding, ...]:
    """A note on dates (n,) that are no session; a calendar may err, so they are kept."""
    if len(dates) == 0:
        return ()
    shown = tuple(str(day) for day in dates[:SHOWN])
    text = TEXTS["no-session"].template
    return (Finding(kind="no-session", severity="note", action="noted", count=len(dates), dates=shown, text=text),)


def _finding(
    kind: str, rows: Rows, found: Bools, severity: Literal["error", "note"], action: Literal["dropped", "kept", "noted"]
) -> Finding:
    where = np.flatnonzero(found)
    return Finding(
        kind=kind,
        severity=severity,
        action=action,
        count=len(where),
        dates=tuple(str(day) for day in rows.dates[where[:SHOWN]]),
        text=TEXTS[kind].template,
    )


def _refusal(rows: Rows, errors: list[_Found]) -> BarsError:
    return BarsError(
        "{symbol}: {count} of {total} rows are faulty: {kinds}. Run again with --faults drop to leave these {count} rows "
        "out.",
        symbol=rows.symbol,
        count=sum(int(error.rows.sum()) for error in errors),
        total=len(rows),
        kinds=_listed(rows, errors),
    )


def _cannot_keep(rows: Rows, errors: list[_Found]) -> BarsError:
    return BarsError(
        "{symbol}: --faults keep cannot keep {kinds}: no window can hold such rows. Use --faults drop to leave them out.",
        symbol=rows.symbol,
        kinds=_listed(rows, errors),
    )


def _listed(rows: Rows, errors: list[_Found]) -> Joined:
    """Each kind with its count and its first row as it stands."""
    return Joined(
        Text(
            "{count} with {kind} (first {date}: open {open}, high {high}, low {low}, close {close})",
            count=int(error.rows.sum()),
            kind=TEXTS[error.kind],
            date=str(rows.dates[first]),
            open=_shown(rows.open[first]),
            high=_shown(rows.high[first]),
            low=_shown(rows.low[first]),
            close=_shown(rows.close[first]),
        )
        for error in errors
        for first in [int(np.flatnonzero(error.rows)[0])]
    )


def _shown(price: float) -> Text | str:
    return f"{price:.10g}" if np.isfinite(price) else Text("no number")
