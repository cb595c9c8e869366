"""A kept set takes what the sources give, says what they do not, and asks again."""

from __future__ import annotations

import datetime as dt
import json

import pytest
from tests.bars.collect.market import (
    BEGUN,
    DAYS,
    NEXT,
    PRICES,
    SYMBOLS,
    begin,
    csv,
    day_of,
    evening,
    market,
    rows,
    tree,
    update,
    write,
)
from tests.bars.collect.replay import Replay, cut, empty, fail, html, ok, slow

from nextclose.bars.bars import Bars
from nextclose.bars.collect import update_set
from nextclose.bars.sources import url as urls
from nextclose.core.errors import SavedRunError, SettingsError, SourceError
from nextclose.core.files import locked
from nextclose.market.sets import open_set

FRAME = market()


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "set"


@pytest.fixture
def replay():
    with Replay({f"/{day}.csv": ok(csv(day_of(FRAME, day))) for day in NEXT}) as served:
        yield served


def address(served, kind="csv"):
    return f"{served.url}/{{date}}.{kind}"


def begun(folder, served, *more):
    begin(folder, FRAME, address(served), *more)
    return folder


def test_a_set_is_made_of_a_file_and_goes_on_evening_by_evening(folder, replay):
    begun(folder, replay)
    assert len(rows(folder)) == BEGUN * len(SYMBOLS)
    for at, day in enumerate(NEXT[:3], start=1):
        found = update(folder, day)
        assert (found.as_of, found.added, found.rows) == (day, (day,), len(SYMBOLS))
        assert (found.failures, found.missing, found.rescaled, found.new_symbols) == ((), {}, {}, ())
        assert len(rows(folder)) == (BEGUN + at) * len(SYMBOLS)
    expected = FRAME[FRAME.date.astype(str).isin(DAYS[: BEGUN + 3])]
    found = rows(folder).sort_values(["symbol", "date"])[[*PRICES, "volume"]].to_numpy()
    assert (found == expected[[*PRICES, "volume"]].to_numpy()).all()


def test_the_same_date_again_changes_not_one_byte_and_asks_for_nothing(folder, replay):
    begun(folder, replay)
    update(folder, NEXT[1])
    before, asked = tree(folder), sum(replay.asked.values())
    again = update(folder, NEXT[1])
    assert tree(folder) == before
    assert (again.added, again.rows, again.as_of, sum(replay.asked.values())) == ((), 0, NEXT[1], asked)


def test_evenings_in_one_go_and_one_by_one_come_to_the_same_bytes(folder, replay, tmp_path):
    begun(folder, replay)
    other = begun(tmp_path / "other", replay)
    for day in NEXT:
        update(folder, day)
    update(other, NEXT[-1])
    assert tree(folder) == tree(other)


def test_a_session_that_is_not_over_is_not_taken(folder, replay):
    begun(folder, replay)
    noon = dt.datetime.fromisoformat(f"{NEXT[1]}T17:00:00+00:00")
    assert update_set(folder, now=lambda: noon).as_of == NEXT[0]
    asked = update_set(folder, as_of=NEXT[1], now=lambda: noon)
    assert asked.as_of == NEXT[0]
    assert NEXT[1] in asked.notes[0]
    assert replay.asked[f"/{NEXT[1]}.csv"] == 0
    closed = dt.datetime.fromisoformat(f"{NEXT[1]}T21:00:00+00:00")
    found = update_set(folder, as_of=NEXT[1], now=lambda: closed)
    assert (found.as_of, found.notes) == (NEXT[1], ())


def test_a_file_may_hold_rows_of_a_session_that_is_not_over(folder, tmp_path):
    file = write(FRAME, tmp_path / "all.parquet")
    noon = dt.datetime.fromisoformat(f"{NEXT[0]}T17:00:00+00:00")
    update_set(folder, sources=[str(file)], exchange="XNYS", now=lambda: noon)
    assert rows(folder).date.max() == DAYS[BEGUN - 1]


