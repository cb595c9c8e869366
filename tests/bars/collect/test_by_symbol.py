"""`fdr` and `yahoo`: the listing where there is one, else a request a symbol; the libraries are stood in for."""

from __future__ import annotations

import datetime as dt
import sys
from types import ModuleType, SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from tests.bars.collect.market import write

from nextclose.bars.calendars import schedule
from nextclose.bars.collect import update_set
from nextclose.bars.sources.yahoo import history, spellings
from nextclose.market.sets import open_set

DAYS = [session.date for session in schedule("XKRX", "2024-02-01", "2024-04-30")]
FIRST, TODAY = DAYS[39], DAYS[40]
SYMBOLS = ("000020", "005930", "00104K", "035420")
PRICES = ["open", "high", "low", "close"]
EVENING = dt.datetime.fromisoformat(f"{TODAY}T10:00:00+00:00")


def frame():
    rng = np.random.default_rng(3)
    parts = []
    for symbol in SYMBOLS:
        close = np.round(10_000 * np.exp(np.cumsum(0.02 * rng.standard_normal(len(DAYS)))))
        columns = {"open": close, "high": close + 50, "low": close - 50, "close": close}
        parts.append(
            pd.DataFrame({"symbol": symbol, "date": pd.to_datetime(DAYS)} | columns | {"volume": 1000.0 + close})
        )
    return pd.concat(parts, ignore_index=True)


FRAME = frame()


def listing(day=TODAY, symbols=SYMBOLS):
    """As FinanceDataReader gives it: no date, the change since the reference price, its sign in the ratio alone."""
    own = FRAME[(FRAME.date == day) & FRAME.symbol.isin(symbols)].set_index("symbol")
    before = FRAME[FRAME.date == DAYS[DAYS.index(day) - 1]].set_index("symbol").close.loc[own.index]
    changes = own.close - before
    return pd.DataFrame(
        {
            "Code": own.index, "ISU_CD": "KR7", "Name": "이름", "Market": "KOSPI", "Dept": None, "Close": own.close.values,
            "ChangeCode": "1", "Changes": changes.abs().values, "ChagesRatio": (100 * changes / before).round(2).values,
            "Open": own.open.values, "High": own.high.values, "Low": own.low.values, "Volume": own.volume.values,
            "Amount": 1, "Marcap": 2, "Stocks": 3, "MarketId": "STK",
        }
    )  # fmt: skip


def one(symbol, start, end, *, factor=1.0):
    own = FRAME[(FRAME.symbol == symbol) & (FRAME.date >= start) & (FRAME.date <= end)].set_index("date")
    named = own[[*PRICES, "volume"]].rename(columns=str.title)
    named[[name.title() for name in PRICES]] *= factor
    return named.assign(Change=0.1)


class Library:
    """Stands in for FinanceDataReader: what it was asked, and what it says."""

    def __init__(self):
        self.asked = []
        self.listing, self.one = listing, one

    def StockListing(self, market):  # noqa: N802
        self.asked.append(market)
        return self.listing()

    def DataReader(self, symbol, start, end):  # noqa: N802
        self.asked.append(symbol)
        return self.one(symbol, start, end)


@pytest.fixture
def library(monkeypatch):
    found = Library()
    monkeypatch.setitem(sys.modules, "FinanceDataReader", found)
    return found


@pytest.fixture
def folder(tmp_path):
    file = write(FRAME[FRAME.date <= FIRST], tmp_path / "first.parquet")
    before = EVENING - dt.timedelta(days=1)
    update_set(tmp_path / "set", as_of=FIRST, sources=[str(file)], exchange="XKRX", now=lambda: before)
    return tmp_path / "set"


def update(folder, source="fdr", day=TODAY, now=EVENING, **more):
    return update_set(folder, as_of=day, sources=[source], now=lambda: now, sleep=lambda _: None, **more)


def broken(*_):
    raise ConnectionError("the server hung up")


def test_the_listing_gives_the_whole_market_in_one_request(folder, library):
    found = update(folder)
    assert (found.added, found.rows, found.missing, found.failures) == ((TODAY,), 4, {}, ())
    assert library.asked == ["KRX"]
    assert _closes(folder, TODAY) == FRAME[FRAME.date == TODAY].set_index("symbol").close.to_dict()


