"""How the forecasts are that the API serves."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Literal

from nextclose.core.evening import FAILURES, STATUSES
from nextclose.core.lang import Lang
from nextclose.serve.snapshot import Snapshot, as_bytes
from nextclose.serve.store import Store

if TYPE_CHECKING:
    from nextclose.market.ledger.entries import Entry

State = Literal["ok", "stale", "degraded", "empty"]
AFTER = timedelta(days=2)
"""From the target's midnight, UTC: by then its session is over everywhere, and the next forecasts should be there."""
LONG = timedelta(days=5)
"""From when forecasts were recorded whose target has no date."""


def health_answer(store: Store, *, known: bool, lang: Lang, now: datetime | None = None) -> bytes:
    """The page of /v1/health; to strangers only the status.

    now : the time, with its zone.
    """
    now = now or datetime.now(UTC)
    snapshot, entry, problem = store.snapshot, store.snapshot.entry, store.problem
    status = "degraded" if problem is not None else _state(entry, now)
    if not known:
        return as_bytes({"status": status})
    head, statuses = snapshot.ledger.head, _statuses(snapshot)
    return as_bytes(
        {
            "status": status,
            "as_of": None if entry is None else entry.as_of,
            "target_date": None if entry is None else target_of(entry),
            "recorded_at": None if entry is None else entry.recorded_at,
            "age_seconds": None if entry is None else _age(entry, now),
            "entries": head.entries,
            "head": head.hash,
            "statuses": statuses,
            "failures": sum(count for status, count in statuses.items() if status in FAILURES),
            "models": snapshot.models,
            "origins": list(snapshot.forecasts),
            "loaded_at": datetime.fromtimestamp(snapshot.loaded_at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "problem": None if problem is None else problem.message(lang),
        }
    )


def target_of(entry: Entry) -> str | None:
    """The session that an entry's nearest forecasts are for; None where no calendar knew it."""
    dates = entry.page.get("target_dates") or [None]
    found: str | None = dates[0]
    return found


def _state(entry: Entry | None, now: datetime) -> State:
    if entry is None:
        return "empty"
    target = target_of(entry)
    if target is None:
        until = datetime.fromisoformat(entry.recorded_at) + LONG
    else:
        until = datetime.combine(date.fromisoformat(target), datetime.min.time(), UTC) + AFTER
    return "stale" if now >= until else "ok"


def _age(entry: Entry, now: datetime) -> float:
    return round(max((now - datetime.fromisoformat(entry.recorded_at)).total_seconds(), 0.0), 3)


def _statuses(snapshot: Snapshot) -> dict[str, int]:
    """Status -> symbols, as the latest entry counts them."""
    said = {} if snapshot.entry is None else snapshot.entry.page.get("statuses", {})
    return {status: int(said[status]) for status in STATUSES if status in said}
