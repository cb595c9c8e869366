"""Which bars pages may ask for, and the desks made of them."""

from __future__ import annotations

import threading
from typing import Any

from nextclose.bars import load_bars
from nextclose.bars.bars import Bars
from nextclose.core.errors import SourceError
from nextclose.lab.desk import Desk

KEPT = 12
"""Desks that are remembered: the one that the lab was started with, and the latest used."""
OPEN_TO_ALL = ("sample:", "walk:")
"""Sources that a page may name beside the one that the lab was started with."""


class Desks:
    """The desks of a lab: of the source that it was started with, of samples and simulated walks."""

    def __init__(self, source: Any, *, faults: str = "raise", exchange: str | None = None) -> None:
        self.start = source if isinstance(source, str) else ""
        self._given = None if isinstance(source, str) else source
        self._faults, self._exchange = faults, exchange
        self._lock = threading.Lock()
        self._desks: dict[str, Desk] = {}

    def desk(self, source: str) -> Desk:
        """The desk of a source; "" is the one that the lab was started with.

        Raises SourceError for a source that is not open to pages, and what `load_bars` raises.
        """
        source = "" if source == self.start else source
        with self._lock:
            found = self._desks.pop(source, None)
            if found is not None:
                self._desks[source] = found
        return found or self._add(source, Desk(self._load(source)))

    def _load(self, source: str) -> Bars:
        if not source:
            given = self.start if self._given is None else self._given
            return load_bars(given, faults=self._faults, exchange=self._exchange)
        if not source.startswith(OPEN_TO_ALL):
            raise SourceError(
                "the lab opens {known} and what it was started with, got '{got}'. Start it with another SOURCE, or drop a file "
                "on the page.",
                known=", ".join(f"{scheme}..." for scheme in OPEN_TO_ALL),
                got=source,
            )
        return load_bars(source)

    def _add(self, source: str, desk: Desk) -> Desk:
        with self._lock:
            while len(self._desks) >= KEPT:
                self._desks.pop(next(name for name in self._desks if name))
            return self._desks.setdefault(source, desk)
