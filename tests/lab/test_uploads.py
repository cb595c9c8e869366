"""Files that are dropped on a page: good ones become bars, broken ones are told so in the user's words."""

from __future__ import annotations

import http.client
import json
import tempfile
from urllib.parse import urlencode

import pandas as pd
import pyarrow.parquet as pq
import pytest
from tests.conftest import walk_bars
from tests.lab.wire import Page

from nextclose.core.errors import BarsError, SourceError
from nextclose.lab import desks as desks_module
from nextclose.lab import posts, uploads
from nextclose.lab.desks import Desks
from nextclose.lab.serve import open_lab
from nextclose.lab.uploads import FaultyError, plain_name, read_upload


@pytest.fixture(scope="module")
def lab():
    with open_lab(walk_bars(300, seed=3), port=0) as opened:
        yield opened


@pytest.fixture
def frame():
    return walk_bars(120, seed=1, symbol="A").to_pandas().drop(columns="symbol", errors="ignore")


def post(lab, content, **asked):
    connection = http.client.HTTPConnection(lab.url.split("/")[2], timeout=60)
    try:
        connection.request("POST", "/bars?" + urlencode(asked), body=content)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        connection.close()


def csv(frame, **more):
    return frame.to_csv(index=False, **more).encode()


def several(frame, *symbols):
    return pd.concat([frame.assign(symbol=symbol) for symbol in symbols])


def test_a_csv_becomes_bars_that_every_page_can_open(lab, frame):
    status, told = post(lab, csv(frame), name="prices.csv")
    assert (status, told["symbol"]) == (200, "prices")
    with Page(lab) as page:
        page.ask("bars", source=told["source"])
        header, arrays = page.take()
        assert (header["symbol"], header["rows"], header["name"]) == ("prices", 120, "prices.csv")
        assert arrays["close"].tolist() == pytest.approx(frame["close"].to_numpy()[:90], rel=1e-6)
        page.ask("train", source=told["source"], choices={})
        assert "skill" in page.take()[0]


def test_a_korean_sheet_is_read(lab, frame):
    names = {"date": "일자", "open": "시가", "high": "고가", "low": "저가", "close": "종가", "volume": "거래량"}
    content = frame.rename(columns=names)[list(names.values())].to_csv(index=False).encode("cp949")
    status, told = post(lab, content, name="삼성전자.csv")
    assert (status, told["symbol"]) == (200, "삼성전자")


def test_a_parquet_file_is_read_whatever_it_is_called(lab, frame, tmp_path):
    frame.to_parquet(tmp_path / "a.parquet")
    content = (tmp_path / "a.parquet").read_bytes()
    for name in ("prices.parquet", "prices.pq"):
        assert "source" in post(lab, content, name=name)[1]


def test_of_several_symbols_one_is_chosen(lab, frame, tmp_path):
    set_ = several(frame, "AA", "BB", "CC")
    set_.to_parquet(tmp_path / "a.parquet")
    for content, name in ((csv(set_), "s.csv"), ((tmp_path / "a.parquet").read_bytes(), "s.parquet")):
        assert post(lab, content, name=name) == (200, {"symbols": ["AA", "BB", "CC"]})
        status, told = post(lab, content, name=name, symbol="BB")
        assert (status, told["symbol"]) == (200, "BB")
        status, told = post(lab, content, name=name, symbol="ZZ")
        assert status == 200
        assert "'ZZ'" in told["error"]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv", b"", "'a.csv' is empty"),
        ("a.csv", b"\x00\x01\x02", "'a.csv' is a binary file"),
        ("a.csv", b"\xff\xfeA", "a.csv"),
        ("a.csv", b"1,2\n3", "'a.csv'"),
        ("a.csv", b"date,close\n", "a"),
        ("a.csv", "가나다,라".encode("cp949") + b"\xff", "'a.csv'"),
        ("a.parquet", b"PAR1 and nothing else", "'a.parquet' is no Parquet file"),
        ("a.xlsx", b"PK\x03\x04", "'a.xlsx' is a spreadsheet"),
        ("a.png", b"\x89PNG\x00", "'a.png' is a binary file"),
        ("", b"date,close\n", "no name of a file"),
        ("..", b"date,close\n", "no name of a file"),
        ("/", b"date,close\n", "no name of a file"),
    ],
)
def test_a_broken_file_is_told_so_without_the_folder_it_lay_in(lab, name, content, message):
    status, told = post(lab, content, name=name)
    assert status == 200
    assert message in told["error"]
    assert tempfile.gettempdir() not in told["error"]
    assert told["drop"] is False


