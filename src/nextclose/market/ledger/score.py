"""Truths for the forecasts whose bar has come, written once, and what they make of the verdict."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from nextclose.core.evening import Scored
from nextclose.core.lang import Lang
from nextclose.core.plain import to_json
from nextclose.core.types import Bools, Dates, Ints
from nextclose.judging.splits import parse_date
from nextclose.market.config import MarketConfig
from nextclose.market.files import write_text
from nextclose.market.ledger.arrivals import Arrivals, arrivals
from nextclose.market.ledger.basis import bases
from nextclose.market.ledger.book import Book, read, with_truths
from nextclose.market.ledger.chain import Clock, Ledger, clock
from nextclose.market.ledger.entries import VERDICT
from nextclose.market.ledger.tables import ledger_table
from nextclose.market.ledger.verdict import running_verdict
from nextclose.market.ledger.wanted import Wanted
from nextclose.market.sets import BarSet, fingerprint

if TYPE_CHECKING:
    import pyarrow as pa

LOOK_BACK = np.timedelta64(60, "D")
"""How long a truth is looked at again: a bar between its origin and its session may come in late."""
KNOWN = np.timedelta64(15, "D")
"""Days before the first origin that are read too: the changes by which a rescaling is told from a correction."""


def score_run(
    folder: Path,
    config: MarketConfig,
    bars: BarSet,
    *,
    as_of: str | None = None,
    lang: Lang = "en",
    now: Clock = clock,
) -> Scored:
    """Add the truths that have come to a run's ledger, and judge every model from it. The caller holds the run's lock.

    The truth of (symbol, origin, step) is the step-th usable bar of the symbol after the origin. It waits while the set says
    that a row before it is missing. Once written it stays, unless such a bar came in late: then a later truth supersedes it.

    Parameters
    ----------
    as_of : no bar after this day is looked at, ISO; the set's last session without it.
    lang : of the verdict's sentences.

    Raises
    ------
    LedgerError : no ledger, or one that is damaged. SourceError : the set cannot be read. SettingsError : no such date.
    """
    began = time.perf_counter()
    ledger = Ledger.open(folder)
    book, scan = read(ledger, told=False), bars.scan()
    last = scan.dates[-1] if as_of is None else min(parse_date("as-of", as_of), scan.dates[-1])
    looked = Wanted.of(book, last - LOOK_BACK)
    since = (looked.origin.min() if len(looked) else last) - KNOWN
    market = arrivals(bars, scan, looked.symbol.tolist(), since=since, as_of=last, faults=config.faults)
    rows, origins = _found(looked, market)
    new = rows >= 0
    came = _truths(looked.where(new), rows[new], origins[new], market, book)
    entry = None
    if came.num_rows:
        page = {
            "redated": _redated(came),
            "rescaled": len(_rescaled(came)),
            "superseding": int(np.count_nonzero(new & ~looked.pending)),
            "source_sha256": fingerprint(bars.files),
        }
        until = str(market.sessions[-1]) if len(market.sessions) else str(last)
        entry = ledger.append("truths", came, as_of=until, page=page, now=now, publish=False).entry
        book = with_truths(book, ledger)
    verdict = running_verdict(book, ledger, lang=lang)
    _write(ledger, to_json(verdict))
    still = looked.where(looked.pending & ~new)
    over = market.sessions_between(still.origin, np.full(len(still), last)) >= still.step
    return Scored(
        truths=came.num_rows,
        redated=_redated(came),
        rescaled=_rescaled(came),
        waiting=int(still.forecasts[over].sum()),
        entry=entry,
        verdict=verdict,
        seconds=time.perf_counter() - began,
    )


def _found(wanted: Wanted, market: Arrivals) -> tuple[Ints, Ints]:
    """(n,) the row of each bar that is to be written, -1 where none is, and the row of its origin."""
    symbols = np.array([market.symbols.get(symbol, -1) for symbol in wanted.symbol.tolist()], dtype=np.int64)
    keys = market.keys(symbols, wanted.origin)
    origins = market.at(keys)
    rows = market.after(origins, wanted.step)
    there = rows >= 0
    news = np.zeros(len(wanted), dtype=np.bool_)
    news[there] = wanted.pending[there] | (market.dates[rows[there]] < wanted.came[there])
    news[there] &= ~market.gaps(keys[there], market.key[rows[there]])
    return np.where(news, rows, -1), origins


def _truths(wanted: Wanted, rows: Ints, origins: Ints, market: Arrivals, book: Book) -> pa.Table:
    """The table of some truths."""
    basis, revised = bases(wanted, origins, market, book)
    actual = market.dates[rows]
    marks = np.where(_other(wanted.target_date, actual), _reasons(wanted, actual, market), "")
    columns = {
        "symbol": wanted.symbol,
        "origin": wanted.origin,
        "step": wanted.step,
        "target_date": wanted.target_date,
        "actual_date": actual,
        "last_close": market.close[origins],
        "y": market.close[rows],
        "basis": basis,
        "mark": np.where(revised, "revised", marks),
    }
    return ledger_table("truths", columns)


def _other(said: Dates, came: Dates) -> Bools:
    other: Bools = ~np.isnat(said) & (said != came)
    return other


def _reasons(wanted: Wanted, actual: Dates, market: Arrivals) -> Any:
    """(n,) holiday where the market had no more sessions up to the bar than its step; suspended where it had."""
    met = market.sessions_between(wanted.origin, actual)
    return np.where(met <= wanted.step, "holiday", "suspended")


def _redated(came: pa.Table) -> dict[str, int]:
    marks = came["mark"].to_pylist()
    return {mark: marks.count(mark) for mark in ("holiday", "suspended") if mark in marks}


def _rescaled(came: pa.Table) -> Mapping[str, float]:
    pairs = zip(came["symbol"].to_pylist(), came["basis"].to_pylist(), strict=True)
    return {symbol: basis for symbol, basis in pairs if basis != 1.0}


def _write(ledger: Ledger, content: str) -> None:
    """The verdict first, then the news of it; neither where nothing is new."""
    path = ledger.folder / VERDICT
    if not path.is_file() or path.read_text(encoding="utf-8") != content:
        write_text(path, content)
    ledger.publish()
