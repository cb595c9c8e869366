"""What the API answers from: a ledger's latest entries, each sorted by symbol, and the verdict. Never changed.

A newer ledger takes what it shares from the one before and reads only what is new; rows stay Arrow arrays until they are
asked for. So a ledger can be read beside the requests without keeping them waiting.
"""

from __future__ import annotations

import hashlib
import json
from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from nextclose import __version__
from nextclose.core.errors import SavedRunError
from nextclose.market.ledger.chain import Ledger
from nextclose.market.ledger.entries import VERDICT, Entry, Kind
from nextclose.serve.kept import Kept
from nextclose.serve.near import index_of

if TYPE_CHECKING:
    import pyarrow as pa

KEPT = 60
"""Latest origins whose forecasts are at hand."""
SMALL, LARGE = 32 << 20, 64 << 20
"""Bytes of a symbol's answers and of tables and histories that are kept ready."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Part:
    """The rows of an entry, sorted by symbol; text is dictionary-encoded."""

    entry: Entry
    rows: pa.Table
    names: pa.Array
    """The symbols, sorted."""
    ends: pa.Array
    """The row behind the last of each."""

    def of(self, symbol: str) -> list[dict[str, Any]]:
        """The rows of a symbol, as the ledger has them; none where it is not known."""
        at = bisect_left(range(len(self.names)), symbol, key=lambda number: self.names[number].as_py())
        if at == len(self.names) or self.names[at].as_py() != symbol:
            return []
        first = self.ends[at - 1].as_py() if at else 0
        rows: list[dict[str, Any]] = self.rows.slice(first, self.ends[at].as_py() - first).to_pylist()
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
    tag: str
    """Another for another ledger, verdict or version."""
    models: tuple[str, ...]
    """Names of the latest origin, in the order of the ledger."""
    symbols: frozenset[str]
    """Of the latest origin."""
    near: Mapping[str, str]
    """By which a symbol that is misspelt is found."""
    small: Kept = field(default_factory=lambda: Kept(SMALL))
    """Answers that are made in less than a millisecond."""
    large: Kept = field(default_factory=lambda: Kept(LARGE))
    """Answers that take longer."""

    @property
    def latest(self) -> tuple[Part, ...]:
        """The entries of the latest origin."""
        return next(iter(self.forecasts.values()), ())

    @property
    def entry(self) -> Entry | None:
        """The latest entry of forecasts; None in a ledger without any."""
        return self.latest[-1].entry if self.latest else None


def load(ledger: Ledger, now: float, before: Snapshot | None = None) -> Snapshot:
    """The snapshot of a ledger; `before` is one of the same ledger when it was shorter.

    Raises
    ------
    LedgerError : a file of it is gone. SavedRunError : the verdict beside it is damaged.
    """
    known = {} if before is None else {part.entry.hash: part for part in _parts(before)}
    origins = sorted({entry.as_of for entry in ledger.of_kind("forecasts")}, reverse=True)[:KEPT]
    since = origins[-1] if origins else ""
    parts, verdict = _read(ledger, "forecasts", since, known), _verdict(ledger)
    forecasts = {day: tuple(part for part in parts if part.entry.as_of == day) for day in origins}
    latest = forecasts[origins[0]] if origins else ()
    symbols = frozenset(name for part in latest for name in part.names.to_pylist())
    return Snapshot(
        ledger=ledger,
        forecasts=forecasts,
        truths=_read(ledger, "truths", since, known),
        verdict=verdict,
        loaded_at=now,
        tag=hashlib.sha256(f"{__version__} {ledger.head.hash} ".encode() + (verdict or b"")).hexdigest()[:32],
        models=tuple(dict.fromkeys(name for part in latest for name in part.rows["model"].unique().to_pylist())),
        symbols=symbols,
        near=before.near if before is not None and before.symbols == symbols else index_of(symbols),
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
    import pyarrow as pa
    import pyarrow.compute as pc

    rows = table.sort_by("symbol").combine_chunks()
    runs = pc.run_end_encode(rows["symbol"]).combine_chunks() if len(rows) else None
    for number, column in enumerate(rows.schema):
        if pa.types.is_string(column.type):
            rows = rows.set_column(number, column.name, rows[column.name].dictionary_encode())
    if runs is None:
        return Part(entry=entry, rows=rows, names=pa.array([], pa.string()), ends=pa.array([], pa.int32()))
    return Part(entry=entry, rows=rows, names=runs.values, ends=runs.run_ends)


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