@pytest.mark.parametrize(
    "step",
    [fail(500), fail(503), fail(403), empty(), html(), cut(b"PAR1" + b"x" * 999, 500), ok(b"[{"), ok(b"hello\n1\n2\n")],
    ids=["500", "503", "403", "empty", "page", "cut parquet", "cut json", "no bars"],
)
def test_a_source_that_fails_leaves_the_session_missing_and_is_asked_again(folder, replay, step):
    begun(folder, replay)
    good = replay.answers[f"/{NEXT[0]}.csv"]
    replay.answers[f"/{NEXT[0]}.csv"] = step
    found = update(folder, NEXT[0])
    assert (found.as_of, found.added, found.no_session) == (DAYS[BEGUN - 1], (), ())
    assert found.missing == {NEXT[0]: SYMBOLS}
    assert [failure.what for failure in found.failures] == [NEXT[0]]
    replay.answers[f"/{NEXT[0]}.csv"] = good
    later = update(folder, NEXT[1])
    assert (later.added, later.missing, later.as_of) == ((NEXT[0], NEXT[1]), {}, NEXT[1])
    assert len(rows(folder)) == (BEGUN + 2) * len(SYMBOLS)


def test_errors_that_pass_are_waited_out(folder, replay):
    begun(folder, replay)
    good = replay.answers[f"/{NEXT[0]}.csv"]
    replay.answers[f"/{NEXT[0]}.csv"] = [fail(500), cut(b"symbol,date\n", 5), good]
    pauses = []
    found = update_set(folder, now=lambda: evening(NEXT[0]), sleep=pauses.append)
    assert (found.added, found.failures, pauses) == ((NEXT[0],), (), [1.0, 2.0])


def test_a_timeout_is_a_failure_and_a_delay_is_none(folder, replay, monkeypatch):
    monkeypatch.setattr(urls, "TIMEOUT", 0.2)
    begun(folder, replay)
    good = replay.answers[f"/{NEXT[0]}.csv"]
    replay.answers[f"/{NEXT[0]}.csv"] = slow(0.6, good)
    source = urls.UrlSource(address(replay), sleep=lambda _: None, timeout=0.2)
    assert source._once(f"{replay.url}/{NEXT[0]}.csv").why.render() == "no answer within 0.2 s"
    replay.answers[f"/{NEXT[0]}.csv"] = slow(0.05, good)
    assert update(folder, NEXT[0]).added == (NEXT[0],)


def test_a_source_that_is_down_is_not_asked_for_every_session(folder, replay):
    begun(folder, replay)
    replay.answers = dict.fromkeys(replay.answers, fail(500))
    found = update(folder, NEXT[5])
    assert sum(replay.asked.values()) == 6  # three tries of two sessions
    assert list(found.missing) == NEXT[:5]
    assert NEXT[4] in found.notes[0]


def test_a_long_silence_is_no_row_of_holidays(folder, replay):
    """Of the first sessions the server knows nothing any more: what came later would leave a hole."""
    begun(folder, replay)
    for day in NEXT[:6]:
        del replay.answers[f"/{day}.csv"]
    found = update(folder, NEXT[8])
    assert (found.as_of, found.added) == (DAYS[BEGUN - 1], ())
    assert "--closures" in found.notes[0]
    assert update(folder, NEXT[8], closures=NEXT[:6]).added == tuple(NEXT[6:9])


@pytest.mark.parametrize("step", [fail(404), ok(b"symbol,date,open,high,low,close,volume\n"), ok(b"[]"), fail(204)],
                         ids=["404", "header", "empty list", "204"])  # fmt: skip
def test_a_session_of_which_nobody_knows_a_bar_is_a_holiday(folder, replay, step):
    begun(folder, replay)
    replay.answers[f"/{NEXT[0]}.csv"] = step
    found = update(folder, NEXT[1])
    assert (found.added, found.no_session, found.missing) == ((NEXT[1],), (NEXT[0],), {})
    asked = replay.asked[f"/{NEXT[0]}.csv"]
    again = update(folder, NEXT[2])
    assert (again.no_session, replay.asked[f"/{NEXT[0]}.csv"]) == ((), asked)


