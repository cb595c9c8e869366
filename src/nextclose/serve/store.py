"""The ledger that is served: looked at twice a second, read anew beside the requests, swapped at once."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

from nextclose.core.errors import NextcloseError
from nextclose.market.ledger.chain import Ledger
from nextclose.market.ledger.entries import FOLDER, HEAD, VERDICT
from nextclose.serve.snapshot import Snapshot, load

EVERY = 0.5
"""Seconds between two looks at the ledger's head."""


class Store:
    """What is served now.

    Attributes
    ----------
    snapshot : the last ledger that could be read. Whoever takes it once sees one ledger, whatever comes meanwhile.
    problem : why a newer one could not be read; None where there is no such.
    """

    def __init__(self, run: Path, prepare: Callable[[Snapshot], None] = lambda _snapshot: None) -> None:
        """Raises LedgerError where there is no ledger, or one that is not as it was written.

        prepare : done to each snapshot before it is served.
        """
        self.run, self._prepare = run, prepare
        self.problem: NextcloseError | None = None
        self._seen = self._look()
        self.snapshot = self._load(Ledger.open(run), None)
        self._stop = threading.Event()

    def watch(self) -> None:
        """Look for a newer ledger from now on, in a thread of its own, until `close`."""
        threading.Thread(target=self._watch, name="ledger", daemon=True).start()

    def close(self) -> None:
        """Look no longer."""
        self._stop.set()

    def refresh(self) -> None:
        """Read the ledger if its head or verdict is another; the one before is served on where that fails."""
        seen = self._look()
        if seen == self._seen and self.problem is None:
            return
        try:
            self.snapshot = self._load(self.snapshot.ledger.reload(), self.snapshot)
            self.problem, self._seen = None, seen
        except NextcloseError as error:
            self.problem = error
        except Exception as error:  # whatever it is, what was read before is still true
            self.problem = NextcloseError("{kind}: {error}", kind=type(error).__name__, error=error)

    def _load(self, ledger: Ledger, before: Snapshot | None) -> Snapshot:
        found = load(ledger, time.time(), before)
        self._prepare(found)
        return found

    def _watch(self) -> None:
        while not self._stop.wait(EVERY):
            self.refresh()

    def _look(self) -> tuple[tuple[int, int, int] | None, ...]:
        """What tells one head and verdict from others without reading them."""
        return tuple(_stamp(self.run / FOLDER / name) for name in (HEAD, VERDICT))


def _stamp(path: Path) -> tuple[int, int, int] | None:
    """None where there is no such file."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size
