"""What the steps of an evening come to: frozen values that the terminal, the ledger and the API show."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from nextclose.core.results import NAN, ModelRow

Status = Literal["ok", "suspended", "stale", "ended", "too-few-bars", "faulty", "failed"]
"""Of a symbol on an evening. ok: it has numbers; suspended: its row of the session says that it did not trade; stale: it
has no row of the session, though it traded within the last 20; ended: no row for longer; too-few-bars: no net was fitted
for it yet; faulty: its rows cannot be used; failed: its net cannot be fitted or asked."""
STATUSES: tuple[Status, ...] = ("ok", "suspended", "stale", "ended", "too-few-bars", "faulty", "failed")
FAILURES: frozenset[Status] = frozenset({"stale", "faulty", "failed"})
"""Those that `--max-failures` counts: somebody should have a look."""


@dataclass(frozen=True, kw_only=True)
class SourceFailure:
    """Something that a source was asked for and did not give."""

    source: str
    what: str
    """A session's ISO date, or a symbol."""
    why: str


@dataclass(frozen=True, kw_only=True)
class SetUpdate:
    """What `nextclose data update` did to a set."""

    folder: str
    as_of: str
    """The last session that is in the set now, not beyond the date that was asked for."""
    added: tuple[str, ...]
    """Sessions that came in."""
    rows: int
    """Rows that came in."""
    symbols: int
    """Symbols in the set."""
    new_symbols: tuple[str, ...]
    rescaled: Mapping[str, float]
    """Symbol -> what its history was multiplied by: a split or dividend."""
    missing: Mapping[str, tuple[str, ...]]
    """Session -> symbols that trade, and whose row no source gave; every session that is still open."""
    failures: tuple[SourceFailure, ...]
    no_session: tuple[str, ...] = ()
    """Dates that the calendar calls sessions, and on which no source knew a bar."""
    notes: tuple[str, ...] = ()
    """What else was done otherwise than asked."""


@dataclass(frozen=True, kw_only=True)
class LiveUpdate:
    """What `nextclose market update` did."""

    as_of: str
    new_sessions: tuple[str, ...]
    """Sessions of the market since the update before."""
    due: Mapping[str, str]
    """Recipe -> why its nets were fitted: the first time, a refit that the schedule asks for; not in it: none was due."""
    fits: int
    symbols: int
    statuses: Mapping[Status, int]
    rescaled: Mapping[str, float]
    """Symbol -> newer over known price, as recognised from the sessions that both hold."""
    refitted: tuple[str, ...]
    """Symbols whose history became another, so that their nets were fitted anew."""
    reasons: Mapping[str, str]
    """Symbol -> why it has no net, of those that count as failures."""
    seconds: float
    already: bool = False
    """Whether it had been done before."""


@dataclass(frozen=True, kw_only=True)
class Predicted:
    """What `nextclose market predict` wrote into the ledger."""

    origin: str
    target_date: str | None
    reason: str | None
    """Why the target has no date."""
    statuses: Mapping[Status, int]
    models: tuple[str, ...]
    reasons: Mapping[str, str]
    """Symbol -> why it has no number, of those that count as failures."""
    entry: int | None
    """Its number in the ledger; None where nothing was to be added."""
    in_time: bool | None
    """Whether it was written before that session opened; None where nobody knows when that is."""
    seconds: float
    already: bool = False
    """Whether the ledger held these forecasts before."""


@dataclass(frozen=True, kw_only=True)
class Drift:
    """One recipe's recent error against the band that it kept to before."""

    model: str
    sessions: int
    """Recent sessions that are looked at."""
    ratio: float
    """Root of the model's squared errors over persistence's, in those."""
    low: float
    high: float
    """The band."""
    reference: int
    """Sessions that the band comes from."""
    alarm: bool
    sentence: str
    coverage: float = NAN
    """Share of the truths inside their intervals, in the recent sessions; NaN where none has an interval."""
    coverage_low: float = NAN
    """What it keeps above otherwise."""
    level: float = NAN
    """What the intervals claim."""


@dataclass(frozen=True, kw_only=True)
class RunningVerdict:
    """What the ledger alone says of every model so far."""

    as_of: str
    """The last session with a truth; empty where none has one."""
    head: str
    """Hash of the ledger's last entry that it rests on."""
    entries: int
    sessions: int
    """Target sessions with truths."""
    scored: int
    """Forecasts with a truth."""
    pending: int
    """Forecasts without one yet."""
    redated: int
    """Scored forecasts whose session was another than they said."""
    in_time: int
    """Scored forecasts that were written before their session opened."""
    models: tuple[ModelRow, ...]
    drift: tuple[Drift, ...]
    reasons: Mapping[str, str] = field(default_factory=dict)
    """Why something is missing."""


@dataclass(frozen=True, kw_only=True)
class Scored:
    """What `nextclose market score` added."""

    truths: int
    """Truths that came in: one a symbol, origin and step."""
    redated: Mapping[str, int]
    """Reason -> truths of another session than was said: holiday, suspended."""
    rescaled: Mapping[str, float]
    """Symbol -> newer over forecast price."""
    waiting: int
    """Forecasts whose session is over, and whose bar is missing still."""
    entry: int | None
    verdict: RunningVerdict
    seconds: float


@dataclass(frozen=True, kw_only=True)
class Evening:
    """One evening: what each step came to."""

    run: str
    as_of: str
    data: SetUpdate | None
    """None where the set is not kept by `nextclose data update`."""
    update: LiveUpdate
    predicted: Predicted
    scored: Scored
    failures: int
    """Symbols that count as failures."""
    max_failures: int | None
    seconds: float
    notes: tuple[str, ...] = ()
