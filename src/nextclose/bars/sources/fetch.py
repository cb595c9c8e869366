"""Fetching with patience: a snapshot if there is one, else the network with retries, finished sessions only."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from nextclose.bars.calendars import closes_at
from nextclose.bars.sources.fdr import FinanceDataReader
from nextclose.bars.sources.snapshot import read_snapshot, write_snapshot
from nextclose.bars.sources.source import TIMEOUT, Source
from nextclose.bars.sources.yahoo import Yahoo
from nextclose.bars.tables import as_table
from nextclose.core.errors import NetworkError, SourceError

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

SOURCES: dict[str, Source] = {"yahoo": Yahoo(), "fdr": FinanceDataReader()}
TRIES = 3
PAUSE = 1.0
"""Seconds before the second try; each further one waits twice as long."""


def fetch_bars(
    name: str,
    symbol: str,
    *,
    refresh: bool = False,
    source: Source | None = None,
    now: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC),
    sleep: Callable[[float], None] = time.sleep,
) -> tuple[pa.Table, str | None, str]:
    """The table of a live symbol, its exchange's calendar code if the symbol tells it, and the symbol.

    Raises
    ------
    SourceError : no symbol, one that the source does not know, or the extra that it needs is not installed.
    NetworkError : no answer after three tries.
    """
    if not symbol:
        raise SourceError("'{name}:' needs a symbol, such as {name}:AAPL", name=name)
    chosen = source or SOURCES[name]
    exchange = chosen.exchange(symbol)
    frozen = None if refresh else read_snapshot(name, symbol)
    if frozen is None:
        frame = _patiently(chosen, symbol, sleep)
        if len(frame) == 0:
            raise SourceError("{name} knows no bars of '{symbol}'", name=name, symbol=symbol)
        moment = now()
        frozen = as_table(_finished(frame, exchange, moment))
        write_snapshot(name, symbol, frozen, moment.isoformat(timespec="seconds"))
    return frozen, exchange, symbol


def _patiently(source: Source, symbol: str, sleep: Callable[[float], None]) -> Any:
    """The source's answer, asked for up to three times."""
    for attempt in range(1, TRIES + 1):
        try:
            return source.fetch(symbol, TIMEOUT)
        except ImportError as error:
            raise SourceError(
                "{name}: needs the package {package}, which is not installed. Install it with: "
                "pip install 'nextclose[live]'",
                name=source.name,
                package=error.name,
            ) from error
        except Exception as error:
            if attempt == TRIES:
                raise NetworkError(
                    "{name} gave no bars of '{symbol}' in {tries} tries ({error}). Check the network and the symbol, or "
                    "use a file.",
                    name=source.name,
                    symbol=symbol,
                    tries=TRIES,
                    error=str(error) or type(error).__name__,
                ) from error
            sleep(PAUSE * 2.0 ** (attempt - 1))
    raise AssertionError


def _finished(frame: pd.DataFrame, exchange: str | None, moment: dt.datetime) -> pd.DataFrame:
    """Without the last row where its session has not closed yet; by the day alone where the exchange is not known."""
    import pandas as pd

    last = pd.Timestamp(frame.index[-1]).date()
    closing = None if exchange is None else closes_at(exchange, last)
    finished = moment >= closing if closing is not None else moment.date() > last
    return frame if finished else frame.iloc[:-1]
