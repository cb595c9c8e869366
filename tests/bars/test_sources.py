from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from nextclose.bars import load_bars
from nextclose.bars.sources import fetch as fetching
from nextclose.bars.sources.fdr import FinanceDataReader
from nextclose.bars.sources.fetch import fetch_bars
from nextclose.bars.sources.snapshot import read_snapshot
from nextclose.bars.sources.yahoo import Yahoo
from nextclose.core.errors import NetworkError, SourceError

NOON = dt.datetime(2023, 7, 3, 3, 0, tzinfo=dt.UTC)  # 12:00 in Seoul, in the middle of the session of 2023-07-03
EVENING = dt.datetime(2023, 7, 3, 7, 0, tzinfo=dt.UTC)


def answer(days=("2023-06-29", "2023-06-30", "2023-07-03")):
    """A frame as the sources give it."""
    index = pd.DatetimeIndex(days, name="Date", tz="Asia/Seoul")
    prices = np.arange(1.0, len(index) + 1.0)
    return pd.DataFrame(dict.fromkeys(("Open", "High", "Low", "Close", "Adj Close", "Volume"), prices), index=index)


class Recorded:
    """A source that answers from a list: frames are returned, exceptions raised."""

    name = "yahoo"

    def __init__(self, *answers):
        self.answers, self.asked = list(answers), 0

    def exchange(self, symbol):
        return "XKRX"

    def fetch(self, symbol, timeout):
        self.asked += 1
        said = self.answers.pop(0)
        if isinstance(said, Exception):
            raise said
        return said


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("NEXTCLOSE_CACHE", str(tmp_path))
    return tmp_path


def get(source, now=EVENING, pauses=None, **more):
    wait = (lambda seconds: None) if pauses is None else pauses.append
    return fetch_bars("yahoo", "005930.KS", source=source, now=lambda: now, sleep=wait, **more)


def test_an_unfinished_session_is_dropped():
    assert get(Recorded(answer()), now=NOON)[0].num_rows == 2
    assert get(Recorded(answer()), now=EVENING, refresh=True)[0].num_rows == 3


def test_a_rerun_reads_the_snapshot_until_it_is_refreshed():
    source = Recorded(answer(), answer(("2023-06-29",)))
    first = get(source)[0]
    assert get(source)[0].equals(first)
    assert source.asked == 1
    assert get(source, refresh=True)[0].num_rows == 1


def test_a_source_is_asked_three_times_with_growing_pauses():
    pauses = []
    source = Recorded(TimeoutError("slow"), ConnectionError("reset"), answer())
    assert get(source, pauses=pauses)[0].num_rows == 3
    assert pauses == [1.0, 2.0]
    with pytest.raises(NetworkError, match="in 3 tries .down.") as caught:
        get(Recorded(*[ConnectionError("down")] * 3), refresh=True)
    assert caught.value.exit_status == 1


def test_an_unknown_symbol_is_said_to_be_unknown():
    with pytest.raises(SourceError, match="knows no bars"):
        get(Recorded(answer(())))


def test_a_missing_extra_is_named():
    with pytest.raises(SourceError, match=r"pip install 'nextclose\[live\]'"):
        get(Recorded(ModuleNotFoundError("no", name="yfinance")))


def test_a_damaged_snapshot_is_fetched_again(cache):
    get(Recorded(answer()))
    path = cache / "yahoo" / "005930.KS.parquet"
    path.write_bytes(path.read_bytes()[:-9] + b"\0" * 9)
    assert read_snapshot("yahoo", "005930.KS") is None
    assert get(Recorded(answer()))[0].num_rows == 3


def test_a_live_source_gives_bars(monkeypatch):
    monkeypatch.setitem(fetching.SOURCES, "yahoo", Recorded(answer(("2023-06-29", "2023-06-30"))))
    bars = load_bars("yahoo:005930.KS")
    assert (bars.symbol, bars.exchange, len(bars)) == ("005930.KS", "XKRX", 2)


@pytest.mark.parametrize(
    ("symbol", "exchange"),
    [("AAPL", "XNYS"), ("005930.KS", "XKRX"), ("7203.T", "XTKS"), ("^GSPC", None), ("X.ZZ", None)],
)
def test_yahoo_tells_the_exchange_by_the_suffix(symbol, exchange):
    assert Yahoo().exchange(symbol) == exchange


@pytest.mark.parametrize(
    ("symbol", "exchange"), [("005930", "XKRX"), ("00104K", "XKRX"), ("AAPL", "XNYS"), ("USD/KRW", None)]
)
def test_finance_data_reader_tells_it_by_the_code(symbol, exchange):
    assert FinanceDataReader().exchange(symbol) == exchange
