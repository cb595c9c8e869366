"""The sealed envelope's record: who looked into which sealed quarter, when, and with what settings.

<data>/envelopes/005930-1f2e3d4c5b6a.json    one file a set of bars; looks are added, none is ever taken away

A record remembers the sealed sessions' changes, so that the same sessions are known again in later bars, under another
name, or adjusted for a split since.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import numpy as np

from nextclose.bars.bars import Bars
from nextclose.core.errors import SavedRunError, SettingsError
from nextclose.core.files import locked, replace_bytes
from nextclose.core.lang import Lang, Text
from nextclose.core.plain import rebuild, to_json

FORMAT = 1
FOLDER = "envelopes"
"""Where records lie in the data folder."""
PATIENCE = 10.0
"""Seconds to wait for another lab that writes."""
ALIKE = 1e-4
"""Changes closer than this are those of the same session."""

Seen = Literal["first", "partly", "again"]
"""Whether a look was the first into its sessions, some had been opened with other bars, or these bars had been opened."""


@dataclass(frozen=True, kw_only=True)
class Look:
    """One look into the envelope."""

    settings: Mapping[str, str]
    """The choices, as the page's address writes them."""
    tried: int
    """Different settings tried before it on these bars."""
    luck: float
    """The best skill that luck alone passes in one of twenty such searches."""
    explored: float
    """The skill of the same choices on the explored sessions."""
    n: int
    """Forecasts judged."""
    skill: float
    skill_lo: float
    skill_hi: float
    """90 % interval."""
    verdict: str
    sentence: Mapping[str, str]
    """The judge's sentence by language."""
    version: str
    """Of nextclose."""
    when: str = ""
    """UTC, ISO; set when it is recorded."""
    seen: Seen = "first"
    """Set when it is recorded."""


@dataclass(frozen=True, kw_only=True)
class Opened:
    """What a file holds."""

    format: int
    symbol: str
    sha256: str
    """Of the bars, the explored ones among them."""
    sessions: Mapping[str, float]
    """The close's change over the close before, by sealed date."""
    looks: tuple[Look, ...] = ()


class Record:
    """The looks into one set of bars' sealed sessions. Made with `Record.of`."""

    def __init__(self, folder: Path, page: Opened) -> None:
        self.folder, self._page = folder, page

    @classmethod
    def of(cls, bars: Bars, sealed_first: int, folder: Path | None = None) -> Record:
        """The record of bars whose rows from `sealed_first` on are sealed; `folder` is `data_folder()` by default.

        Raises SavedRunError where the record is damaged or from a newer nextclose.
        """
        close = bars.close[sealed_first - 1 :]
        changes = np.round(close[1:] / close[:-1] - 1.0, 6).tolist()
        days = bars.dates[sealed_first:].astype(str).tolist()
        page = Opened(
            format=FORMAT, symbol=bars.symbol, sha256=bars.sha256, sessions=dict(zip(days, changes, strict=True))
        )
        record = cls((folder or data_folder()) / FOLDER, page)
        record._page = record._now()
        return record

    @property
    def path(self) -> Path:
        """Where it lies, or will."""
        return self.folder / f"{file_name(self._page.symbol, self._page.sha256)}.json"

    @property
    def looks(self) -> tuple[Look, ...]:
        """Oldest first."""
        return self._page.looks

    @property
    def known(self) -> int:
        """How many of the sealed sessions were opened before with other bars: earlier ones, or under another name."""
        return len({day for other in self._others() for day in _shared(self._page.sessions, other.sessions)})

    @property
    def unreadable(self) -> tuple[str, ...]:
        """Names of other bars' records that are damaged, so that nobody knows what was seen there."""
        return tuple(path.name for path, page in self._files() if page is None)

    def look(self, look: Look) -> Look:
        """Add a look and return it as it was recorded: dated, and marked first or not. Others' looks are kept.

        Raises
        ------
        SettingsError : it cannot be written. SavedRunError : the record was damaged meanwhile; nothing is written over it.
        """
        with self._writing():
            page = self._now()
            seen: Seen = "again" if page.looks else "partly" if self.known else "first"
            done = replace(look, when=datetime.now(UTC).isoformat(timespec="seconds"), seen=seen)
            page = replace(page, looks=(*page.looks, done))
            replace_bytes(self.path, to_json(page).encode())
        self._page = page
        return done

    def _now(self) -> Opened:
        """What the file holds, or these bars without a look."""
        return read(self.path) if self.path.exists() else replace(self._page, looks=())

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with locked(self.folder, patience=PATIENCE):
                yield
        except TimeoutError:
            raise self._unwritten(Text("another nextclose is writing there")) from None
        except OSError as error:
            raise self._unwritten(error.strerror or str(error)) from error

    def _unwritten(self, problem: str | Text) -> SettingsError:
        return SettingsError(
            "the envelope stays closed: a look into it has to be recorded in '{folder}', and that cannot be written "
            "({problem}). Make room there, or set NEXTCLOSE_DATA to a folder that can be written.",
            folder=self.folder,
            problem=problem,
        )

    def _others(self) -> Iterator[Opened]:
        return (page for path, page in self._files() if page is not None and page.looks)

    def _files(self) -> Iterator[tuple[Path, Opened | None]]:
        for path in sorted(self.folder.glob("*.json")):
            if path.name != self.path.name and not path.name.startswith("."):
                try:
                    yield path, read(path)
                except SavedRunError:
                    yield path, None


def read(path: Path) -> Opened:
    """What a record's file holds. Raises SavedRunError where it is damaged or from a newer nextclose."""
    try:
        page: Any = json.loads(path.read_text(encoding="utf-8"))
        if page["format"] <= FORMAT:
            return rebuild(Opened, page)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise SavedRunError(
            "the envelope's record '{path}' is damaged ({error}), so nobody can tell what was seen. Put back a copy of it; or "
            "move it away, and know that the next look may not be the first.",
            path=path,
            error=f"{type(error).__name__}: {error}",
        ) from error
    raise SavedRunError(
        "the envelope's record '{path}' was written by a newer nextclose (format {written}; this one reads up to {known}). "
        "Update nextclose.",
        path=path,
        written=page["format"],
        known=FORMAT,
    )


def file_name(symbol: str, sha256: str) -> str:
    """What the files of some bars are called, without an ending."""
    name = re.sub(r"[^\w.^=-]", "_", symbol)[:40]
    return f"{name}-{sha256[:12]}"


def data_folder() -> Path:
    """Where what must not get lost lies: $NEXTCLOSE_DATA, or the platform's folder for programs' data."""
    chosen = os.environ.get("NEXTCLOSE_DATA")
    if chosen:
        return Path(chosen)
    if sys.platform == "win32":
        return Path(os.environ.get("APPDATA") or Path.home() / "AppData" / "Roaming") / "nextclose"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "nextclose"
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "nextclose"


def seen_words(look: Look, lang: Lang) -> str:
    """How a look is marked."""
    words = {
        "first": Text("first look"),
        "partly": Text("partly seen before"),
        "again": Text("already seen"),
    }
    return words[look.seen].render(lang)


def _shared(one: Mapping[str, float], other: Mapping[str, float]) -> set[str]:
    """Dates that both hold, if most of them changed alike: then they are the same symbol's."""
    both = set(one) & set(other)
    alike = sum(abs(one[day] - other[day]) < ALIKE for day in both)
    return both if 2 * alike > len(both) else set()
