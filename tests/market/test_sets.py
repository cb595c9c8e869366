"""A market's bars are those that `load_bars` reads, symbol by symbol, however the set is laid out."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.conftest import walk_bars
from tests.market.conftest import market_bars, rows_of, table_of, write_set

from nextclose.bars.bars import Bars
from nextclose.bars.load import load_bars
from nextclose.core.errors import SourceError, UserError
from nextclose.market.sets import find_files, fingerprint, open_set

HEADERS = {"date": "일자", "open": "시가", "high": "고가", "low": "저가", "close": "종가", "volume": "거래량"}
COLUMNS = ("open", "high", "low", "close", "volume")


def read_all(source, faults="drop"):
    """Name -> bars, or why there are none."""
    bars = open_set(str(source))
    names = list(bars.scan().names)
    return dict(open_set(str(source)).read(names, faults))


def same(one, other):
    """Equal bars with equal findings."""
    assert isinstance(one, Bars), one
    assert one.symbol == other.symbol
    np.testing.assert_array_equal(one.dates, other.dates)
    for name in COLUMNS:
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
    assert one.sha256 == other.sha256
    assert one.findings == other.findings


def as_bars(bars):
    """The bars as `load_bars` takes them from a table."""
    return load_bars(table_of(bars, symbols=False), faults="drop", default_symbol=bars.symbol)


def write_csv(path, bars, *, headers=None, delimiter=",", encoding="utf-8"):
    frame = table_of(bars, symbols=False).to_pandas().rename(columns=headers or {})
    path.write_bytes(frame.to_csv(index=False, sep=delimiter).encode(encoding))
    return path


@pytest.mark.parametrize("rows", [20, 1 << 20], ids=["groups smaller than a symbol", "one group"])
def test_one_file_reads_as_load_bars_does(tmp_path, rows):
    path = tmp_path / "set.parquet"
    pq.write_table(table_of(*market_bars()), path, row_group_size=rows)
    found = read_all(path)
    assert list(found) == sorted(found)
    for name, bars in found.items():
        same(bars, load_bars(f"{path}#{name}", faults="drop"))


def test_faults_are_found_as_load_bars_finds_them(tmp_path):
    """Unsorted rows, a duplicate, a price of 0, high below low, a suspended day: rows stay in the file's order."""
    table = table_of(*market_bars()).to_pandas()
    own = table.index[table.symbol == "BB"]
    table.loc[[own[3], own[4]], COLUMNS] = table.loc[[own[4], own[3]], COLUMNS].to_numpy()
    table.loc[own[3], "date"], table.loc[own[4], "date"] = table.loc[own[4], "date"], table.loc[own[3], "date"]
    table.loc[own[9], "date"] = table.loc[own[8], "date"]
    table.loc[own[20], "close"] = 0.0
    table.loc[own[30], "high"] = table.loc[own[30], "low"] / 2
    table.loc[own[40], ["open", "high", "low", "volume"]] = 0.0
    path = tmp_path / "set.parquet"
    pq.write_table(pa.Table.from_pandas(table, preserve_index=False), path, row_group_size=25)
    expected = load_bars(f"{path}#BB", faults="drop")
    assert {found.kind for found in expected.findings} >= {"unsorted", "duplicate", "not-positive", "suspended"}
    same(read_all(path)["BB"], expected)
    refused = read_all(path, "raise")
    assert isinstance(refused["BB"], UserError)
    assert isinstance(refused["A"], Bars)


def test_rows_of_a_symbol_may_lie_in_several_files(tmp_path):
    first, second = market_bars(("A", "B"))
    write_set(tmp_path / "2.parquet", rows_of(first, slice(50, None)), rows_of(second, slice(90, None)))
    write_set(tmp_path / "1.parquet", rows_of(second, slice(0, 90)), rows_of(first, slice(0, 50)))
    found = read_all(tmp_path)
    same(found["A"], as_bars(first))
    same(found["B"], as_bars(second))


def test_a_folder_a_symbol_keeps_zeros_quotes_and_parts(tmp_path):
    bars = {name: walk_bars(80, seed=number, symbol=name) for number, name in enumerate(("005930", "O'Neil", "a b/c"))}
    for name, own in bars.items():
        folder = tmp_path / f"symbol={name.replace('/', '%2F').replace(' ', '%20')}"
        folder.mkdir()
        for part, rows in enumerate((slice(0, 30), slice(30, None))):
            pq.write_table(table_of(rows_of(own, rows), symbols=False), folder / f"part-{part}.parquet")
    found = read_all(tmp_path)
    assert set(found) == set(bars)
    for name, own in bars.items():
        same(found[name], as_bars(own))


