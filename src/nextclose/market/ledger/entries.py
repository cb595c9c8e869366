"""What stands in a ledger's chain: a line an entry, each with the hash of the one before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Kind = Literal["opened", "forecasts", "truths"]
FOLDER, CHAIN, HEAD, VERDICT = "ledger", "chain.jsonl", "head.json", "verdict.json"


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One entry, as it stands in the chain."""

    entry: int
    """From 1."""
    kind: Kind
    """opened: the run that the ledger belongs to; forecasts; truths."""
    as_of: str
    """The last session whose bars were known."""
    file: str | None
    """The Parquet file beside the chain."""
    rows: int
    sha256: str | None
    """Of the file."""
    recorded_at: str
    """UTC, to the second: when it was written."""
    page: Mapping[str, Any] = field(default_factory=dict)
    """What else is to be said of it: counts by status, target date, versions."""
    previous: str = ""
    """Hash of the entry before; empty for the first."""
    hash: str = ""
    """SHA-256 of everything above as JSON with sorted keys and without spaces."""


@dataclass(frozen=True, kw_only=True)
class Head:
    """The ledger's last entry: what a reader looks at to see whether there is news. Replaced last, at once."""

    entries: int
    hash: str
    as_of: str
    recorded_at: str
