"""What the API answers from: a ledger's latest entries, each sorted by symbol, and the verdict. Never changed.

A newer ledger takes what it shares from the one before and reads only what is new; nothing is turned into text before it
is asked for. So a ledger can be read beside the requests without keeping them waiting.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from nextclose.core.errors import SavedRunError
from nextclose.market.ledger.chain import Ledger
from nextclose.market.ledger.entries import VERDICT, Entry, Kind

if TYPE_CHECKING:
    import pyarrow as pa

KEPT = 60
"""Latest origins whose forecasts are at hand."""
MOST_MADE = 10_000
"""Answers that are kept ready."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Part:
    """The rows of an entry, sorted by symbol."""

    entry: Entry
    rows: pa.Table
    at: Mapping[str, tuple[int, int]]
    """Symbol -> its first row and how many."""

    def of(self, symbol: str) -> list[dict[str, Any]]:
        """The rows of a symbol, as the ledger has them; none where it is not known."""
        first, count = self.at.get(symbol, (0, 0))
        rows: list[dict[str, Any]] = self.rows.slice(first, count).to_pylist()
        return rows


@dataclass(frozen=True, kw_only=True, eq=False)
class Snapshot:
    """A ledger as it was when it was read."""

    ledger: Ledger
    forecasts: Mapping[str, tuple[Part, ...]]
    """Origin as ISO date -> its entries, in order; the latest origin first."""
    truths: tuple[Part, ...]
    """The entries of truths since the first of these, in order."""
    verdict: bytes | None
    """verdict.json as it stands; None where there is none yet."""
    loaded_at: float
    """Seconds since 1970."""
    _made: dict[Any, bytes] = field(default_factory=dict)

    @property
    def entry(self) -> Entry | None:
        """The latest entry of forecasts; None in a ledger without any."""
        return self.latest[-1].entry if self.latest else None

    @cached_property
    def latest(self) -> tuple[Part, ...]:
        """The entries of the latest origin."""
        return next(iter(self.forecasts.values()), ())

    @cached_property
    def etag(self) -> str:
        """Another for another ledger."""
        return f'"{self.ledger.head.hash[:32]}"'

    @cached_property
    def models(self) -> tuple[str, ...]:
        """Names in the order of the ledger."""
        return tuple(dict.fromkeys(name for part in self.latest for name in part.rows["model"].unique().to_pylist()))

    @cached_property
    def symbols(self) -> frozenset[str]:
        """Those of the latest origin."""
        return frozenset(symbol for part in self.latest for symbol in part.at)

    def once(self, key: Any, make: Callable[[], bytes]) -> bytes:
        """What `make` gives; most answers are made at the first ask alone."""
        found = self._made.get(key)
        if found is None:
            found = make()
            if len(self._made) < MOST_MADE:
                self._made[key] = found
        return found


def load(ledger: Ledger, now: float, before: Snapshot | None = None) -> Snapshot:
    """The snapshot of a ledger; `before` is one of the same ledger when it was shorter.

    Raises
    ------
    LedgerError : a file of it is gone. SavedRunError : the verdict beside it is damaged.
    """
    known = {} if before is None else {part.entry.hash: part for part in _parts(before)}
    origins = sorted({entry.as_of for entry in ledger.of_kind("forecasts")}, reverse=True)[:KEPT]
    since = origins[-1] if origins else ""
    forecasts = _read(ledger, "forecasts", since, known)
    return Snapshot(
        ledger=ledger,
        forecasts={day: tuple(part for part in forecasts if part.entry.as_of == day) for day in origins},
        truths=_read(ledger, "truths", since, known),
        verdict=_verdict(ledger),
        loaded_at=now,
    )


def as_bytes(page: Mapping[str, Any]) -> bytes:
    """A page as JSON; dates are ISO text."""
    return json.dumps(page, ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=str).encode("utf-8")


def _parts(snapshot: Snapshot) -> tuple[Part, ...]:
    return (*(part for parts in snapshot.forecasts.values() for part in parts), *snapshot.truths)


def _read(ledger: Ledger, kind: Kind, since: str, known: Mapping[str, Part]) -> tuple[Part, ...]:
    """The entries of a kind from a session on."""
    wanted = [entry for entry in ledger.of_kind(kind) if entry.as_of >= since]
    return tuple(known.get(entry.hash) or _part(entry, ledger.table(entry)) for entry in wanted)


def _part(entry: Entry, table: pa.Table) -> Part:
    import pyarrow.compute as pc

    rows = table.sort_by("symbol").combine_chunks()
    if not len(rows):
        return Part(entry=entry, rows=rows, at={})
    runs = pc.run_end_encode(rows["symbol"].combine_chunks())
    ends = runs.run_ends.to_pylist()
    places = {name: (start, end - start) for name, start, end in zip(runs.values.to_pylist(), [0, *ends], ends)}  # noqa: B905
    return Part(entry=entry, rows=rows, at=places)


def _verdict(ledger: Ledger) -> bytes | None:
    """verdict.json, if it is JSON. Raises SavedRunError where it is not."""
    path = ledger.folder / VERDICT
    if not path.is_file():
        return None
    try:
        return as_bytes(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError) as error:
        raise SavedRunError(
            "'{path}' is damaged and cannot be read ({error}): nextclose market score writes it anew.",
            path=path,
            error=error,
        ) from error
