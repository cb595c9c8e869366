"""set.json: what a kept set is made of. Which files count stands here alone, so a rename of it is the moment of change."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from nextclose.core.errors import SavedRunError
from nextclose.core.files import replace_bytes

PAGE = "set.json"
BARS = "bars"
FORMAT = 1
KIND = "nextclose set"


@dataclass(frozen=True, kw_only=True)
class Part:
    """One Parquet file. Parts follow one another in time: no date of one lies among those of another."""

    name: str
    rows: int
    first: str
    last: str
    """ISO dates."""
    sha256: str


@dataclass(frozen=True, kw_only=True)
class Rescaled:
    """A split, rights issue or dividend: prices before a session were multiplied by a ratio."""

    symbol: str
    session: str
    """The first in the new basis."""
    ratio: float


@dataclass(frozen=True, kw_only=True)
class Page:
    """A kept set. It holds no clock: equal sets are equal bytes."""

    exchange: str
    sources: tuple[str, ...] = ()
    """As they were given last, asked in this order."""
    as_of: str = ""
    """The last session of which there are rows; empty: none yet."""
    columns: tuple[str, ...] = ()
    """Further columns of numbers."""
    files: tuple[Part, ...] = ()
    """By date."""
    missing: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Session -> symbols that trade, and whose row no source gave so far."""
    no_session: tuple[str, ...] = ()
    """Dates that the calendar calls sessions, and on which no source knew a bar."""
    rescaled: tuple[Rescaled, ...] = ()

    def with_missing(self, session: str, symbols: tuple[str, ...]) -> Page:
        """The page with what a session lacks now."""
        others = {day: lacking for day, lacking in self.missing.items() if day != session}
        return replace(self, missing=others | ({session: symbols} if symbols else {}))


def read_page(folder: Path) -> Page | None:
    """The page of a set; None where there is none yet. Raises SavedRunError for one that cannot be read."""
    path = folder / PAGE
    try:
        said = json.loads(path.read_bytes())
        if said["kind"] != KIND:
            raise ValueError(said["kind"])
        if said["format"] > FORMAT:
            raise SavedRunError(
                "'{path}' was written by a newer nextclose (format {written}; this one reads up to {known}). Update nextclose.",
                path=path, written=said["format"], known=FORMAT,
            )  # fmt: skip
        return _page(said)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SavedRunError(
            "'{path}' is damaged and cannot be read ({error}). Put it back from a copy, or make the set anew in another "
            "folder.",
            path=path, error=error,
        ) from error  # fmt: skip


def kept_files(folder: Path) -> tuple[Path, ...]:
    """The Parquet files of a set by date. Raises SavedRunError where the page or one of them is not there."""
    page = read_page(folder)
    paths = tuple(folder / BARS / part.name for part in (page.files if page else ()))
    gone = next((path for path in paths if not path.is_file()), folder / PAGE if not paths else None)
    if gone is not None:
        raise SavedRunError(
            "'{folder}' holds no bars that can be read: '{path}' lists none, or is not there. Run nextclose data update "
            "{folder}.",
            folder=folder, path=gone,
        )  # fmt: skip
    return paths


def write_page(folder: Path, page: Page) -> bool:
    """Put a page into its place, if it says something else than the one there; whether it did. Raises OSError."""
    content = _bytes(page)
    path = folder / PAGE
    if path.is_file() and path.read_bytes() == content:
        return False
    replace_bytes(path, content)
    return True


def _page(said: dict[str, Any]) -> Page:
    return Page(
        exchange=said["exchange"],
        sources=tuple(said["sources"]),
        as_of=said["as_of"],
        columns=tuple(said["columns"]),
        files=tuple(Part(**one) for one in said["files"]),
        missing={day: tuple(symbols) for day, symbols in said["missing"].items()},
        no_session=tuple(said["no_session"]),
        rescaled=tuple(Rescaled(**one) for one in said["rescaled"]),
    )


def _bytes(page: Page) -> bytes:
    said: dict[str, Any] = {"kind": KIND, "format": FORMAT, **asdict(page)}
    said["missing"] = {day: sorted(symbols) for day, symbols in sorted(page.missing.items())}
    lines = (f" {json.dumps(key)}: {_value(value)}" for key, value in said.items())
    return ("{\n" + ",\n".join(lines) + "\n}\n").encode()


def _value(value: Any) -> str:
    """Lists and objects an entry a line, so that two pages can be compared by eye."""
    if isinstance(value, list | tuple) and value:
        return "[\n" + ",\n".join(f"  {json.dumps(one, ensure_ascii=False)}" for one in value) + "\n ]"
    if isinstance(value, dict) and value:
        listed = (f"  {json.dumps(key)}: {json.dumps(one, ensure_ascii=False)}" for key, one in value.items())
        return "{\n" + ",\n".join(listed) + "\n }"
    return json.dumps(value, ensure_ascii=False)
