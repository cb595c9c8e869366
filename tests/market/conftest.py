"""Small markets of random walks, and runs of a second."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.conftest import walk_bars

from nextclose.core.forecasts import COLUMNS, Forecasts
from nextclose.market.plan import Wishes, make_config
from nextclose.market.run import resume, start
from nextclose.market.sets import open_set
from nextclose.market.shard import compute_shard
from nextclose.market.watch import MarketWatcher

SYMBOLS = ("A", "BB", "005930", "O'Neil", "삼성", "late", "short")
"""The last two are listed late: one is used, one has too few bars."""
SESSIONS = 140
TESTED = 30
QUICK = {"min_bars": 60, "refit_every": 10, "seeds": 1, "shard_size": 2}


class InProcess:
    """Shards computed here, in any order, up to a number of them."""

    def __init__(self, order=None, most=None):
        self.order, self.most, self.computed = order, most, []

    def ready(self):
        pass

    def compute(self, config, numbers, nets):
        numbers = [number for number in self.order or numbers if number in numbers]
        for number in numbers[: self.most]:
            self.computed.append(number)
            yield compute_shard(config, number, open_set(config.source), nets=nets)
        if self.most is not None and len(numbers) > self.most:
            raise KeyboardInterrupt


class Killed(BaseException):
    """Nobody catches it."""


class KillAt(MarketWatcher):
    """Ends a run at its nth news."""

    def __init__(self, at):
        self.left = at

    def progress(self, progress):
        self.left -= 1
        if self.left < 0:
            raise Killed


def table_of(*every, symbols=True):
    """Some symbols' bars, one below the other."""
    parts = []
    for bars in every:
        columns = {"symbol": [bars.symbol] * len(bars)} if symbols else {}
        columns |= {"date": pa.array(bars.dates)}
        columns |= {name: getattr(bars, name) for name in ("open", "high", "low", "close", "volume")}
        parts.append(pa.table(columns))
    return pa.concat_tables(parts)


def market_bars(symbols=SYMBOLS, sessions=SESSIONS, late=30):
    """A walk a symbol; the last two are listed late."""
    every = [walk_bars(sessions, seed=number, symbol=symbol) for number, symbol in enumerate(symbols)]
    if symbols is SYMBOLS:
        every[-2], every[-1] = tail(every[-2], sessions - late), tail(every[-1], TESTED + 10)
    return every


def tail(bars, count):
    return rows_of(bars, slice(len(bars) - count, None))


def rows_of(bars, rows):
    """Some rows of a symbol's bars."""
    names = ("dates", "open", "high", "low", "close", "volume")
    return type(bars)(symbol=bars.symbol, **{name: getattr(bars, name)[rows] for name in names})


def write_set(path, *every):
    pq.write_table(table_of(*every), path)
    return path


def config_of(source, recipes=("tutorial",), **wishes):
    """A configuration of two epochs unless said otherwise."""
    asked = {"settings": {"epochs": 2}} | QUICK | wishes
    return make_config(Wishes(source=str(source), recipes=recipes, **asked))


def run_market(config, folder, backend=None, **more):
    """Begin a run in this process."""
    return start(config, folder, backend or InProcess(), threads=1, **more)


def go_on(folder, backend=None, **more):
    return resume(folder, backend or InProcess(), threads=1, **more)


def results(folder):
    """File -> hash of everything that must be the same whoever computed it; the manifest holds the command, too."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.suffix == ".parquet" or path.name in ("record.json", "result.json")
    }


def forecasts_of(folder, *, shared=False):
    """All forecasts of a run."""
    tables = [pq.ParquetFile(path).read() for path in sorted((folder / "forecasts").glob("*.parquet"))]
    table = pa.concat_tables(tables)
    if shared:
        table = table.filter(table["shared"])
    columns = {}
    for name in COLUMNS:
        array = table[name].to_numpy(zero_copy_only=False)
        columns[name] = array.astype("datetime64[D]") if array.dtype.kind == "M" else array
    columns["step"] = columns["step"].astype(np.int64)
    return Forecasts(**columns)


@pytest.fixture(scope="session")
def small_set(tmp_path_factory) -> Path:
    """Seven symbols in one file, five of them from its first session to its last."""
    return write_set(tmp_path_factory.mktemp("set") / "small.parquet", *market_bars())


@pytest.fixture(scope="session")
def small_config(small_set):
    return config_of(small_set)


@pytest.fixture(scope="session")
def small_run(small_config, tmp_path_factory) -> Path:
    """A finished run; nobody may write to it."""
    folder = tmp_path_factory.mktemp("runs") / "small"
    run_market(small_config, folder)
    return folder
