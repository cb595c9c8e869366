"""The sets of bars that `nextclose bench market` runs on: real ones where they lie, a simulated one else."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from nextclose.bars.walk import simulated_walk
from nextclose.market.tables import folds_table, to_parquet

DATA = Path("../shared/data")
SYMBOLS, SESSIONS, TEST = 505, 1_259, 278
"""Of the simulated set: those of the S&P 500 set, whose last 278 sessions are the test."""


@dataclass(frozen=True, kw_only=True)
class BenchSet:
    """A set and the test span on it."""

    name: str
    source: str
    test_start: str | None
    """None: the last 250 sessions are the test."""
    simulated: bool = False
    bytes: int = 0
    """Of its file."""


SP500 = ("sp500_2013_2018", "2017-01-01")
KRX = ("krx_all_2016_2025", "2023-01-01")


def choose_set(source: str | None, folder: Path, *, symbols: int = SYMBOLS, sessions: int = SESSIONS) -> BenchSet:
    """The set at `source`; without one the S&P 500 set, or where that does not lie a simulated one, written to `folder`."""
    if source is not None:
        return _real(Path(source), None)
    return find_set(*SP500) or _simulate(folder, symbols, sessions)


def find_set(name: str, test_start: str) -> BenchSet | None:
    """A set beside the project; None where it does not lie."""
    path = DATA / f"{name}.parquet"
    return _real(path, test_start) if path.is_file() else None


def _real(path: Path, test_start: str | None) -> BenchSet:
    size = path.stat().st_size if path.is_file() else 0
    return BenchSet(name=path.stem, source=str(path.absolute()), test_start=test_start, bytes=size)


def _simulate(folder: Path, symbols: int, sessions: int) -> BenchSet:
    """A Parquet file of random walks over the same sessions."""
    parts = list(_walks(symbols, sessions))
    path = folder / "simulated.parquet"
    path.write_bytes(to_parquet(folds_table(parts)))
    test = max(sessions * TEST // SESSIONS, 1)
    start = str(parts[0]["date"][sessions - test])
    return BenchSet(
        name=path.stem, source=str(path), test_start=start, simulated=True, bytes=path.stat().st_size
    )  # fmt: skip


def _walks(symbols: int, sessions: int) -> Iterator[dict[str, Any]]:
    for number in range(symbols):
        bars = simulated_walk(str(number), "")[:sessions]
        own = {name: getattr(bars, name) for name in ("open", "high", "low", "close", "volume")}
        yield {"symbol": np.full(len(bars), f"WALK{number:04d}", dtype=object), "date": bars.dates, **own}
