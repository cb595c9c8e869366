"""Bars: the daily bars of one symbol, frozen and checked."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from nextclose.core.results import DataSummary
from nextclose.core.types import Dates, Float64s

if TYPE_CHECKING:
    import pandas as pd

PRICES = ("open", "high", "low", "close")


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One kind of thing found in the rows, counted, and what was done about it."""

    kind: str
    """Stable name, as in `bars.checks`."""
    severity: Literal["error", "note"]
    action: Literal["dropped", "kept", "applied", "noted"]
    count: int
    dates: tuple[str, ...]
    """ISO dates, the first ten; none for what concerns all of history."""
    text: str
    """The English template that describes it; `values` fills it."""
    values: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, eq=False)
class Bars:
    """Daily bars of one symbol: N sessions, oldest first, prices as a screen shows them today.

    Where the source has adj_close, history is multiplied by adj_close / close divided by that factor's
    value at the last bar: returns are adjusted, the last bar is the quoted one.
    """

    symbol: str
    dates: Dates
    """(N,) datetime64[D], strictly increasing."""
    open: Float64s
    high: Float64s
    low: Float64s
    close: Float64s
    volume: Float64s
    """(N,) each; volume is NaN where the source has none."""
    adj_close: Float64s | None = None
    """(N,) as the source gave it, or None."""
    extra: Mapping[str, Float64s] = field(default_factory=dict)
    """(N,) each: the source's further columns of numbers under the names that it gives them; NaN where it has nothing."""
    exchange: str | None = None
    """exchange_calendars code (XKRX, XNYS, ...) or None."""
    source: str = ""
    """The SOURCE as the user wrote it."""
    adjusted: bool = False
    """Whether adj_close moved any price."""
    findings: tuple[Finding, ...] = ()

    def __len__(self) -> int:
        return len(self.dates)

    def __getitem__(self, rows: slice) -> Bars:
        """The bars of a slice of row numbers."""
        return self.mapped(lambda values: values[rows])

    def mapped(self, change: Callable[[Any], Any]) -> Bars:
        """The same bars with every column, dates and extras included, put through a function."""
        columns = {name: change(getattr(self, name)) for name in ("dates", *PRICES, "volume")}
        adj_close = None if self.adj_close is None else change(self.adj_close)
        return replace(
            self, **columns, adj_close=adj_close, extra={name: change(values) for name, values in self.extra.items()}
        )

    def between(self, start: np.datetime64 | None, end: np.datetime64 | None) -> Bars:
        """The bars from `start` to `end`, both included; None leaves that end open."""
        low = 0 if start is None else int(np.searchsorted(self.dates, start, side="left"))
        high = len(self) if end is None else int(np.searchsorted(self.dates, end, side="right"))
        return self[low:high]

    @property
    def sha256(self) -> str:
        """Hash of symbol, dates and values as little-endian bytes, extras by name: equal bars, equal hash."""
        digest = hashlib.sha256(self.symbol.encode())
        digest.update(self.dates.astype("datetime64[D]").astype("<i8").tobytes())
        for name in (*PRICES, "volume"):
            digest.update(np.ascontiguousarray(getattr(self, name), dtype="<f8").tobytes())
        for name in sorted(self.extra):
            digest.update(name.encode())
            digest.update(np.ascontiguousarray(self.extra[name], dtype="<f8").tobytes())
        return digest.hexdigest()

    def summary(self) -> DataSummary:
        """What was read and what was found, as plain values."""
        notes: tuple[dict[str, Any], ...] = tuple(
            {
                "kind": found.kind, "severity": found.severity, "action": found.action, "count": found.count,
                "dates": list(found.dates), "template": found.text, "values": dict(found.values),
                "text": found.text.format(**found.values) if found.values else found.text,
            }
            for found in self.findings
        )  # fmt: skip
        return DataSummary(
            symbol=self.symbol, source=self.source, rows=len(self), first=str(self.dates[0]), last=str(self.dates[-1]),
            adjusted=self.adjusted, dropped=sum(f.count for f in self.findings if f.action == "dropped"),
            notes=notes, sha256=self.sha256, exchange=self.exchange,
        )  # fmt: skip

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """The columns of `to_pandas` as an Arrow stream, for polars, pyarrow, DuckDB and others."""
        import pyarrow as pa

        columns: dict[str, Any] = {"symbol": [self.symbol] * len(self), "date": pa.array(self.dates)}
        return pa.table(columns | self.numbers()).__arrow_c_stream__(requested_schema)

    def to_pandas(self) -> pd.DataFrame:
        """Columns symbol, date, open, high, low, close, volume and, where there are any, adj_close and extras."""
        import pandas as pd

        columns: dict[str, Any] = {"symbol": self.symbol, "date": self.dates.astype("datetime64[s]")}
        return pd.DataFrame(columns | self.numbers())

    def numbers(self) -> dict[str, Float64s]:
        """Every column of numbers by its name: prices, volume, adj_close where there is one, and the extras."""
        columns: dict[str, Float64s] = {name: getattr(self, name) for name in (*PRICES, "volume")}
        if self.adj_close is not None:
            columns["adj_close"] = self.adj_close
        return columns | dict(self.extra)
