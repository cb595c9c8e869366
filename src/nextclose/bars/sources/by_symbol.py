"""Libraries that know one symbol at a time, asked a few symbols at once; and the listing of a whole exchange."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from nextclose.bars.sources.fdr import history as fdr_history
from nextclose.bars.sources.market import PAUSE, TRIES, Answer, Ask
from nextclose.bars.sources.source import TIMEOUT
from nextclose.bars.sources.yahoo import history as yahoo_history
from nextclose.bars.sources.yahoo import spellings
from nextclose.bars.tables import as_table
from nextclose.core.errors import NetworkError, SourceError
from nextclose.core.lang import Text

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

AT_ONCE = 4
"""Symbols that are asked for at the same time."""
HOPELESS = 8
"""So many symbols without an answer, and with none that had one, and nobody else is asked for."""


class BySymbol:
    """`fdr` or `yahoo`, a request a symbol; a symbol's answer serves every session of an update."""

    def __init__(self, name: str, *, sleep: Callable[[float], None] = time.sleep) -> None:
        self.name = name
        self._sleep = sleep
        self._known: dict[str, pa.Table | Text] = {}

    def bars(self, ask: Ask) -> Answer:
        """The rows of the symbols asked for. Raises NetworkError where none of them could be had."""
        wanted = [symbol for symbol in ask.symbols if symbol not in self._known]
        with _patient_sockets():
            for start in range(0, len(wanted), HOPELESS):
                if self._is_hopeless():
                    break
                self._fetch(wanted[start : start + HOPELESS], ask)
        found = [self._known.get(symbol) for symbol in ask.symbols]
        tables = [one for one in found if one is not None and not isinstance(one, Text)]
        reasons = [one for one in found if isinstance(one, Text)]
        if not tables and reasons:
            raise NetworkError(reasons[0].template, **reasons[0].values)
        problems = (
            (Text("{count} symbols could not be had ({why})", count=len(reasons), why=reasons[0]),) if reasons else ()
        )
        return Answer(
            table=_one_below_the_other(tables),
            own_basis=True,
            problems=problems,
            reaches=any(table.num_rows for table in tables),
        )

    def _fetch(self, symbols: Sequence[str], ask: Ask) -> None:
        with ThreadPoolExecutor(AT_ONCE) as pool:
            for symbol, got in zip(
                symbols, pool.map(lambda symbol: self._patiently(symbol, ask), symbols), strict=True
            ):
                self._known[symbol] = got

    def _is_hopeless(self) -> bool:
        failed = sum(isinstance(one, Text) for one in self._known.values())
        return failed >= HOPELESS and failed == len(self._known)

    def _patiently(self, symbol: str, ask: Ask) -> pa.Table | Text:
        """A symbol's rows, or why there are none after three tries."""
        why = Text("the request failed: {error}", error="")
        for attempt in range(1, TRIES + 1):
            try:
                return _named(self._ask(symbol, ask), symbol)
            except ImportError as error:
                raise _not_installed(self.name, error) from error
            except Exception as error:
                why = Text("the request failed: {error}", error=str(error) or type(error).__name__)
            if attempt < TRIES:
                self._sleep(PAUSE * 2.0 ** (attempt - 1))
        return why

    def _ask(self, symbol: str, ask: Ask) -> pd.DataFrame | None:
        if self.name == "fdr":
            return fdr_history(symbol, ask.since, ask.until)
        frames = (yahoo_history(name, ask.since, ask.until, TIMEOUT) for name in spellings(symbol, ask.exchange))
        return next((frame for frame in frames if len(frame)), None)


class KrxListing:
    """`fdr` knows the last session of the whole Korean market by one request; of other sessions it has none."""

    name = "fdr"

    def __init__(self, *, sleep: Callable[[float], None] = time.sleep) -> None:
        self._sleep = sleep

    def bars(self, ask: Ask) -> Answer:
        """The listing's rows. Raises NetworkError after three tries."""
        if not ask.latest or ask.exchange != "XKRX":
            return Answer(table=None, reaches=False)
        why: object = ""
        for attempt in range(1, TRIES + 1):
            try:
                return Answer(table=as_table(_listing()), reaches=False)
            except ImportError as error:
                raise _not_installed(self.name, error) from error
            except Exception as error:
                why = str(error) or type(error).__name__
            if attempt < TRIES:
                self._sleep(PAUSE * 2.0 ** (attempt - 1))
        raise NetworkError("the listing could not be had ({error})", error=why)


def _listing() -> pd.DataFrame:
    from FinanceDataReader import StockListing

    with _patient_sockets():
        frame: pd.DataFrame = StockListing("KRX")
    return frame


def _named(frame: Any, symbol: str) -> pa.Table | Text:
    """A symbol's rows under its name in the set; a symbol that the source does not know has none."""
    import pyarrow as pa

    if frame is None or len(frame) == 0:
        return pa.table({})
    table = as_table(frame)
    return table.append_column("symbol", pa.array([symbol] * table.num_rows, pa.string()))


def _one_below_the_other(tables: Sequence[pa.Table]) -> pa.Table | None:
    import pyarrow as pa

    filled = [table for table in tables if table.num_rows]
    return pa.concat_tables(filled, promote_options="permissive") if filled else None


@contextmanager
def _patient_sockets() -> Iterator[None]:
    """FinanceDataReader takes no timeout, so the sockets' default is set meanwhile."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(TIMEOUT)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)


def _not_installed(name: str, error: ImportError) -> SourceError:
    return SourceError(
        "{name}: needs the package {package}, which is not installed. Install it with: pip install 'nextclose[live]'",
        name=name, package=error.name,
    )  # fmt: skip
