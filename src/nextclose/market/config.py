"""Everything that decides a market run's numbers: written first, as its manifest, and read again by `resume`."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal

import numpy as np

from nextclose.core.errors import SavedRunError
from nextclose.core.lang import Lang
from nextclose.core.market import Spans
from nextclose.core.plain import plain, rebuild, to_json
from nextclose.core.types import Dates
from nextclose.market.files import read_numbered, write_text
from nextclose.recipes import Recipe

FORMAT = 1
"""Raised whenever an older nextclose could not read what this one writes."""
MANIFEST = "manifest.json"
SHARD_SIZE = 16
"""Symbols that are computed together: a shard is the least that a crash can lose."""
Scope = Literal["symbol", "market"]
LIBRARIES = ("numpy", "pyarrow", "scipy", "numba")


@dataclass(frozen=True, kw_only=True)
class MarketConfig:
    """A market run, before anything of it is computed."""

    source: str
    """The path, folder or glob, absolute."""
    source_sha256: str
    scope: Scope
    """symbol: nets for each symbol; market: one net for all of them."""
    recipes: Mapping[str, Any]
    """Name -> summary and settings."""
    engine: str
    spans: Spans
    refit_every: int
    """Sessions that one fit of a baseline serves."""
    faults: str
    min_bars: int
    """Bars before the test span without which a symbol is left out."""
    shards: tuple[tuple[str, ...], ...]
    """The symbols' names as the set writes them, in order."""
    values: Mapping[str, float]
    """Name -> median of close times volume before the test span."""
    problems: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Name -> why it cannot be looked at, by language."""
    renamed: Mapping[str, str] = field(default_factory=dict)
    """Name -> our symbol, where it is another: 5930 is 005930."""
    unnamed: int = 0
    """Rows of the set that name no symbol."""
    skipped: Mapping[str, int] = field(default_factory=dict)
    """Filter -> symbols that it took out."""
    ended_early: int = 0
    """Symbols of the set whose last bar lies long before the set's."""
    in_set: int = 0
    """Symbols of the set, before any filter."""
    max_failures: int | None = None
    lang: Lang = "en"
    command: str = ""
    """What was typed; empty where nothing was."""
    versions: Mapping[str, str] = field(default_factory=dict)
    format: int = FORMAT

    @property
    def symbols(self) -> int:
        """Symbols that the run is to look at."""
        return sum(map(len, self.shards))

    @property
    def sessions(self) -> Dates:
        """(T,) of the test span."""
        return np.array(self.spans.sessions, dtype="datetime64[D]")

    def chosen(self) -> tuple[Recipe, ...]:
        """The recipes."""
        return self._chosen

    @cached_property
    def _chosen(self) -> tuple[Recipe, ...]:
        return tuple(
            Recipe.from_settings(name, page["summary"], page["settings"]) for name, page in self.recipes.items()
        )

    def write(self, folder: Path) -> None:
        """As the manifest of a run's folder."""
        write_text(folder / MANIFEST, to_json(plain(self)))

    @classmethod
    def read(cls, folder: Path) -> MarketConfig:
        """From a run's folder.

        Raises
        ------
        SavedRunError : no market run there, or one that is damaged or from a newer version.
        """
        path = folder / MANIFEST
        if not path.is_file():
            raise SavedRunError(
                "no market run in '{folder}': expected a {manifest} there, as nextclose market run --out writes it",
                folder=folder,
                manifest=MANIFEST,
            )
        try:
            return rebuild(cls, read_numbered(path, FORMAT))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise SavedRunError(
                "'{path}' is damaged and cannot be read ({error}). Start a new run.",
                path=path,
                error=f"{type(error).__name__}: {error}",
            ) from error


def versions() -> dict[str, str]:
    """Of what computes a run's numbers: a run is only finished with what began it."""
    from nextclose import __version__

    python = ".".join(platform.python_version_tuple()[:2])
    return {"nextclose": __version__, "python": python} | {name: version(name) for name in LIBRARIES}