def test_faulty_rows_can_be_left_out(lab, frame):
    frame.loc[7, "close"] = -1.0
    status, told = post(lab, csv(frame), name="prices.csv")
    assert (status, told["drop"]) == (200, True)
    assert "1 of 120 rows are faulty" in told["error"]
    assert "--" not in told["error"]
    assert "source" in post(lab, csv(frame), name="prices.csv", faults="drop")[1]
    frame["close"] = -1.0
    told = post(lab, csv(frame), name="prices.csv")[1]
    assert told["drop"] is False
    assert "120 of 120 rows are faulty" in told["error"]
    assert "--" not in told["error"]


def test_an_error_that_nobody_thought_of_is_answered_and_logged(lab, frame, monkeypatch, caplog):
    def fails(*args):
        raise ZeroDivisionError("of a reader")

    monkeypatch.setattr(posts, "take", fails)
    status, told = post(lab, csv(frame), name="prices.csv")
    assert (status, "stands where it was started" in told["error"]) == (200, True)
    assert "of a reader" in caplog.text


def test_too_few_bars_are_told_so(lab, frame):
    status, told = post(lab, csv(frame[:59]), name="prices.csv", lang="ko")
    assert status == 200
    assert "59" in told["error"]
    assert "실험실" in told["error"]


def test_a_file_that_is_too_large_is_refused_by_what_it_says_and_by_what_it_is(lab, monkeypatch):
    monkeypatch.setattr(posts, "MOST_BYTES", 1024 * 1024)
    status, told = post(lab, b"x" * (1024 * 1024 + 1), name="a.csv")
    assert status == 413
    assert "at most 1 MiB" in told["error"]

    def pieces():
        for _ in range(20):
            yield b"x" * 65_536

    status, told = post(lab, pieces(), name="a.csv")
    assert status == 413


@pytest.mark.parametrize("how", ["GET", "PUT", "DELETE"])
def test_bars_are_posted(lab, how):
    connection = http.client.HTTPConnection(lab.url.split("/")[2], timeout=60)
    connection.request(how, "/bars")
    assert connection.getresponse().status == 405
    connection.close()


def test_a_small_file_that_unfolds_is_refused(frame, tmp_path, monkeypatch):
    pd.DataFrame({"date": ["2020-01-01"] * 100_000, "close": 1.0}).to_parquet(tmp_path / "a.parquet")
    content = (tmp_path / "a.parquet").read_bytes()
    assert len(content) < 50_000
    monkeypatch.setattr(uploads, "MOST_CELLS", 150_000)
    with pytest.raises(SourceError, match="'a.parquet' holds 100000 rows of 2 columns"):
        read_upload("a.parquet", content)


@pytest.mark.parametrize("before", [b"", b"\n\n", b"\xef\xbb\xbf\n"])
@pytest.mark.parametrize(("comma", "end"), [(b",", b"\n"), (b";", b"\r\n"), (b",", b"\r")])
def test_a_text_file_of_many_columns_is_refused(before, comma, end):
    header = comma.join([b"date", b"close", *[b"x"] * 999])
    with pytest.raises(SourceError, match=r"'a.csv' has 1001 columns, and at most 1000 can be opened here"):
        read_upload("a.csv", before + header + end + b"2020-01-01" + comma + b"1" + end)


def test_a_parquet_file_whose_symbols_are_damaged_is_refused(frame, tmp_path):
    several(frame, "AA", "BB").to_parquet(tmp_path / "a.parquet")
    content = bytearray((tmp_path / "a.parquet").read_bytes())
    header = pq.read_metadata(tmp_path / "a.parquet")
    column = next(
        part for part in map(header.row_group(0).column, range(header.num_columns)) if part.path_in_schema == "symbol"
    )
    start = column.dictionary_page_offset
    content[start : start + 8] = b"\xff" * 8
    with pytest.raises(SourceError, match="'a.parquet' is no Parquet file that can be read"):
        read_upload("a.parquet", bytes(content))


