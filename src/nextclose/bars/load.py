"""One symbol's bars from wherever they are: the SOURCE grammar."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from nextclose.bars.bars import PRICES, Bars, Finding
from nextclose.bars.checks import check, split_like
from nextclose.bars.headers import recognise
from nextclose.bars.rows import Rows, Sheet, read_sheet
from nextclose.bars.samples import load_sample
from nextclose.bars.symbols import normal_symbol, pick_symbol, split_path
from nextclose.bars.tables import as_table, read_file, symbols_in
from nextclose.bars.walk import simulated_walk
from nextclose.core.errors import BarsError, SettingsError, SourceError
from nextclose.core.lang import Text
from nextclose.core.suggest import did_you_mean

SCHEMES = ("sample", "yahoo", "fdr", "walk")


def load_bars(
    source: Any,
    *,
    faults: str = "raise",
    exchange: str | None = None,
    symbol: str | None = None,
    default_symbol: str | None = None,
    refresh: bool = False,
) -> Bars:
    """The bars of one symbol.

    Parameters
    ----------
    source : a .csv or .parquet path (path#SYMBOL where it holds several), sample:AAPL, yahoo:AAPL, fdr:005930,
        walk:SEED; or a pandas, polars or Arrow table; or Bars, which come back as they are.
    faults : raise refuses faulty rows, drop leaves them out, keep lets stand what can stand.
    exchange : calendar code such as XKRX; the source's own otherwise.
    symbol : which symbol of a table that holds several, as #SYMBOL in a path.
    default_symbol : what to call bars whose source names no symbol; a file's stem otherwise.
    refresh : fetch a live source anew instead of reading its snapshot.

    Raises
    ------
    SourceError : nothing readable there, or an unknown symbol.
    BarsError : faulty rows, or none left.
    NetworkError : a live source that does not answer.
    """
    if isinstance(source, Bars):
        return source if exchange is None else replace(source, exchange=checked_exchange(exchange))
    bars = _load(source, faults, symbol, default_symbol, refresh)
    return bars if exchange is None else replace(bars, exchange=checked_exchange(exchange))


def checked_exchange(code: str) -> str:
    """`code` in capitals, if exchange_calendars knows it. Raises SettingsError otherwise."""
    from exchange_calendars import get_calendar_names

    known = get_calendar_names()
    if code.upper() not in known:
        raise SettingsError(
            "unknown exchange '{code}': expected a calendar code such as XKRX, XNYS, XTKS or XLON.{hint}",
            code=code,
            hint=did_you_mean(code, known),
        )
    return code.upper()


def _load(source: Any, faults: str, symbol: str | None, default_symbol: str | None, refresh: bool) -> Bars:
    if not isinstance(source, str | Path):
        return from_sheet(
            read_sheet(as_table(source), "table", extra=True), faults, "table", symbol, default_symbol or "table"
        )
    text = str(source)
    scheme, colon, rest = text.partition(":")
    if colon and not Path(text).exists() and len(scheme) > 1:
        return _from_scheme(scheme.lower(), rest, text, faults, refresh)
    path, named = split_path(text)
    symbol = symbol or named
    return _from_path(path, text, faults, symbol, default_symbol)


def _from_scheme(scheme: str, rest: str, text: str, faults: str, refresh: bool) -> Bars:
    if scheme == "sample":
        table, exchange, name = load_sample(rest)
        bars = from_sheet(read_sheet(table, text), faults, text, None, name)
        return replace(bars, exchange=exchange)
    if scheme == "walk":
        return simulated_walk(rest, text)
    if scheme in ("yahoo", "fdr"):
        from nextclose.bars.sources import fetch_bars

        table, venue, name = fetch_bars(scheme, rest, refresh=refresh)
        bars = from_sheet(read_sheet(table, text, extra=True), faults, text, None, name)
        return replace(bars, exchange=venue)
    raise SourceError(
        "unknown source '{text}': expected {known} before the colon, or a path.{hint}",
        text=text,
        known=", ".join(SCHEMES),
        hint=did_you_mean(scheme, SCHEMES),
    )


def _from_path(path: Path, text: str, faults: str, symbol: str | None, default_symbol: str | None) -> Bars:
    wanted = symbol
    if path.suffix.lower() in (".parquet", ".pq") and path.is_file():
        wanted = _parquet_symbol(path, text, symbol, default_symbol)
    sheet = read_sheet(read_file(path, wanted), text, extra=True)
    return from_sheet(sheet, faults, text, wanted, default_symbol or path.stem)


def _parquet_symbol(path: Path, text: str, symbol: str | None, default_symbol: str | None) -> str | None:
    """The symbol to read of a Parquet file, settled from its symbol column alone; None where it names none."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        schema = pq.read_schema(path)
    except (pa.ArrowException, OSError):
        return symbol
    header = recognise(schema.names).get("symbol")
    return symbol if header is None else pick_symbol(symbols_in(path, header), symbol, default_symbol, text)


def from_sheet(sheet: Sheet, faults: str, source: str, symbol: str | None, stem: str) -> Bars:
    """The bars of one symbol of a sheet, checked and adjusted."""
    name = stem
    if sheet.symbols is None:
        if symbol is not None and symbol != stem:
            raise SourceError(
                "'{source}' has no symbol column, so '#{symbol}' cannot be looked up", source=source, symbol=symbol
            )
        rows = sheet.rows
    else:
        name = pick_symbol(sheet.names(), symbol, stem, source)
        rows = sheet.rows if len(sheet.names()) == 1 else sheet.of(name)
    plain = normal_symbol(name, numeric=sheet.numeric)
    return make_bars(replace(rows, symbol=plain), faults, source, timed=sheet.timed, renamed_from=name)


def make_bars(rows: Rows, faults: str, source: str, *, timed: bool = False, renamed_from: str | None = None) -> Bars:
    """Bars from one symbol's rows: checked, then adjusted to quoted prices.

    Raises
    ------
    BarsError : faulty rows under `faults`, several bars a day, or no rows left.
    """
    if timed and len(np.unique(rows.dates)) < len(rows):
        raise BarsError(
            "{symbol}: several bars a day, such as on {date}; nextclose takes daily bars, one row a session.",
            symbol=rows.symbol,
            date=rows.dates[np.flatnonzero(rows.dates[1:] == rows.dates[:-1])[0]] if len(rows) > 1 else rows.dates[0],
        )
    clean, findings = check(rows, faults)
    if len(clean) == 0:
        raise BarsError("{symbol}: no usable row is left of {total}", symbol=rows.symbol, total=len(rows))
    prices = {name: getattr(clean, name) for name in PRICES}
    adj_close, factor, found = _adjustment(clean)
    if factor is not None:
        prices = {name: values * factor for name, values in prices.items()}
    found = (*found, *split_like(clean, prices["close"]))
    if renamed_from is not None and renamed_from != rows.symbol:
        found = (*found, _renamed(renamed_from, rows.symbol))
    return Bars(
        symbol=rows.symbol,
        dates=clean.dates,
        **prices,
        volume=clean.volume,
        extra=clean.extra,
        adj_close=adj_close,
        source=source,
        adjusted=factor is not None,
        findings=(*findings, *found),
    )


def _adjustment(rows: Rows) -> tuple[Any, Any, tuple[Finding, ...]]:
    """adj_close if the source has it for every row, the factor on prices if it is not 1 throughout, and a note."""
    if np.isnan(rows.adj_close).all():
        return None, None, ()
    if not (rows.adj_close > 0.0).all():
        raise BarsError(
            "{symbol}: adj_close is missing or not positive in {count} of {total} rows. Leave the column out to use "
            "prices as they are.",
            symbol=rows.symbol,
            count=int(np.count_nonzero(~(rows.adj_close > 0.0))),
            total=len(rows),
        )
    factor = rows.adj_close / rows.close
    factor = factor / factor[-1]
    moved = np.abs(factor - 1.0) > 1e-9
    if not moved.any():
        return rows.adj_close, None, ()
    note = Finding(
        kind="adjusted",
        severity="note",
        action="applied",
        count=int(moved.sum()),
        dates=(),
        text=_ADJUSTED.template,
        values={"factor": f"{factor[0]:.6g}"},
    )
    return rows.adj_close, factor, (note,)


_ADJUSTED = Text("prices multiplied by adj_close / close, {factor} at the first bar and 1 at the last, the quoted one")
_RENAMED = Text("the number {number} is taken as the symbol {symbol}")


def _renamed(number: str, symbol: str) -> Finding:
    return Finding(
        kind="symbol",
        severity="note",
        action="applied",
        count=1,
        dates=(),
        text=_RENAMED.template,
        values={"number": number, "symbol": symbol},
    )
