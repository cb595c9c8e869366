"""A little market on a real calendar, its days as a server would answer them, and evenings at which it is asked."""

from __future__ import annotations

import datetime as dt
import hashlib
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from nextclose.bars.calendars import schedule
from nextclose.bars.collect import update_set
from nextclose.market.sets import open_set

EXCHANGE = "XNYS"
DAYS = [session.date for session in schedule(EXCHANGE, "2024-01-02", "2024-03-28")]
SYMBOLS = tuple(f"S{number:02d}" for number in range(30))
BEGUN = 40
"""Sessions in the file that a set is made of."""
NEXT = DAYS[BEGUN : BEGUN + 10]
PRICES = ["open", "high", "low", "close"]


def market(seed=0, symbols=SYMBOLS, days=DAYS):
    """A frame of walks; S01 does not trade on any day but has its close carried."""
    rng = np.random.default_rng(seed)
    tables = []
    for symbol in symbols:
        close = 100.0 * np.exp(np.cumsum(0.02 * rng.standard_normal(len(days))))
        opened = close * np.exp(0.005 * rng.standard_normal(len(days)))
        high, low = np.maximum(opened, close) * 1.01, np.minimum(opened, close) * 0.99
        volume = rng.integers(1_000, 9_000, len(days)).astype(float)
        if symbol == "S01":
            opened, high, low, volume = (np.zeros(len(days)) for _ in range(4))
            close = np.full(len(days), 50.0)
        columns = {"open": opened, "high": high, "low": low, "close": close}
        tables.append(
            pa.table(
                {"symbol": [symbol] * len(days), "date": pa.array(np.array(days, dtype="datetime64[D]"))}
                | {name: np.round(values, 2) for name, values in columns.items()}
                | {"volume": volume}
            )
        )
    return pa.concat_tables(tables).to_pandas()


def write(frame, path):
    """A frame as Parquet, the dates as dates."""
    table = pa.Table.from_pandas(frame, preserve_index=False)
    at = table.column_names.index("date")
    pq.write_table(table.set_column(at, "date", table["date"].cast(pa.date32())), path)
    return path


def upto(frame, day):
    return frame[frame.date.astype(str) <= day]


def day_of(frame, day, *, reference=False, dates=True):
    """The rows of one session, with the closes of the session before as reference prices where they are asked for."""
    own = frame[frame.date.astype(str) == day].copy()
    if reference:
        before = DAYS[DAYS.index(day) - 1]
        closes = frame[frame.date.astype(str) == before].set_index("symbol").close
        own["reference"] = own.symbol.map(closes)
    return own if dates else own.drop(columns="date")


def csv(frame):
    return frame.to_csv(index=False).encode()


def evening(day):
    """After that session has closed in New York."""
    return dt.datetime.fromisoformat(f"{day}T23:00:00+00:00")


def begin(folder, frame, *sources, day=DAYS[BEGUN - 1]):
    """A set made of a file, whose further sources are the ones given."""
    file = write(upto(frame, day), folder.parent / f"{folder.name}-first.parquet")
    update_set(folder, as_of=day, sources=[str(file)], exchange=EXCHANGE, now=lambda: evening(day))
    if sources:
        update_set(folder, as_of=day, sources=sources, now=lambda: evening(day))


def update(folder, day, *sources, **more):
    """One evening without pauses between tries."""
    return update_set(folder, sources=sources, now=lambda: evening(day), sleep=lambda _: None, **more)


def rows(folder, symbol=None, day=None):
    """The set as a reader has it: a frame."""
    table = pa.concat_tables([pq.read_table(path) for path in open_set(str(folder)).files])
    frame = table.to_pandas()
    frame["date"] = frame["date"].astype(str)
    frame = frame if symbol is None else frame[frame.symbol == symbol]
    return frame if day is None else frame[frame.date == day]


def tree(folder: Path):
    """File -> hash of its bytes, the lock left out."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != ".lock"
    }