@pytest.mark.parametrize("kind", ["parquet", "csv"])
def test_files_without_a_symbol_column_are_called_after_themselves(tmp_path, kind):
    for name in ("005930", "삼성전자", "q\"uo'te"):
        bars = walk_bars(60, seed=len(name), symbol=name)
        path = tmp_path / f"{name}.{kind}"
        pq.write_table(table_of(bars, symbols=False), path) if kind == "parquet" else write_csv(path, bars)
    found = read_all(tmp_path / f"*.{kind}")
    assert set(found) == {"005930", "삼성전자", "q\"uo'te"}
    for name, bars in found.items():
        same(bars, load_bars(tmp_path / f"{name}.{kind}", faults="drop"))


def test_csv_files_may_wear_any_dress_and_a_broken_one_stops_nothing(tmp_path):
    bars = [walk_bars(60, seed=number, symbol=name) for number, name in enumerate(("utf", "cp949", "semi"))]
    write_csv(tmp_path / "utf.csv", bars[0])
    write_csv(tmp_path / "cp949.csv", bars[1], headers=HEADERS, encoding="cp949")
    write_csv(tmp_path / "semi.csv", bars[2], delimiter=";")
    (tmp_path / "broken.csv").write_text("what,is\nthis,\n", encoding="utf-8")
    (tmp_path / "empty.csv").write_bytes(b"")
    (tmp_path / "half.csv").write_bytes(b"\xff\xfe\x00")
    scan = open_set(str(tmp_path)).scan()
    problems = {name: error for name, error in zip(scan.names, scan.problems, strict=True) if error is not None}
    assert set(problems) == {"broken", "empty", "half"}
    found = read_all(tmp_path)
    for own in bars:
        same(found[own.symbol], load_bars(tmp_path / f"{own.symbol}.csv", faults="drop"))
    for name in problems:
        assert isinstance(found[name], SourceError)
        assert f"{name}.csv" in str(found[name])


def test_a_csv_file_may_name_its_symbols(tmp_path):
    table = table_of(*(walk_bars(60, seed=number, symbol=name) for number, name in enumerate(("5930", "660"))))
    table.to_pandas().to_csv(tmp_path / "two.csv", index=False)
    write_csv(tmp_path / "000660x.csv", walk_bars(60, seed=9))
    bars = open_set(str(tmp_path))
    scan = bars.scan()
    assert scan.names == ("000660x", "5930", "660")
    assert scan.symbols == ("000660x", "005930", "000660")
    found = read_all(tmp_path)
    same(found["5930"], load_bars(f"{tmp_path / 'two.csv'}#5930", faults="drop"))


def test_a_file_called_after_one_symbol_that_holds_another_is_no_riddle(tmp_path):
    one, other = walk_bars(60, seed=1, symbol="B"), walk_bars(60, seed=2, symbol="A")
    table_of(one).to_pandas().to_csv(tmp_path / "A.csv", index=False)
    table_of(other).to_pandas().to_csv(tmp_path / "B.csv", index=False)
    found = read_all(tmp_path)
    np.testing.assert_allclose(found["A"].close, other.close)
    np.testing.assert_allclose(found["B"].close, one.close)


def test_a_symbol_in_two_files_is_refused(tmp_path):
    (tmp_path / "x").mkdir()
    write_csv(tmp_path / "A.csv", walk_bars(60, seed=1))
    write_csv(tmp_path / "x" / "A.csv", walk_bars(60, seed=2))
    with pytest.raises(SourceError, match="'A' stands in several files"):
        open_set(str(tmp_path)).scan()


DATES = {
    "date": lambda days: pa.array(days),
    "timestamp": lambda days: pa.array(days.astype("datetime64[ns]")),
    "seconds": lambda days: pa.array(days.astype("datetime64[s]")),
    "zone": lambda days: pa.array(
        (days.astype("datetime64[ns]") - np.timedelta64(9, "h")).astype(np.int64), pa.timestamp("ns", "Asia/Seoul")
    ),
    "offset": lambda days: pa.array(
        (days.astype("datetime64[us]") - np.timedelta64(9, "h")).astype(np.int64), pa.timestamp("us", "+09:00")
    ),
    "text": lambda days: pa.array(days.astype(str).tolist()),
    "slashes": lambda days: pa.array([str(day).replace("-", "/") for day in days]),
    "number": lambda days: pa.array([int(str(day).replace("-", "")) for day in days]),
    "float": lambda days: pa.array([float(str(day).replace("-", "")) for day in days]),
}


@pytest.mark.parametrize("header", ["date", "day"])
@pytest.mark.parametrize("kind", DATES)
def test_dates_may_be_written_in_any_way(tmp_path, kind, header):
    one, other = market_bars(("A", "B"), 50)
    table = table_of(one, other)
    dates = DATES[kind](np.concatenate([one.dates, other.dates]))
    path = tmp_path / "set.parquet"
    pq.write_table(table.set_column(1, header, dates), path)
    scan = open_set(str(path)).scan()
    np.testing.assert_array_equal(scan.dates, one.dates)
    np.testing.assert_array_equal(scan.counts, np.full(50, 2))
    assert scan.first[0] == one.dates[0]
    for name, own in read_all(path).items():
        same(own, load_bars(f"{path}#{name}", faults="drop"))


