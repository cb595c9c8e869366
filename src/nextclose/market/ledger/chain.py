"""A ledger on disk: entries are added at the end, and a change of anything that was written shows.

    000001-opened.parquet <- line 1 <- line 2 -> 000002-forecasts.parquet
                                    <- line 3 -> 000003-truths.parquet ...      head.json = the last line

Each line holds the hash of its file and of the line before, as a linked time-stamp (Haber and Stornetta 1991). So a byte
that is changed in a line or file, or a line that is taken out, put in or moved, no longer fits. What a chain cannot show by
itself is that its end was cut off and head.json with it, or that all of it was written anew: whoever wants to be sure notes
the head's hash elsewhere, and asks for it later (`Ledger.expect`).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nextclose.core.lang import Text
from nextclose.core.plain import rebuild, to_json
from nextclose.market.files import write_bytes, write_text
from nextclose.market.ledger.entries import CHAIN, FOLDER, HEAD, Entry, Head, Kind
from nextclose.market.ledger.lines import (
    LedgerError,
    MisfitError,
    file_name,
    hash_of,
    head_of,
    read_lines,
    sealed,
    to_line,
    whole_lines,
)
from nextclose.market.ledger.tables import SCHEMAS, schema_of
from nextclose.market.tables import from_parquet, to_parquet

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Clock", "Ledger", "LedgerError", "clock"]

Clock = Callable[[], datetime]
"""Tells the time, with its zone."""


def clock() -> datetime:
    """Now, UTC."""
    return datetime.now(UTC)


class Ledger:
    """The entries of a run's ledger, checked.

    Attributes
    ----------
    folder : of the ledger, RUN/ledger.
    entries : in order; the first says what run it belongs to.
    """

    def __init__(self, folder: Path, content: bytes, entries: tuple[Entry, ...]) -> None:
        self.folder, self.entries, self._content = folder, entries, content

    @classmethod
    def open(cls, run: Path, *, verify: bool = True) -> Ledger:
        """The ledger of the run in a folder.

        verify : read every file and compare its hash, those by which it is bound to the run too; otherwise the lines alone are
            checked.

        Raises
        ------
        LedgerError : there is none, or it is not the one that was written; it names the first entry that does not fit.
        """
        folder = run / FOLDER
        if not (folder / CHAIN).is_file():
            raise LedgerError(
                "'{run}' has no ledger yet: nextclose market predict {run} opens one with its first forecasts.", run=run
            )
        content = whole_lines(_bytes(folder / CHAIN))
        try:
            ledger = cls(folder, content, read_lines(content))
            if verify:
                _check_run(run, ledger.entries)
                ledger._check_files(ledger.entries)
        except MisfitError as misfit:
            raise _damaged(folder, misfit) from None
        ledger._check_head()
        return ledger

    @classmethod
    def begin(cls, run: Path, *, now: Clock = clock) -> Ledger:
        """The ledger of a finished run: opened with what the run is and its own test sessions, where there is none yet.

        Raises LedgerError for one that is damaged, SavedRunError where the run is not finished.
        """
        from nextclose.market.ledger.opened import opened

        if (run / FOLDER / CHAIN).is_file():
            return cls.open(run)
        table, as_of, page = opened(run)
        ledger = cls(run / FOLDER, b"", ())
        ledger.append("opened", table, as_of=as_of, page=page, now=now)
        return ledger

    @property
    def head(self) -> Head:
        """Of the last entry."""
        return head_of(self.entries[-1])

    def of_kind(self, kind: Kind) -> tuple[Entry, ...]:
        """The entries of a kind, in order."""
        return tuple(entry for entry in self.entries if entry.kind == kind)

    def path(self, entry: Entry) -> Path:
        """The Parquet file of an entry that has one."""
        return self.folder / (entry.file or "")

    def table(self, entry: Entry, columns: Sequence[str] | None = None, coded: Sequence[str] = ()) -> pa.Table:
        """The rows of an entry that has some, or some columns of them; text that is `coded` comes as a dictionary.

        Raises LedgerError where its file is gone or damaged.
        """
        import pyarrow as pa

        try:
            return from_parquet(self.path(entry), columns, coded)
        except (OSError, pa.ArrowException):
            raise _damaged(self.folder, MisfitError(entry.entry, _gone(entry))) from None

    def expect(self, digest: str) -> Entry:
        """The entry with a hash that was noted elsewhere, from its first 8 digits on; later entries may follow it.

        Raises LedgerError where no entry has it: the end was cut off, or the ledger written anew.
        """
        found = [entry for entry in self.entries if len(digest) >= SHORTEST and entry.hash.startswith(digest.lower())]
        if not found:
            raise LedgerError(
                "'{folder}': no entry has the hash {digest}. If it was noted from this ledger, its end was cut off or it was "
                "written anew: bring it back from a copy. (Expected the hash of an entry, {digits} digits of it at least.)",
                folder=self.folder, digest=digest, digits=SHORTEST,
            )  # fmt: skip
        return found[0]

    def reload(self) -> Ledger:
        """The ledger as it is now: itself where nothing was added, otherwise another, of which only what is new is read.

        Raises LedgerError where that does not follow what was known.
        """
        content = whole_lines(_bytes(self.folder / CHAIN))
        if content == self._content:
            return self
        try:
            self._check_known(content)
            new = read_lines(content[len(self._content) :], self.entries)
            self._check_files(new)
        except MisfitError as misfit:
            raise _damaged(self.folder, misfit) from None
        return Ledger(self.folder, content, self.entries + new)

    def append(
        self,
        kind: Kind,
        table: pa.Table,
        *,
        as_of: str,
        page: Mapping[str, Any],
        now: Clock = clock,
        publish: bool = True,
    ) -> Entry:
        """Add an entry; killed at any moment, it is there or it never was. The caller holds the run's lock.

        Parameters
        ----------
        table : its rows; of the kind's columns, in any order (`tables.SCHEMAS`).
        as_of : the last session whose bars were known, ISO.
        page : what else is to be said of it, as JSON can hold it.
        publish : whether readers are told at once; otherwise `publish` does that, when what goes with it is written.

        Raises
        ------
        LedgerError : somebody else has written to it since it was opened. NextcloseError : the folder cannot be written.
        """
        chain = self.folder / CHAIN
        if whole_lines(_bytes(chain) if chain.is_file() else b"") != self._content:
            raise LedgerError("'{folder}' was written to by somebody else meanwhile: start again.", folder=self.folder)
        table = _in_shape(kind, table)
        number, content = len(self.entries) + 1, to_parquet(table)
        entry = sealed(
            Entry(
                entry=number, kind=kind, as_of=as_of, file=file_name(number, kind), rows=table.num_rows,
                sha256=hash_of(content), recorded_at=now().astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"), page=page,
                previous=self.entries[-1].hash if self.entries else "",
            )
        )  # fmt: skip
        write_bytes(self.path(entry), content)
        write_bytes(chain, self._content + to_line(entry))
        self.entries, self._content = (*self.entries, entry), self._content + to_line(entry)
        if publish:
            self.publish()
        return entry

    def publish(self) -> None:
        """Tell readers of the last entry, unless they know: whoever was killed before could not."""
        path, content = self.folder / HEAD, to_json(self.head)
        if not path.is_file() or path.read_text(encoding="utf-8") != content:
            write_text(path, content)

    def _check_files(self, entries: tuple[Entry, ...]) -> None:
        for entry in entries:
            if entry.file is None:
                continue
            try:
                content = self.path(entry).read_bytes()
            except OSError:
                raise MisfitError(entry.entry, _gone(entry)) from None
            if hash_of(content) != entry.sha256:
                raise MisfitError(entry.entry, Text("its file {file} was changed", file=entry.file))

    def _check_known(self, content: bytes) -> None:
        """Raise MisfitError unless the lines that were known stand where they stood."""
        lines = content.split(b"\n")
        for number, line in enumerate(self._content.split(b"\n")[:-1]):
            if number >= len(lines) - 1 or lines[number] != line:
                raise MisfitError(number + 1, Text("it is not what it was when it was read before"))

    def _check_head(self) -> None:
        """Raise LedgerError where head.json is of a longer ledger or of another; it may be behind, after a kill."""
        path = self.folder / HEAD
        if not path.is_file() and self.entries:
            return
        content = _bytes(path) if path.is_file() else b""
        try:
            entries = rebuild(Head, json.loads(content.decode("utf-8"))).entries
            fits = 1 <= entries <= len(self.entries) and content == to_json(head_of(self.entries[entries - 1])).encode()
        except (ValueError, KeyError, TypeError, AttributeError):
            entries, fits = 0, False
        if entries > len(self.entries):
            why = Text("it is missing, and head.json says that it was there")
            raise _damaged(self.folder, MisfitError(len(self.entries) + 1, why))
        if not fits:
            raise LedgerError(
                "'{path}' was changed: it is of none of the ledger's {count} entries, which all fit. Bring it back from a "
                "copy, or delete it if you know of no later entry: nextclose market score writes it again.",
                path=path, count=len(self.entries),
            )  # fmt: skip


SHORTEST = 8
"""Digits by which an entry can be asked for."""


def _check_run(run: Path, entries: Sequence[Entry]) -> None:
    """Raise MisfitError where the run beside a ledger is not the one that it was opened for."""
    for entry in entries[:1]:
        for name in ("manifest", "result"):
            path = run / f"{name}.json"
            if path.is_file() and hash_of(_bytes(path)) != entry.page.get(name):
                raise MisfitError(entry.entry, Text("it was opened for a run with another {file}", file=path.name))


def _in_shape(kind: Kind, table: pa.Table) -> pa.Table:
    """The kind's columns, in order; what is not known is null, not NaN."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if kind not in SCHEMAS:
        return table
    schema = schema_of(kind)
    columns = [
        pc.if_else(pc.is_nan(table[field.name]), None, table[field.name])
        if pa.types.is_floating(table[field.name].type)
        else table[field.name]
        for field in schema
    ]
    return pa.table([column.cast(field.type) for column, field in zip(columns, schema, strict=True)], schema=schema)


def _gone(entry: Entry) -> Text:
    return Text("its file {file} is gone or cannot be read", file=entry.file)


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise LedgerError(
            "'{path}' cannot be read ({error}). Mend the folder, or bring the file back from a copy.",
            path=path,
            error=error.strerror or str(error),
        ) from error


def _damaged(folder: Path, misfit: MisfitError) -> LedgerError:
    return LedgerError(
        "'{folder}': entry {entry} is not as it was written: {why}. The {good} before it fit. Bring the folder back from a "
        "copy: what was forecast can be shown to be unchanged only up to there.",
        folder=folder, entry=misfit.entry, why=misfit.why, good=misfit.entry - 1,
    )  # fmt: skip