def test_bars_that_were_only_late_take_the_holiday_back(folder, replay):
    begun(folder, replay)
    good = replay.answers[f"/{NEXT[0]}.csv"]
    replay.answers[f"/{NEXT[0]}.csv"] = fail(404)
    assert update(folder, NEXT[0]).no_session == (NEXT[0],)
    replay.answers[f"/{NEXT[0]}.csv"] = good
    assert update(folder, NEXT[0]).added == (NEXT[0],)
    assert json.loads((folder / "set.json").read_text())["no_session"] == []


def test_one_source_that_failed_leaves_open_whether_it_was_a_holiday(folder, replay):
    begun(folder, replay, f"{replay.url}/other/{{date}}.csv")
    replay.answers[f"/{NEXT[0]}.csv"] = fail(404)
    replay.answers[f"/other/{NEXT[0]}.csv"] = fail(500)
    found = update(folder, NEXT[0])
    assert (found.no_session, list(found.missing)) == ((), [NEXT[0]])


def test_a_closure_is_not_asked_for(folder, replay):
    begun(folder, replay)
    found = update(folder, NEXT[1], closures=[NEXT[0]])
    assert (found.added, found.missing, found.no_session) == ((NEXT[1],), {}, ())
    assert replay.asked[f"/{NEXT[0]}.csv"] == 0


def test_a_later_source_gives_only_what_the_first_lacks(folder, replay):
    begun(folder, replay, f"{replay.url}/other/{{date}}.csv")
    half = day_of(FRAME, NEXT[0])
    other = half.assign(close=half.close * 1.001, high=half.high * 1.01)
    replay.answers[f"/{NEXT[0]}.csv"] = ok(csv(half[half.symbol < "S20"]))
    replay.answers[f"/other/{NEXT[0]}.csv"] = ok(csv(other))
    found = update(folder, NEXT[0])
    assert (found.rows, found.missing) == (30, {})
    own = rows(folder, day=NEXT[0]).set_index("symbol").close
    assert (own[own.index < "S20"] == half.set_index("symbol").close[own.index < "S20"]).all()
    assert (own[own.index >= "S20"] == other.set_index("symbol").close[own.index >= "S20"]).all()
    update(folder, NEXT[1])
    assert replay.asked[f"/other/{NEXT[1]}.csv"] == 0