@pytest.mark.parametrize("kind", [pa.int64(), pa.float64()])
def test_numbers_are_korean_codes_with_their_zeros(tmp_path, kind):
    table = table_of(*market_bars(("5930", "660"), 60))
    codes = pa.array([float(symbol) for symbol in table["symbol"].to_pylist()]).cast(kind)
    path = tmp_path / "set.parquet"
    pq.write_table(table.set_column(0, "종목코드", codes), path)
    scan = open_set(str(path)).scan()
    assert set(scan.symbols) == {"005930", "000660"}
    found = {bars.symbol: bars for bars in read_all(path).values()}
    assert [finding.kind for finding in found["005930"].findings] == ["symbol"]


def test_rows_without_a_symbol_are_counted_and_rows_without_a_date_spoil_their_own(tmp_path):
    table = table_of(*market_bars(("A", "B", "C"), 50)).to_pandas()
    table.loc[table.index[:3], "symbol"] = None
    table.loc[table.index[60:62], "date"] = None
    path = tmp_path / "set.parquet"
    pq.write_table(pa.Table.from_pandas(table, preserve_index=False), path)
    scan = open_set(str(path)).scan()
    assert scan.names == ("A", "B", "C")
    assert scan.unnamed == 3
    assert scan.rows.tolist() == [47, 50, 50]
    found = read_all(path)
    assert len(found["A"]) == 47
    assert "2 rows have no date" in str(found["B"])
    assert len(found["C"]) == 50


def test_a_time_of_day_or_text_spoils_its_own_symbol_alone(tmp_path):
    table = table_of(*market_bars(("A", "B", "C"), 50)).to_pandas()
    table["date"] = table["date"].astype(str)
    table["close"] = table["close"].astype(str)
    table.loc[55, "date"] = table.loc[54, "date"]
    table.loc[103, "date"] += " 09:30"
    table.loc[5, "close"] = "n/a"
    path = tmp_path / "set.parquet"
    arrow = pa.Table.from_pandas(table, preserve_index=False)
    pq.write_table(arrow.set_column(0, "symbol", arrow["symbol"].cast(pa.string())), path)
    for name, own in read_all(path).items():
        same(own, load_bars(f"{path}#{name}", faults="drop"))


def test_what_is_no_date_is_left_out_of_the_sessions(tmp_path):
    table = table_of(*market_bars(("A", "B"), 50)).to_pandas()
    table["date"] = table["date"].astype(str)
    table.loc[7, "date"] = "soon"
    path = tmp_path / "set.parquet"
    pq.write_table(pa.Table.from_pandas(table, preserve_index=False), path)
    scan = open_set(str(path)).scan()
    assert len(scan.dates) == 50
    assert scan.counts.tolist()[7] == 1
    found = read_all(path)
    assert "soon" in str(found["A"])
    assert isinstance(found["B"], Bars)


def test_a_broken_part_of_a_partitioned_folder_is_left_out(tmp_path):
    for number, name in enumerate(("A", "B", "C")):
        (tmp_path / f"symbol={name}").mkdir()
        own = walk_bars(60, seed=number, symbol=name)
        pq.write_table(table_of(own, symbols=False), tmp_path / f"symbol={name}" / "part-0.parquet")
    (tmp_path / "symbol=B" / "part-0.parquet").write_bytes(b"PAR1 and then nothing")
    scan = open_set(str(tmp_path)).scan()
    assert [error is None for error in scan.problems] == [True, False, True]
    assert "symbol=B" in str(scan.problems[1])
    found = read_all(tmp_path)
    assert isinstance(found["B"], SourceError)
    same(found["C"], as_bars(walk_bars(60, seed=2, symbol="C")))


def test_a_file_that_cannot_be_read_refuses_a_set_whose_symbols_it_hides(tmp_path):
    write_set(tmp_path / "1.parquet", *market_bars(("A", "B")))
    (tmp_path / "2.parquet").write_bytes(b"PAR1 and then nothing")
    with pytest.raises(SourceError, match=r"2\.parquet.*no Parquet file that can be read"):
        open_set(str(tmp_path)).scan()


