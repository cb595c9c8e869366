"""The lines of a chain: each the canonical JSON of an entry, sealed with a hash that covers the hash of the one before."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any

from nextclose.core.errors import SavedRunError
from nextclose.core.lang import Text
from nextclose.core.plain import plain, rebuild
from nextclose.market.ledger.entries import Entry, Head


class LedgerError(SavedRunError):
    """A ledger that is not the one that was written, or that cannot be written to."""


class MisfitError(Exception):
    """The first entry that does not fit, and why."""

    def __init__(self, entry: int, why: Text) -> None:
        super().__init__(entry, why)
        self.entry, self.why = entry, why


def canonical(page: Any) -> str:
    """JSON with sorted keys and without spaces: one text for one value."""
    return json.dumps(plain(page), sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def sealed(entry: Entry) -> Entry:
    """The entry as it is read again, with its hash."""
    page = json.loads(canonical(entry))
    del page["hash"]
    return rebuild(Entry, page | {"hash": hash_of(canonical(page).encode())})


def hash_of(content: bytes) -> str:
    """SHA-256, hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def to_line(entry: Entry) -> bytes:
    """The entry's line, its end included."""
    return canonical(entry).encode() + b"\n"


def head_of(entry: Entry) -> Head:
    """What the last entry looks like from outside."""
    return Head(entries=entry.entry, hash=entry.hash, as_of=entry.as_of, recorded_at=entry.recorded_at)


def file_name(entry: int, kind: str) -> str:
    """The Parquet file of an entry."""
    return f"{entry:06d}-{kind}.parquet"


def whole_lines(content: bytes) -> bytes:
    """Without a last line that was cut short."""
    return content[: content.rfind(b"\n") + 1]


def read_lines(content: bytes, before: Sequence[Entry] = ()) -> tuple[Entry, ...]:
    """The entries of some whole lines that follow those `before`. Raises MisfitError for the first that does not fit."""
    found = list(before)
    for line in content.split(b"\n")[:-1]:
        found.append(_read_line(line, len(found) + 1, found[-1].hash if found else ""))
    return tuple(found[len(before) :])


def _read_line(line: bytes, number: int, previous: str) -> Entry:
    try:
        entry = rebuild(Entry, json.loads(line.decode("utf-8")))
        written = to_line(entry)[:-1]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise MisfitError(number, Text("its line cannot be read")) from None
    if written != line or sealed(entry) != entry:
        raise MisfitError(number, Text("its line was changed"))
    if entry.entry != number or entry.previous != previous:
        raise MisfitError(
            number, Text("it does not follow the entry before: one was taken out, put in, moved or changed")
        )
    if (number == 1) != (entry.kind == "opened"):
        raise MisfitError(number, Text("a ledger is opened once, by its first entry"))
    if entry.file not in (None, file_name(number, entry.kind)):
        raise MisfitError(number, Text("it names the file of another entry"))
    return entry