def test_a_split_shows_in_the_listing(folder, library):
    """The reference price is the close less the change."""
    whole = listing()
    close = float(FRAME[(FRAME.symbol == "005930") & (FRAME.date == FIRST)].close.item())
    own = whole.Code == "005930"
    whole.loc[own, ["Open", "High", "Low", "Close"]] = close / 5 * 1.1
    whole.loc[own, "Changes"], whole.loc[own, "ChagesRatio"] = close / 5 * 0.1, 10.0
    library.listing = lambda: whole
    assert update(folder).rescaled == {"005930": pytest.approx(0.2)}


def test_what_the_listing_lacks_is_asked_for_by_symbol(folder, library):
    library.listing = lambda: listing(symbols=SYMBOLS[:3])
    found = update(folder)
    assert (found.rows, found.missing) == (4, {})
    assert library.asked == ["KRX", "035420"]


def test_a_listing_that_is_still_yesterdays_is_not_taken(folder, library):
    library.listing = lambda: listing(FIRST)
    library.one = lambda symbol, start, end: one(symbol, start, FIRST)
    found = update(folder)
    assert (found.rows, found.as_of) == (0, FIRST)
    assert found.no_session == (
        TODAY,
    )  # every symbol's history is there, and none has the day: asked again all the same
    library.listing, library.one = listing, one
    assert update(folder).added == (TODAY,)


def test_a_session_of_the_past_is_asked_for_by_symbol(folder, library):
    later = EVENING + dt.timedelta(days=30)
    assert update(folder, now=later).rows == 4
    assert sorted(library.asked) == sorted(SYMBOLS)


def test_a_rescaled_history_is_seen_in_the_symbols_own_answer(folder, library):
    later = EVENING + dt.timedelta(days=30)
    library.one = lambda symbol, start, end: one(symbol, start, end, factor=0.5 if symbol == "005930" else 1.0)
    found = update(folder, now=later)
    assert found.rescaled == {"005930": pytest.approx(0.5)}
    assert found.failures == ()


def test_symbols_that_fail_are_missing_and_tried_three_times(folder, library):
    library.listing = broken

    def some(symbol, start, end):
        return broken() if symbol == "005930" else one(symbol, start, end)

    library.one = some
    found = update(folder)
    assert (found.rows, found.missing) == (3, {TODAY: ("005930",)})
    assert library.asked.count("005930") == 3
    assert library.asked.count("KRX") == 3
    assert any("the server hung up" in failure.why for failure in found.failures)


def test_a_library_that_knows_nobody_is_not_asked_for_everybody(tmp_path, library):
    wide = pd.concat([FRAME[FRAME.symbol == "005930"].assign(symbol=f"{code:06d}") for code in range(30)])
    file = write(wide[wide.date <= FIRST], tmp_path / "first.parquet")
    library.listing = library.one = broken
    found = update_set(
        tmp_path / "set",
        as_of=TODAY,
        sources=[str(file), "fdr"],
        exchange="XKRX",
        now=lambda: EVENING,
        sleep=lambda _: None,
    )
    assert len(found.missing[TODAY]) == 30
    assert len([symbol for symbol in library.asked if symbol != "KRX"]) == 8 * 3


def test_a_missing_package_is_named_and_the_session_stays_missing(folder, monkeypatch):
    monkeypatch.setitem(sys.modules, "FinanceDataReader", None)
    found = update(folder)
    assert list(found.missing) == [TODAY]
    assert "pip install 'nextclose[live]'" in found.failures[0].why


def test_yahoo_is_asked_under_its_own_names(folder, monkeypatch):
    asked = []

    class Gone(LookupError):  # noqa: N818
        pass

    class Ticker:
        def __init__(self, symbol):
            self.symbol = symbol
            asked.append(symbol)

        def history(self, *, start, end, **_):
            if self.symbol.endswith(".KS") and self.symbol.startswith("035420"):
                raise Gone
            return one(self.symbol[:6], start, end)

    library = ModuleType("yfinance")
    library.Ticker, library.exceptions = Ticker, SimpleNamespace(YFTickerMissingError=Gone)
    monkeypatch.setitem(sys.modules, "yfinance", library)
    assert update(folder, "yahoo").rows == 4
    assert sorted(asked) == ["000020.KS", "00104K.KS", "005930.KS", "035420.KQ", "035420.KS"]
    assert len(history("035420.KS", FIRST, TODAY, 1.0)) == 0
    assert spellings("AAPL", "XNYS") == spellings("AAPL", "XNAS") == ("AAPL",)
    assert spellings("7203", "XTKS") == ("7203.T",)


def _closes(folder, day):
    bars = open_set(str(folder))
    found = dict(bars.read(bars.scan().names, "drop"))
    return {name: float(own.close[own.dates == np.datetime64(day)][0]) for name, own in found.items()}