def test_half_an_answer_is_kept_and_the_rest_asked_for_again(folder, replay):
    begun(folder, replay)
    whole = csv(day_of(FRAME, NEXT[0]))
    replay.answers[f"/{NEXT[0]}.csv"] = cut(whole, len(whole) // 2)
    found = update(folder, NEXT[0])
    (lacking,) = found.missing.values()
    assert 10 < len(lacking) < 20
    assert found.rows + len(lacking) == len(SYMBOLS)
    assert any("broke off" in failure.why for failure in found.failures)
    replay.answers[f"/{NEXT[0]}.csv"] = ok(whole)
    later = update(folder, NEXT[1])
    assert (later.rows, later.added, later.missing) == (len(SYMBOLS) + len(lacking), (NEXT[1],), {})
    _read_in_order(folder)


def test_the_last_line_of_a_body_that_may_be_cut_is_not_believed(folder, replay):
    """...,4711 and the connection is closed: the volume may have been 47110."""
    begun(folder, replay)
    whole = csv(day_of(FRAME, NEXT[0]))
    replay.answers[f"/{NEXT[0]}.csv"] = cut(whole, len(whole) - 2, told=False)
    assert update(folder, NEXT[0]).missing == {NEXT[0]: (SYMBOLS[-1],)}


def test_rows_that_came_late_stand_in_their_place(folder, replay):
    begun(folder, replay)
    own = day_of(FRAME, NEXT[1])
    replay.answers[f"/{NEXT[1]}.csv"] = ok(csv(own[own.symbol != "S07"]))
    for day in NEXT[1:4]:
        update(folder, day)
    replay.answers[f"/{NEXT[1]}.csv"] = ok(csv(own))
    found = update(folder, NEXT[4])
    assert (found.rows, found.added, found.missing) == (31, (NEXT[4],), {})
    _read_in_order(folder)


def _read_in_order(folder):
    """Every symbol's rows are usable in the order in which the set tells them."""
    bars = open_set(str(folder))
    for name, own in bars.read(bars.scan().names, "drop"):
        if name != "S01":
            assert isinstance(own, Bars)
            assert {found.kind for found in own.findings} <= {"rounding"}, name
            assert len(own) == len(rows(folder, symbol=name))


def test_a_symbol_that_trades_no_more_is_not_missed_for_ever(folder, replay):
    begun(folder, replay)
    for day in NEXT:
        own = day_of(FRAME, day)
        replay.answers[f"/{day}.csv"] = ok(csv(own[own.symbol != "S07"]))
    missed = [list(update(folder, day).missing) for day in NEXT]
    assert missed[0] == [NEXT[0]]
    assert missed[3] == NEXT[:4]
    assert missed[-1] == []


@pytest.mark.parametrize("dated", [True, False], ids=["dated", "without a date"])
def test_the_bars_of_the_session_before_are_not_taken_for_todays(folder, replay, dated):
    begun(folder, replay)
    update(folder, NEXT[0])
    stale = day_of(FRAME, NEXT[0], dates=dated)
    replay.answers[f"/{NEXT[1]}.csv"] = ok(csv(stale))
    found = update(folder, NEXT[1])
    assert (found.as_of, list(found.missing), found.no_session) == (NEXT[0], [NEXT[1]], ())
    assert NEXT[0] in found.failures[0].why
    replay.answers[f"/{NEXT[1]}.csv"] = ok(csv(day_of(FRAME, NEXT[1], dates=dated)))
    assert update(folder, NEXT[1]).added == (NEXT[1],)


def test_faulty_rows_are_left_out_and_missed(folder, replay):
    begun(folder, replay)
    own = day_of(FRAME, NEXT[0]).astype({"close": object})
    own.loc[own.symbol == "S02", "close"] = "n.a. yet"
    own.loc[own.symbol == "S03", "low"] = -1.0
    own.loc[own.symbol == "S04", "open"] = None
    twice = own[own.symbol == "S05"]
    other = own[own.symbol == "S06"].assign(close=1.0)
    replay.answers[f"/{NEXT[0]}.csv"] = ok(csv(own) + csv(twice).split(b"\n", 1)[1] + csv(other).split(b"\n", 1)[1])
    found = update(folder, NEXT[0])
    assert found.missing == {NEXT[0]: ("S02", "S03", "S04", "S06")}
    assert [failure.why for failure in found.failures][:2] == [
        "3 rows have text or nothing where a price belongs",
        "3 rows stand twice or contradict another",
    ]
    assert len(rows(folder, symbol="S05", day=NEXT[0])) == 1


def test_a_suspended_row_is_kept_as_the_source_gives_it(folder, replay):
    begun(folder, replay)
    update(folder, NEXT[0])
    (own,) = rows(folder, symbol="S01", day=NEXT[0])[[*PRICES, "volume"]].to_numpy().tolist()
    assert own == [0.0, 0.0, 0.0, 50.0, 0.0]


def test_new_symbols_come_in_and_korean_headers_are_known(folder, replay):
    begun(folder, replay)
    own = day_of(FRAME, NEXT[0], dates=False)
    listed = own[own.symbol == "S02"].assign(symbol="0012A0", close=77.0, high=99.0)
    korean = {"symbol": "종목코드", "open": "시가", "high": "고가", "low": "저가", "close": "종가", "volume": "거래량"}
    text = csv(own).decode() + csv(listed).decode().split("\n", 1)[1]
    head, rest = text.split("\n", 1)
    body = ",".join(korean[name] for name in head.split(",")) + "\n" + rest
    replay.answers[f"/{NEXT[0]}.csv"] = ok(body.encode("cp949"))
    found = update(folder, NEXT[0])
    assert (found.new_symbols, found.symbols, found.rows) == (("0012A0",), 31, 31)


@pytest.mark.parametrize("kind", ["parquet", "json"])
def test_parquet_and_json_are_answers_too(folder, replay, tmp_path, kind):
    own = day_of(FRAME, NEXT[0])
    body = write(own, tmp_path / "day.parquet").read_bytes()
    if kind == "json":
        body = own.assign(date=own.date.astype(str)).to_json(orient="records").encode()
    replay.answers[f"/{NEXT[0]}.{kind}"] = ok(body)
    begin(folder, FRAME, address(replay, kind))
    assert update(folder, NEXT[0]).rows == len(SYMBOLS)


def test_an_answer_is_bounded(replay):
    replay.answers["/big/2024-03-01"] = ok(b"x" * 5_000)
    got = urls.UrlSource(f"{replay.url}/big/{{date}}", most_bytes=4_000)._once(f"{replay.url}/big/2024-03-01")
    assert got.body is None
    assert not got.again
    assert "longer than" in got.why.render()


def test_files_are_sources_and_what_they_do_not_reach_is_missing(folder, tmp_path):
    begin(folder, FRAME)
    file = write(FRAME[FRAME.date.astype(str) <= NEXT[2]], tmp_path / "more.parquet")
    found = update(folder, NEXT[4], str(file))
    assert (found.added, list(found.missing), found.no_session) == (tuple(NEXT[:3]), [NEXT[3], NEXT[4]], ())
    assert {failure.why for failure in found.failures} == {f"it ends on {NEXT[2]}"}


def test_a_path_with_a_date_is_a_file_a_session(folder, tmp_path):
    begin(folder, FRAME)
    (tmp_path / "days").mkdir()
    (tmp_path / "days" / f"{NEXT[0].replace('-', '')}.csv").write_bytes(csv(day_of(FRAME, NEXT[0], dates=False)))
    found = update(folder, NEXT[1], str(tmp_path / "days" / "{yyyymmdd}.csv"))
    assert (found.added, list(found.missing), found.no_session) == ((NEXT[0],), [NEXT[1]], ())


def test_a_set_may_begin_with_an_address_alone(folder, replay):
    found = update(folder, NEXT[3], address(replay), exchange="XNYS")
    assert (found.added, found.rows) == ((NEXT[3],), len(SYMBOLS))
    assert update(folder, NEXT[5]).added == (NEXT[4], NEXT[5])


def test_what_cannot_be_is_said_before_anything_is_written(folder, replay, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "prices.csv").write_text("mine")
    file = write(FRAME, tmp_path / "f.parquet")
    for wrong, kind, said in (
        ({}, SettingsError, "no set in"),
        ({"sources": ["https://host/today.csv"]}, SourceError, "names no session"),
        ({"sources": ["yaho:AAPL"]}, SourceError, "unknown source"),
        ({"sources": [str(file)], "as_of": "2024/01/05"}, SettingsError, "--as-of: expected a date"),
    ):
        with pytest.raises(kind, match=said):
            update_set(folder, **wrong)
    assert not folder.exists()
    with pytest.raises(SettingsError, match="holds other files"):
        update_set(tmp_path / "mine", sources=[str(file)])
    begun(folder, replay)
    with pytest.raises(SettingsError, match="is a set of XNYS"):
        update(folder, NEXT[0], exchange="XKRX")


def test_two_at_once_is_one_too_many(folder, replay):
    begun(folder, replay)
    with locked(folder), pytest.raises(SettingsError, match="another nextclose is updating"):
        update(folder, NEXT[0])
    assert update(folder, NEXT[0]).added == (NEXT[0],)


def test_a_damaged_set_is_refused(folder, replay):
    begun(folder, replay)
    (part,) = (folder / "bars").iterdir()
    content = part.read_bytes()
    part.write_bytes(content[:-20] + bytes(20))
    with pytest.raises(SavedRunError, match="is not the file that set.json lists"):
        update(folder, NEXT[0])
    part.write_bytes(content)
    (folder / "set.json").write_text('{"kind": "nextclose set", "format": 99}')
    with pytest.raises(SavedRunError, match="newer nextclose"):
        update(folder, NEXT[0])
    (folder / "set.json").write_text('{"kind"')
    with pytest.raises(SavedRunError, match="damaged"):
        update(folder, NEXT[0])
