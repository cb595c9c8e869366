"""`nextclose data update`: a set goes on, session by session, each of them there whole or not at all."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

from nextclose.bars.collect import parts
from nextclose.bars.collect.begin import begin, check_folder
from nextclose.bars.collect.days import find_days
from nextclose.bars.collect.gather import Gatherer
from nextclose.bars.collect.keeper import Keeper
from nextclose.bars.kept import BARS, read_page
from nextclose.bars.sources.market import absolute, make_sources
from nextclose.core.errors import NextcloseError, SettingsError
from nextclose.core.evening import SetUpdate
from nextclose.core.files import LOCK, locked
from nextclose.core.lang import Lang


def update_set(
    folder: Path,
    *,
    as_of: str | None = None,
    sources: Sequence[str] = (),
    exchange: str | None = None,
    closures: Sequence[str] = (),
    lang: Lang = "en",
    now: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC),
    sleep: Callable[[float], None] = time.sleep,
) -> SetUpdate:
    """Bring a set up to a session, or make one; killed anywhere, the next call ends the same.

    Parameters
    ----------
    as_of : ISO date beyond which nothing is taken; the exchange's last session that is over otherwise.
    sources : in the order in which they are asked; those of the last time otherwise.
    exchange : calendar code; the set's own, or the one that fits its dates, otherwise.
    closures : ISO dates on which the exchange is shut, whatever its calendar says.

    Raises
    ------
    SettingsError : no set and no source, another exchange, or somebody else is updating the set.
    SourceError : a source that cannot be meant, or a file that a set cannot be made of.
    SavedRunError : a set that is damaged.
    NextcloseError : the folder cannot be written.
    """
    _check_date(as_of)
    words = tuple(absolute(word) for word in sources)
    page = read_page(folder)
    chosen = words or (page.sources if page else ())
    made = make_sources(chosen, sleep)
    if page is None:
        check_folder(folder, chosen)
    with _alone(folder):
        page, fresh = read_page(folder), False
        if page is None:
            page, fresh = begin(folder, made, chosen, exchange, as_of, now()), True
        if exchange is not None and exchange.upper() != page.exchange:
            raise SettingsError(
                "'{folder}' is a set of {own}: expected that exchange, got {given}",
                folder=folder, own=page.exchange, given=exchange,
            )  # fmt: skip
        parts.check_parts(folder, page.files)
        days = find_days(page.exchange, page.as_of or as_of or str(now().date()), as_of, now())
        return Keeper(folder, replace(page, sources=chosen), days, Gatherer(made), lang, fresh=fresh).run(
            frozenset(closures)
        )


def _check_date(as_of: str | None) -> None:
    try:
        if as_of is not None and str(dt.date.fromisoformat(as_of)) != as_of:
            raise ValueError
    except ValueError:
        raise SettingsError("--as-of: expected a date such as 2026-05-04, got '{got}'", got=as_of) from None


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """The set's lock, and one message where it or anything else cannot be written."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with locked(folder):
            try:
                yield
            except BaseException:
                _clean(folder)
                raise
    except TimeoutError:
        raise SettingsError(
            "another nextclose is updating '{folder}'. Wait for it, or stop it first.", folder=folder
        ) from None
    except OSError as error:
        raise NextcloseError(
            "cannot write '{path}': {error}. The set is as it was after its last whole session: free some space or mend the "
            "folder, then run the same command again.",
            path=error.filename or folder, error=error.strerror or str(error),
        ) from error  # fmt: skip


def _clean(folder: Path) -> None:
    """Leave nothing that no page lists, and no folder in which no set began."""
    with suppress(OSError, NextcloseError):
        page = read_page(folder)
        parts.sweep(folder, page.files if page else ())
        if page is None:
            with suppress(FileNotFoundError):
                (folder / BARS).rmdir()
            (folder / LOCK).unlink(missing_ok=True)
            folder.rmdir()
