"""How far a live run is: RUN/live/state.json, renamed into place when a snapshot is whole."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nextclose.core.errors import SavedRunError, SettingsError
from nextclose.core.plain import plain, rebuild, to_json
from nextclose.market.config import MarketConfig
from nextclose.market.files import read_numbered, write_text
from nextclose.market.finish import outcome_of
from nextclose.market.live.plan import LIVE

FORMAT = 1
STATE, PARTIAL = "state.json", "partial"


@dataclass(frozen=True, kw_only=True)
class LiveState:
    """The latest snapshot of a run."""

    as_of: str
    """The last session whose bars are in it."""
    later: tuple[str, ...]
    """Sessions since the test span, as they were found."""
    joined: tuple[str, ...]
    """Names that came into the set since the run."""
    folds: Mapping[str, int]
    """Recipe -> the number of the fold whose nets serve the session to come."""
    folder: str
    """Of the snapshot, in RUN/live."""
    files: Mapping[str, str]
    """File -> SHA-256."""
    source_sha256: str
    """Of the set that it was made of."""
    done: Mapping[str, Any]
    """What the update did."""
    versions: Mapping[str, str]
    exchange: str = ""
    """The calendar that fits the market's sessions; empty where none does."""
    format: int = FORMAT

    @property
    def digest(self) -> str:
        """Hash of all of it."""
        return hashlib.sha256(to_json(self).encode()).hexdigest()


def read_run(folder: Path) -> MarketConfig:
    """The configuration of a finished run. Raises SavedRunError where there is none, or it is not finished."""
    config = MarketConfig.read(folder)
    if outcome_of(folder) is None:
        raise SavedRunError(
            "'{folder}' is not finished, and only a finished run is gone on with: nextclose market resume {folder}",
            folder=folder,
        )
    return config


def read_state(folder: Path) -> LiveState | None:
    """The latest snapshot of a run; None where there is none yet. Raises SavedRunError for one that is damaged."""
    path = folder / LIVE / STATE
    if not path.is_file():
        return None
    try:
        return rebuild(LiveState, read_numbered(path, FORMAT))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SavedRunError(
            "'{path}' is damaged and cannot be read ({error}). Delete the folder '{live}'; nextclose market update makes it "
            "again from the run.",
            path=path,
            error=f"{type(error).__name__}: {error}",
            live=path.parent,
        ) from error


def write_state(folder: Path, state: LiveState) -> None:
    """It counts from this moment on."""
    write_text(folder / LIVE / STATE, to_json(plain(state)))


def check_later(folder: Path, config: MarketConfig, state: LiveState | None, as_of: str) -> None:
    """Raise SettingsError for a day before what is known already: its nets have seen later sessions."""
    known = config.spans.test_end if state is None else state.as_of
    if as_of < known:
        raise SettingsError(
            "--as-of {as_of}: '{folder}' knows the sessions up to {known} already, so its nets cannot be taken back. Give a "
            "session from {known} on, or start another run with an earlier --test-end.",
            as_of=as_of,
            folder=folder,
            known=known,
        )