def test_a_parquet_file_of_many_columns_is_refused(tmp_path, monkeypatch):
    pd.DataFrame({"date": ["2020-01-01"], "close": 1.0, "more": 1.0}).to_parquet(tmp_path / "a.parquet")
    monkeypatch.setattr(uploads, "MOST_COLUMNS", 2)
    with pytest.raises(SourceError, match=r"'a.parquet' has 3 columns, and at most 2"):
        read_upload("a.parquet", (tmp_path / "a.parquet").read_bytes())


def test_the_same_file_is_the_same_source_and_another_symbol_another(frame):
    content = csv(several(frame, "AA", "BB"))
    one, again, other = (read_upload("s.csv", content, symbol).source for symbol in ("AA", "AA", "BB"))
    assert one == again != other


def test_rows_beyond_a_century_are_refused(frame, monkeypatch):
    monkeypatch.setattr(uploads, "MOST_ROWS", 100)
    with pytest.raises(BarsError, match="120 rows.*at most 100"):
        read_upload("a.csv", csv(frame))


def test_the_oldest_files_are_forgotten(frame, monkeypatch):
    desks = Desks("walk:1")
    sent = [read_upload(f"{i}.csv", csv(frame.assign(close=frame["close"], volume=i))) for i in range(3)]
    monkeypatch.setattr(desks_module, "KEPT_BYTES", 2 * desks_module._bytes(sent[0]))
    for upload in sent:
        desks.keep(upload)
    assert desks.desk(sent[1].source).whole is sent[1].bars
    with pytest.raises(SourceError, match="drop it on the page again"):
        desks.desk(sent[0].source)


def test_the_kept_files_are_few(frame, monkeypatch):
    monkeypatch.setattr(desks_module, "KEPT", 2)
    desks = Desks("walk:1")
    sent = [read_upload(f"{i}.csv", csv(frame.assign(volume=i))) for i in range(3)]
    for upload in sent:
        desks.keep(upload)
    assert list(desks._uploads) == [upload.source for upload in sent[1:]]


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("prices.csv", "prices.csv"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\a\\p.csv", "p.csv"),
        ("a\x00b\nc.csv", "abc.csv"),
        ("a<b>:c?.csv", "a_b__c_.csv"),
        ("삼성 전자.csv", "삼성 전자.csv"),
        ("x" * 500 + ".parquet", "x" * 60 + ".parquet"),
        ("set#A.csv", "set#A.csv"),
    ],
)
def test_a_name_that_any_system_takes(name, plain):
    assert plain_name(name) == plain


def test_a_set_starts_with_its_first_symbol_and_opens_all_and_nothing_else(frame, tmp_path):
    several(frame, "CC", "AA", "BB").to_parquet(tmp_path / "set.parquet")
    path = str(tmp_path / "set.parquet")
    desks = Desks(path)
    assert desks.symbols == ("AA", "BB", "CC")
    assert desks.start == f"{path}#AA"
    assert desks.desk("").whole.symbol == "AA"
    assert desks.desk(f"{path}#AA") is desks.desk("")
    assert desks.desk(f"{path}#CC").whole.symbol == "CC"
    assert Desks(f"{path}#BB").desk("").whole.symbol == "BB"
    for other in (f"{path}#ZZ", path, f"{tmp_path}/other.parquet#AA", "/etc/passwd", "yahoo:AAPL", "fdr:005930", "#AA"):
        with pytest.raises(SourceError, match="the lab opens"):
            desks.desk(other)


def test_the_desk_that_the_lab_was_started_with_is_never_forgotten():
    desks = Desks("walk:1")
    own = desks.desk("")
    for seed in range(2, 4 + desks_module.KEPT):
        desks.desk(f"walk:{seed}")
    assert desks.desk("") is own is desks.desk("walk:1")
    assert len(desks._desks) == desks_module.KEPT


def test_faults_that_would_leave_nothing_are_no_way_out(frame):
    with pytest.raises(FaultyError):
        read_upload("a.csv", csv(frame.assign(high=[0.5, *frame["high"][1:]])))
