from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from tests.conftest import walk_bars

from nextclose.bars import load_bars
from nextclose.core.errors import BarsError, SourceError, UserError

N = 40
PRICES = ("open", "high", "low", "close")
ENGLISH = ("Date", "Open", "High", "Low", "Close", "Volume")
KOREAN = ("일자", "시가", "고가", "저가", "종가", "거래량")
DATES = {
    "iso": "%Y-%m-%d", "slash": "%Y/%m/%d", "dot": "%Y.%m.%d", "compact": "%Y%m%d", "midnight": "%Y-%m-%d 00:00:00",
    "zone": "%Y-%m-%dT09:00:00+09:00", "korean": "%Y년 %m월 %d일", "us": "%m/%d/%Y",
}  # fmt: skip


@pytest.fixture
def whole():
    """Bars whose prices are whole numbers, as KRX quotes them."""
    walk = walk_bars(N, seed=3)
    columns = {name: np.round(1000.0 * getattr(walk, name)) for name in PRICES}
    return {"date": walk.dates, **columns, "volume": walk.volume}


def csv_text(whole, *, delimiter=",", headers=ENGLISH, dates="iso", thousands=False):
    def number(value):
        text = f"{value:,.0f}" if thousands else f"{value:.0f}"
        return f'"{text}"' if delimiter in text else text

    days = pd.DatetimeIndex(whole["date"].astype("datetime64[s]")).strftime(DATES[dates])
    rows = zip(days, *(map(number, whole[name]) for name in (*PRICES, "volume")), strict=True)
    return "\n".join(delimiter.join(row) for row in [headers, *rows]) + "\n"


def check(bars, whole):
    np.testing.assert_array_equal(bars.dates, whole["date"])
    for name in (*PRICES, "volume"):
        np.testing.assert_array_equal(getattr(bars, name), whole[name])


@pytest.mark.parametrize(
    ("delimiter", "encoding", "thousands"),
    list(itertools.product(",;\t|", ("utf-8", "utf-8-sig", "cp949", "utf-16"), (False, True))),
)
def test_any_delimiter_encoding_and_separator(tmp_path, whole, delimiter, encoding, thousands):
    path = tmp_path / "삼성전자.csv"
    path.write_bytes(csv_text(whole, delimiter=delimiter, headers=KOREAN, thousands=thousands).encode(encoding))
    bars = load_bars(path)
    check(bars, whole)
    assert bars.symbol == "삼성전자"


@pytest.mark.parametrize("dates", DATES)
@pytest.mark.parametrize("headers", [ENGLISH, KOREAN, ("날짜", *KOREAN[1:]), tuple(name.upper() for name in ENGLISH)])
def test_any_written_date_keeps_its_day(tmp_path, whole, dates, headers):
    path = tmp_path / "a.csv"
    path.write_text(csv_text(whole, dates=dates, headers=headers), encoding="utf-8")
    check(load_bars(path), whole)


def test_the_same_bars_from_every_kind_of_table(tmp_path, whole):
    frame = pd.DataFrame({**whole, "date": whole["date"].astype("datetime64[s]")})
    frame.to_parquet(tmp_path / "table.parquet")
    (tmp_path / "table.csv").write_text(csv_text(whole), encoding="utf-8")
    sources = (
        frame,
        frame.set_index("date"),
        frame.assign(date=frame["date"].dt.tz_localize("Asia/Seoul")),
        pl.DataFrame({**whole, "date": whole["date"].astype("datetime64[ms]")}),
        pa.table({**whole, "date": pa.array(whole["date"])}),
        tmp_path / "table.parquet",
        str(tmp_path / "table.csv"),
        load_bars(frame).to_pandas(),
    )
    hashes = {load_bars(source, default_symbol="table").sha256 for source in sources}
    assert len(hashes) == 1


def test_bars_go_out_as_arrow(whole):
    bars = load_bars(pd.DataFrame({**whole, "date": whole["date"].astype("datetime64[s]")}))
    assert pl.DataFrame(bars).height == N
    assert load_bars(pl.DataFrame(bars)).sha256 == bars.sha256


def test_symbols_of_a_file_are_picked_by_name(tmp_path, whole):
    frame = pd.DataFrame({**whole, "date": whole["date"].astype("datetime64[s]")})
    both = pd.concat([frame.assign(symbol="AAPL"), frame.assign(symbol="MSFT", close=frame["high"])])
    for name in ("two.csv", "two.parquet"):
        path = tmp_path / name
        both.to_csv(path, index=False) if name.endswith("csv") else both.to_parquet(path)
        np.testing.assert_array_equal(load_bars(f"{path}#MSFT").close, whole["high"])
        with pytest.raises(SourceError, match="holds 2 symbols: AAPL, MSFT"):
            load_bars(path)
        with pytest.raises(SourceError, match="Did you mean 'AAPL'"):
            load_bars(f"{path}#AAPPL")


@pytest.mark.parametrize(
    ("written", "symbol"), [(5930, "005930"), ("5930", "005930"), ("00104K", "00104K"), ("005930", "005930")]
)
def test_a_numeric_symbol_is_a_korean_code(tmp_path, whole, written, symbol):
    path = tmp_path / "a.csv"
    pd.DataFrame({"종목코드": written, **whole}).to_csv(path, index=False)
    bars = load_bars(path)
    assert bars.symbol == symbol
    assert any(found.kind == "symbol" for found in bars.findings) == (str(written) == "5930")


