"""What a market run tells whoever watches it, and the heartbeat that it leaves for other processes to read."""

from __future__ import annotations

import os
import platform
import time
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from nextclose.core.errors import NextcloseError
from nextclose.core.plain import to_json
from nextclose.market.config import MarketConfig
from nextclose.market.files import write_text
from nextclose.market.spans import fold_starts

HEARTBEAT = "heartbeat.json"
EVERY = 2.0
"""Seconds between two heartbeats."""
Phase = Literal["pooling", "computing", "finishing", "finished", "stopped", "failed"]


@dataclass(frozen=True, kw_only=True)
class Progress:
    """How far a run is."""

    phase: Phase
    symbols: int
    """Symbols that the run is to look at."""
    done: int = 0
    """Symbols whose shard is kept."""
    failed: int = 0
    """Symbols left out, not for want of bars."""
    left_out: int = 0
    """Symbols left out for any reason."""
    fits: int = 0
    """Nets fitted since this process began."""
    pooled: float = 0.0
    """Share of the pooled fits that is done."""
    share: float = 0.0
    """Of the phase's work, shards that are under way included."""
    rate: float = 0.0
    """Fits a second in this phase."""
    seconds_left: float | None = None
    """At the rate so far; None where that is not known yet."""


class MarketWatcher:
    """Told of a market run's progress; this one keeps quiet."""

    def planned(self, config: MarketConfig, folder: Path, kept: int) -> None:
        """The configuration is written; `kept` shards are there already."""

    def progress(self, progress: Progress) -> None:
        """Some more is done; told a few times a second."""


class Pulse:
    """Keeps the count, tells the watcher, and writes the heartbeat now and then."""

    def __init__(self, folder: Path, config: MarketConfig, watcher: MarketWatcher) -> None:
        self.folder, self.watcher = folder, watcher
        self.now = Progress(phase="computing", symbols=config.symbols)
        self.began = self.written = time.monotonic()
        self.at_start = self.fits_before = 0
        self.fits_each = 0 if config.scope == "market" else _fits_each(config)

    def begin(self, phase: Phase, **known: int) -> None:
        """A phase begins; what was done before this process counts for no rate."""
        self.began = time.monotonic()
        self.now = replace(self.now, phase=phase, seconds_left=None, **known)
        self.at_start, self.fits_before = self.now.done, self.now.fits
        self.tell(now=True)

    def move(self, **changes: int | float) -> None:
        """Some more is done."""
        self.now = replace(self.now, **changes)  # type: ignore[arg-type]
        spent = time.monotonic() - self.began
        share = self._share()
        self.now = replace(
            self.now,
            share=share if self.now.phase == "pooling" else self._overall(share),
            rate=(self.now.fits - self.fits_before) / spent if spent > 0.0 else 0.0,
            seconds_left=spent * (1.0 - share) / share if share > 0.0 else None,
        )
        self.tell()

    def tell(self, *, now: bool = False) -> None:
        """To the watcher, and to the heartbeat if one is due."""
        self.watcher.progress(self.now)
        if now or time.monotonic() - self.written > EVERY:
            self._beat()

    def end(self, phase: Phase) -> None:
        """The run stops where it is; the watcher, who may have asked for it, hears no more."""
        self.now = replace(self.now, phase=phase, seconds_left=None)
        self._beat()

    def _beat(self) -> None:
        self.written = time.monotonic()
        page = {"time": time.time(), "pid": os.getpid(), "host": platform.node()}
        with suppress(NextcloseError):  # a full disk ends the run where something is lost by it
            write_text(self.folder / HEARTBEAT, to_json(page | vars(self.now)))

    def _share(self) -> float:
        """Of what this process has to do, how much is done; a shard that is under way counts by its fits."""
        if self.now.phase == "pooling":
            return self.now.pooled
        todo = self.now.symbols - self.at_start
        kept = (self.now.done - self.at_start) / todo if todo else 1.0
        under_way = self.now.fits / (self.fits_each * todo) if self.fits_each and todo else 0.0
        return max(kept, min(under_way, 1.0))

    def _overall(self, share: float) -> float:
        """The same of all symbols, those of an earlier process included."""
        return (self.at_start + share * (self.now.symbols - self.at_start)) / max(self.now.symbols, 1)


def _fits_each(config: MarketConfig) -> int:
    """Nets that a symbol takes which trades all the time."""
    return sum(recipe.seeds * len(fold_starts(config.sessions, recipe.refit_every)) for recipe in config.chosen())