def test_a_page_that_cannot_be_read_spoils_its_own_symbols(tmp_path):
    """Bytes in the middle of one column are overwritten, as a bad disk does."""
    path = tmp_path / "set.parquet"
    pq.write_table(table_of(*market_bars(("A", "B", "C"), 60)), path, row_group_size=60, use_dictionary=False)
    chunk = pq.ParquetFile(path).metadata.row_group(1).column(5)
    assert chunk.path_in_schema == "close"
    content = bytearray(path.read_bytes())
    start = chunk.data_page_offset
    content[start : start + chunk.total_compressed_size] = b"\xff" * chunk.total_compressed_size
    path.write_bytes(content)
    bars = open_set(str(path))
    names = bars.scan().names
    assert names == ("A", "B", "C")
    found = dict(bars.read(names, "drop"))
    assert isinstance(found["B"], SourceError)
    assert "cannot be read as Parquet" in str(found["B"])
    assert isinstance(found["A"], Bars)
    assert isinstance(found["C"], Bars)


def test_a_file_without_symbols_among_others_is_called_after_itself(tmp_path):
    write_set(tmp_path / "two.parquet", *market_bars(("A", "B")))
    pq.write_table(table_of(walk_bars(80, seed=5), symbols=False), tmp_path / "alone.parquet")
    found = read_all(tmp_path)
    assert set(found) == {"A", "B", "alone"}
    assert all(isinstance(bars, Bars) for bars in found.values())


def test_a_missing_column_is_named(tmp_path):
    table = table_of(*market_bars(("A", "B")))
    pq.write_table(table.drop_columns(["close"]), tmp_path / "set.parquet")
    with pytest.raises(SourceError, match="no column for close"):
        open_set(str(tmp_path)).scan()
    pq.write_table(table, tmp_path / "good.parquet")
    with pytest.raises(SourceError, match=r"set\.parquet' has no column for close"):
        open_set(str(tmp_path)).scan()


def test_a_path_may_hold_quotes_and_brackets(tmp_path):
    folder = tmp_path / 'it\'s [a] "set"'
    folder.mkdir()
    path = write_set(folder / "o'ne.parquet", *market_bars(("A", "B")))
    assert set(read_all(path)) == {"A", "B"}
    assert set(read_all(folder)) == {"A", "B"}


@pytest.mark.parametrize("inside", [[], ["notes.md"], ["_hidden.parquet", ".x.csv"]])
def test_a_folder_without_bars_says_what_is_expected(tmp_path, inside):
    for name in inside:
        (tmp_path / name).write_bytes(b"x")
    with pytest.raises(SourceError, match="holds no bars"):
        find_files(str(tmp_path))


def test_parquet_and_csv_are_not_mixed(tmp_path):
    write_set(tmp_path / "1.parquet", *market_bars(("A",)))
    write_csv(tmp_path / "B.csv", walk_bars(50, seed=1))
    with pytest.raises(SourceError, match="mixes"):
        open_set(str(tmp_path))


def test_the_fingerprint_tells_sets_apart_and_not_where_they_lie(tmp_path):
    marks = set()
    for place, symbol in (("one", "A"), ("two", "A"), ("three", "AA")):
        folder = tmp_path / place / f"symbol={symbol}"
        folder.mkdir(parents=True)
        pq.write_table(table_of(walk_bars(50, seed=1), symbols=False), folder / "part.parquet")
        pq.write_table(table_of(walk_bars(50, seed=2), symbols=False), tmp_path / place / "B.parquet")
        marks.add(fingerprint(find_files(str(tmp_path / place))))
    assert len(marks) == 2


def test_values_are_medians_before_a_date(tmp_path):
    own = walk_bars(60, seed=4, symbol="A")
    expected = float(np.median((own.close * own.volume)[:40]))
    write_set(tmp_path / "A.parquet", own)
    write_csv(tmp_path / "A.csv", own)
    for name in ("A.parquet", "A.csv"):
        bars = open_set(str(tmp_path / name))
        bars.scan()
        assert bars.traded(own.dates[40])["A"] == pytest.approx(expected, rel=1e-12)
        assert bars.traded(own.dates[0]) == {}


@pytest.mark.parametrize("kind", ["parquet", "text dates", "csv"])
def test_bars_from_a_day_on(tmp_path, kind):
    """That day is among them; a symbol that ended before has none."""
    every = market_bars(("A", "B", "GONE"))
    every[2] = rows_of(every[2], slice(0, 50))
    since = every[0].dates[100]
    source = tmp_path / "set.parquet"
    if kind == "csv":
        source = tmp_path / "files"
        source.mkdir()
        for bars in every:
            write_csv(source / f"{bars.symbol}.csv", bars)
    else:
        table = table_of(*every)
        if kind == "text dates":
            table = table.set_column(1, "date", table["date"].cast(pa.string()))
        pq.write_table(table, source)
    found = dict(open_set(str(source)).read(["A", "B", "GONE"], "drop", since))
    for bars in every[:2]:
        np.testing.assert_array_equal(found[bars.symbol].dates, bars.dates[100:])
        np.testing.assert_array_equal(found[bars.symbol].close, bars.close[100:])
    assert not isinstance(found["GONE"], Bars) or len(found["GONE"]) == 0