def test_text_symbols_of_a_frame_keep_their_zeros(whole):
    frame = pd.DataFrame({"symbol": "0700", **whole, "date": whole["date"].astype("datetime64[s]")})
    assert load_bars(frame).symbol == "0700"


def test_a_file_whose_name_holds_a_hash_is_that_file(tmp_path, whole):
    path = tmp_path / "a#b.csv"
    path.write_text(csv_text(whole), encoding="utf-8")
    assert load_bars(path).symbol == "a#b"


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv", b"", "is empty"),
        ("a.csv", b"Date,Open,High,Low,Close\n", "header but no rows"),
        ("a.csv", b"x,y\n1,2\n", "no column for date, open, high, low, close. Found x, y"),
        ("a.csv", b"\x00\x01\x02\xff" * 100, "binary file"),
        ("a.csv", "날짜".encode("cp949") + b"\xff\xfe\xfd\xfc\n", "neither UTF-8 nor CP949"),
        ("a.parquet", b"no parquet at all", "no Parquet file"),
        ("a.xlsx", b"PK", "Save the sheet as CSV"),
        ("a.csv", b"Date,Open,High,Low,Close\n2020-01-02,1,1,1,1,1,1\n", "no CSV table"),
        ("a.csv", b"Date,Open,High,Low,Close\nsoon,1,1,1,1\n", "expected dates such as"),
        ("a.csv", b"Date,Open,High,Low,Close\n2020-02-30,1,1,1,1\n", "got '2020-02-30'"),
        ("a.csv", b"Date,Open,High,Low,Close\n01/02/2020,1,1,1,1\n", "may be month/day or day/month"),
    ],
)
def test_files_that_hold_no_bars_say_so(tmp_path, name, content, message):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(UserError, match=message) as caught:
        load_bars(path)
    assert caught.value.exit_status == 2


def test_a_path_that_is_not_there_offers_its_neighbour(tmp_path):
    (tmp_path / "prices.csv").write_text("x", encoding="utf-8")
    with pytest.raises(SourceError, match="Did you mean 'prices.csv'"):
        load_bars(tmp_path / "price.csv")
    with pytest.raises(SourceError, match="is a folder"):
        load_bars(tmp_path)


@pytest.mark.parametrize("source", [5, None, [1, 2], pd.Series([1.0])])
def test_what_is_no_table_is_refused(source):
    with pytest.raises(SourceError, match="table"):
        load_bars(source)


def test_several_bars_a_day_are_refused(tmp_path, whole):
    lines = csv_text(whole).splitlines()
    clock = [f"2020-01-02 {9 + i // 4:02}:{15 * (i % 4):02}" for i in range(19)]
    hours = [lines[0], *(line.replace(line[:10], time, 1) for line, time in zip(lines[1:20], clock, strict=True))]
    path = tmp_path / "a.csv"
    path.write_text("\n".join(hours), encoding="utf-8")
    with pytest.raises(BarsError, match="several bars a day"):
        load_bars(path)


@pytest.mark.parametrize("name", ["AAPL", "aapl", "IBM", "MSFT", "GOOG", "SP500", "NASDAQ"])
def test_samples_load_offline_and_end_on_a_quoted_price(name):
    bars = load_bars(f"sample:{name}")
    assert bars.exchange == "XNYS"
    assert len(bars) > 2_000
    assert bars.symbol == name.upper()


def test_apples_history_is_adjusted_to_its_last_quoted_close():
    bars = load_bars("sample:AAPL")
    assert bars.adjusted
    assert bars.close[-1] == 430.47
    assert bars.adj_close[-1] == pytest.approx(56.137, abs=1e-3)
    np.testing.assert_allclose(bars.close / bars.close[-1], bars.adj_close / bars.adj_close[-1], rtol=1e-12)
    assert (np.abs(np.diff(np.log(bars.close))) < 0.8).all()


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("sample:APL", "Did you mean 'AAPL'"),
        ("smaple:AAPL", "Did you mean 'sample'"),
        ("walk:x", "whole number"),
        ("yahoo:", "needs a symbol"),
    ],
)
def test_sources_that_are_none_say_what_there_is(source, message):
    with pytest.raises(SourceError, match=message):
        load_bars(source)


def test_a_walk_is_its_seeds():
    assert load_bars("walk:7").sha256 == load_bars("walk:7").sha256 != load_bars("walk:8").sha256
    walk = load_bars("walk:7")
    assert (walk.low <= np.minimum(walk.open, walk.close)).all()
    assert (walk.high >= np.maximum(walk.open, walk.close)).all()


def test_an_exchange_is_checked_by_name():
    with pytest.raises(UserError, match="unknown exchange 'XKRZ'"):
        load_bars("sample:AAPL", exchange="XKRZ")
    assert load_bars("sample:AAPL", exchange="xkrx").exchange == "XKRX"


def test_a_timestamp_far_outside_is_told_so():
    frame = walk_bars(N, seed=3).to_pandas()
    table = pa.Table.from_pandas(frame, preserve_index=False)
    days = frame["date"].to_numpy().astype("datetime64[us]").copy()
    days[-1] = np.datetime64("9999-12-31", "us")
    table = table.set_column(table.column_names.index("date"), "date", pa.array(days))
    with pytest.raises(SourceError, match="expected dates between 1678 and 2261"):
        load_bars(table)
