"""Which bars pages may ask for, and the desks made of them."""

from __future__ import annotations

import threading
from typing import Any

from nextclose.bars import load_bars
from nextclose.bars.contents import symbols_of
from nextclose.bars.symbols import split_path
from nextclose.core.errors import SourceError
from nextclose.lab.desk import Desk
from nextclose.lab.kept_tries import KeptTries
from nextclose.lab.uploads import SCHEME, Uploaded

KEPT = 12
"""Desks that are remembered: the one that the lab was started with, and the latest used."""
KEPT_BYTES = 256 * 1024 * 1024
"""Of bars that pages sent; the oldest go first."""
OPEN_TO_ALL = ("sample:", "walk:")
"""Sources that a page may name beside the one that the lab was started with."""


class Desks:
    """The desks of a lab: of the source that it was started with and its neighbours in the same file, of samples and
    simulated walks, and of files that pages sent.

    A file of several symbols starts with its first one. `kept` remembers what was tried; without it, nothing outlives the
    desks. Raises SourceError for one that cannot be read.
    """

    def __init__(
        self, source: Any, *, faults: str = "raise", exchange: str | None = None, kept: KeptTries | None = None
    ) -> None:
        self.symbols: tuple[str, ...] = ()
        """Of the file that the lab was started with, where it holds several."""
        self.file = ""
        """That file, as it was given."""
        self.start = source if isinstance(source, str) else ""
        self._given = None if isinstance(source, str) else source
        self._faults, self._exchange, self._kept = faults, exchange, kept
        self._lock = threading.Lock()
        self._desks: dict[str, Desk] = {}
        self._uploads: dict[str, Uploaded] = {}
        if self.start:
            self._look_at_neighbours()

    def desk(self, source: str) -> Desk:
        """The desk of a source; "" is the one that the lab was started with.

        Raises SourceError for a source that is not open to pages, and what `load_bars` raises.
        """
        source = "" if source == self.start else source
        with self._lock:
            found = self._desks.pop(source, None)
            if found is not None:
                self._desks[source] = found
        return found or self._add(source, self._load(source))

    def keep(self, upload: Uploaded) -> None:
        """Open the bars that a page sent to it and to all others. Raises BarsError for fewer than the lab can use."""
        assert upload.bars is not None
        desk = Desk(upload.bars, upload.opened)
        with self._lock:
            self._uploads.pop(upload.source, None)
            self._uploads[upload.source] = upload
            while len(self._uploads) > KEPT or sum(map(_bytes, self._uploads.values())) > KEPT_BYTES:
                oldest = next(iter(self._uploads))
                del self._uploads[oldest]
                self._desks.pop(oldest, None)
        self._add(upload.source, desk)

    def _look_at_neighbours(self) -> None:
        path, named = split_path(self.start)
        if not path.is_file():
            return
        symbols = symbols_of(path)
        if len(symbols) > 1:
            self.symbols, self.file = symbols, str(path)
            if named is None:
                own = path.stem if path.stem in symbols else symbols[0]
                self.start = f"{path}#{own}"

    def _load(self, source: str) -> Desk:
        if not source:
            return self._opened(self.start) if self._given is None else self._handed()
        upload = self._uploads.get(source)
        if upload is not None and upload.bars is not None:
            return Desk(upload.bars, upload.opened)
        if source.startswith(SCHEME):
            raise SourceError("the lab no longer has this file: drop it on the page again")
        file, _, symbol = source.rpartition("#")
        if self.symbols and file == self.file and symbol in self.symbols:
            return self._opened(file, symbol=symbol)
        if not source.startswith(OPEN_TO_ALL):
            raise SourceError(
                "the lab opens {known} and what it was started with, got '{got}'. Start it with another SOURCE, or drop a file "
                "on the page.",
                known=", ".join(f"{scheme}..." for scheme in OPEN_TO_ALL),
                got=source,
            )
        return Desk(load_bars(source), {"source": source})

    def _opened(self, source: str, **more: str) -> Desk:
        """A desk of what lies on this machine."""
        if self._faults != "raise":
            more["faults"] = self._faults
        if self._exchange is not None:
            more["exchange"] = self._exchange
        bars = load_bars(source, symbol=more.get("symbol"), faults=self._faults, exchange=self._exchange)
        return Desk(bars, {"source": source, **more})

    def _handed(self) -> Desk:
        """A desk of bars, or of a table, that came from Python."""
        return Desk(load_bars(self._given, faults=self._faults, exchange=self._exchange))

    def _add(self, source: str, desk: Desk) -> Desk:
        if self._kept is not None:
            self._kept.recall(desk)
        with self._lock:
            while len(self._desks) >= KEPT:
                self._desks.pop(next(name for name in self._desks if name))
            return self._desks.setdefault(source, desk)


def _bytes(upload: Uploaded) -> int:
    """About what its bars take."""
    return 0 if upload.bars is None else len(upload.bars) * 8 * (7 + len(upload.bars.extra))
