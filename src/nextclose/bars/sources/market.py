"""Sources of a whole market: what they are asked, what they answer, and which one a word means."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from nextclose.core.errors import SourceError
from nextclose.core.lang import Text

if TYPE_CHECKING:
    import pyarrow as pa

TRIES = 3
PAUSE = 1.0
"""Seconds before the second try; each further one waits twice as long."""


@dataclass(frozen=True, kw_only=True)
class Ask:
    """What is wanted of a source: the bars of one session."""

    session: str
    """ISO date."""
    symbols: Sequence[str]
    """Those that are lacking; none: whatever the source knows."""
    since: str
    """From here on the set's own bars are compared, so that a rescaled history shows."""
    until: str
    """The last session that is wanted at all."""
    latest: bool
    """Whether the session is the exchange's last, and the next has not opened."""
    exchange: str


@dataclass(frozen=True, kw_only=True, eq=False)
class Answer:
    """What a source gave."""

    table: pa.Table | None
    """Rows in the source's own dress, of the session and perhaps of others; None: it has none of that session."""
    own_basis: bool = False
    """Whether all its rows are in today's prices; else each row is in the prices of its own day."""
    reaches: bool = True
    """Whether it would know, so that having no bar speaks for a holiday."""
    problems: tuple[Text, ...] = ()
    """Why something is lacking."""


class MarketSource(Protocol):
    """Where the bars of many symbols come from."""

    @property
    def name(self) -> str:
        """As the user wrote it."""

    def bars(self, ask: Ask) -> Answer:
        """The bars of a session. Raises NextcloseError where the source gives no answer."""


def make_sources(words: Sequence[str], sleep: Callable[[float], None] = time.sleep) -> tuple[MarketSource, ...]:
    """The sources that words mean: an address or path with {date}, a file or folder of bars, `fdr`, `yahoo`.

    Raises
    ------
    SourceError : a word that means none.
    """
    return tuple(source for word in words for source in _sources(word, sleep))


def absolute(word: str) -> str:
    """A path as it reads from any folder; other sources as they are."""
    return word if _is_address(word) or word.lower() in ("fdr", "yahoo") else os.path.abspath(word)


def _sources(word: str, sleep: Callable[[float], None]) -> tuple[MarketSource, ...]:
    from nextclose.bars.sources.by_symbol import BySymbol, KrxListing
    from nextclose.bars.sources.file import DayFiles, FileSource, is_dated
    from nextclose.bars.sources.url import UrlSource

    if _is_address(word):
        return (UrlSource(word, sleep=sleep),)
    if word.lower() == "fdr":
        return (KrxListing(sleep=sleep), BySymbol("fdr", sleep=sleep))
    if word.lower() == "yahoo":
        return (BySymbol("yahoo", sleep=sleep),)
    if ":" in word and not Path(word).exists():
        raise SourceError(
            "unknown source '{word}': expected an address such as https://host/{{date}}.csv, a file or folder of bars, fdr "
            "or yahoo",
            word=word,
        )
    return (DayFiles(word) if is_dated(word) else FileSource(Path(word)),)


def _is_address(word: str) -> bool:
    return word.lower().startswith(("http://", "https://"))
