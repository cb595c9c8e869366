"""`nextclose data update` and `data fetch` as a person or a script meets them."""

from __future__ import annotations

import json
import signal
import sys
from io import StringIO

import pandas as pd
import pytest
from rich.console import Console
from tests.bars.collect.market import DAYS, NEXT, SYMBOLS, csv, day_of, market, upto, write
from tests.bars.collect.replay import Replay, fail, ok
from tests.conftest import walk_bars

from nextclose.bars.load import load_bars
from nextclose.cli.app import main
from nextclose.core.evening import SetUpdate, SourceFailure
from nextclose.report.set_terminal import print_set_update

FRAME = market()


@pytest.fixture
def nextclose(monkeypatch, capsys, tmp_path):
    """Call the command in an empty folder: exit status, stdout, stderr."""
    monkeypatch.chdir(tmp_path)
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["nextclose", "data", *map(str, arguments)])
        try:
            main()
        except SystemExit as end:
            status = end.code or 0
        return status, *capsys.readouterr()

    yield call
    for number, handler in handlers.items():
        signal.signal(number, handler)


def test_a_set_is_made_and_goes_on(nextclose, tmp_path):
    write(upto(FRAME, NEXT[0]), tmp_path / "first.parquet")
    answers = {f"/{day}.csv": ok(csv(day_of(FRAME, day))) for day in NEXT[1:3]} | {f"/{NEXT[3]}.csv": fail(403)}
    with Replay(answers) as replay:
        sources = ("--from", "first.parquet", "--from", f"{replay.url}/{{date}}.csv")
        status, out, err = nextclose("update", "set", *sources, "--as-of", NEXT[1], "--exchange", "XNYS")
        assert (status, err) == (0, "")
        assert f"30 symbols to {NEXT[1]}" in out
        assert f"42 sessions came in, {DAYS[0]} .. {NEXT[1]}: 1,260 rows" in out
        status, out, err = nextclose("update", "set", "--as-of", NEXT[1])
        assert (status, err) == (0, "")
        assert "nothing new" in out
        (tmp_path / "shut.txt").write_text(f"# closures\n{NEXT[2]}  a day of mourning\n")
        status, out, err = nextclose("update", "set", "--as-of", NEXT[3], "--closures", "shut.txt", "--json")
        assert (status, err) == (1, "")
        page = json.loads(out)
        assert (page["as_of"], page["added"], page["missing"]) == (NEXT[1], [], {NEXT[3]: list(SYMBOLS)})
        assert "the server answered with status 403" in [failure["why"] for failure in page["failures"]]
        status, out, _ = nextclose("update", "set", "--as-of", NEXT[3], "--lang", "ko")
        assert status == 1
        assert "서버가 상태 403로 응답했습니다" in out


BAD = [
    (("update", "nowhere"), "no set in 'nowhere'"),
    (("update", "nowhere", "--from", "gone.parquet"), "holds no bars"),
    (("update", "nowhere", "--from", "https://host/x.csv"), "names no session"),
    (("update", "nowhere", "--from", "f.parquet", "--exchange", "XXXX"), "unknown exchange"),
    (("update", "nowhere", "--from", "f.parquet", "--as-of", "soon"), "--as-of: expected a date"),
    (("update", "nowhere", "--from", "f.parquet", "--closures", "gone.txt"), "cannot be read"),
    (("update", "nowhere", "--from", "f.parquet", "--closures", "words.txt"), "line 2: expected a date"),
    (("update", "nowhere", "--from", "https://host/{date}.csv"), "needs a calendar code"),
    (("update", "words.txt", "--from", "f.parquet"), "is a file"),
    (("fetch", "sample:AAPL", "--out", "x.xlsx"), "ends in .csv or .parquet"),
    (("fetch", "sample:AAPL", "--out", "gone/x.csv"), "there is no folder"),
    (("fetch", "gone.csv", "--out", "x.csv"), "no file 'gone.csv'"),
]


@pytest.mark.parametrize(
    ("arguments", "message"), BAD, ids=lambda value: " ".join(value) if isinstance(value, tuple) else ""
)
def test_bad_input_gets_one_message_and_leaves_nothing(nextclose, tmp_path, arguments, message):
    write(upto(FRAME, DAYS[5]), tmp_path / "f.parquet")
    (tmp_path / "words.txt").write_text("2024-01-04\nnext week\n")
    status, out, err = nextclose(*arguments)
    assert (status, out) == (2, "")
    assert message in err
    assert err.count("\n") == 1
    assert {path.name for path in tmp_path.iterdir()} == {"f.parquet", "words.txt"}


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_bars_of_any_source_become_a_file(nextclose, tmp_path, kind):
    walk_bars(50, seed=3, symbol="AAPL").to_pandas().to_csv(tmp_path / "prices.csv", index=False)
    status, out, err = nextclose("fetch", "prices.csv", "--out", f"x.{kind}")
    assert (status, err) == (0, "")
    assert "50 bars of AAPL" in out
    again, before = load_bars(str(tmp_path / f"x.{kind}")), load_bars(str(tmp_path / "prices.csv"))
    assert again.sha256 == before.sha256
    status, out, _ = nextclose("fetch", "prices.csv", "--out", f"x.{kind}", "--json")
    assert json.loads(out)["sha256"] == before.sha256
    assert sorted(path.name for path in tmp_path.iterdir()) == ["prices.csv", f"x.{kind}"]


@pytest.mark.parametrize("lang", ["en", "ko"])
@pytest.mark.parametrize("width", [80, 100])
def test_ten_seconds_of_reading(lang, width):
    """However much is wrong: some twenty lines, none of them wrapped in the middle of a name."""
    found = SetUpdate(
        folder="/data/krx", as_of="2025-10-16", added=("2025-10-15", "2025-10-16"), rows=5_712, symbols=2_867,
        new_symbols=("0126Z0",), rescaled={"005930": 0.2, "035420": 1.0523},
        missing={f"2025-10-{day}": tuple(f"{n:06d}" for n in range(900)) for day in range(10, 30)},
        failures=tuple(SourceFailure(source="https://host/{date}.csv", what=str(n), why=f"wrong {n}") for n in range(500)),
        no_session=("2025-10-14",), notes=("a note",),
    )  # fmt: skip
    console = Console(file=StringIO(), width=width)
    print_set_update(found, console, lang)
    lines = console.file.getvalue().splitlines()
    assert len(lines) <= 20
    assert "2,867" in lines[0]
    assert any("005930 ×0.2" in line for line in lines)
    assert any("494" in line for line in lines)


def test_an_old_frame_reads_back(nextclose, tmp_path):
    """What a set holds can be read by any tool that reads Parquet."""
    write(upto(FRAME, DAYS[5]), tmp_path / "first.parquet")
    assert nextclose("update", "set", "--from", "first.parquet", "--as-of", DAYS[4], "--exchange", "XNYS")[0] == 0
    frame = pd.read_parquet(tmp_path / "set" / "bars")
    assert len(frame) == 5 * len(SYMBOLS)
    assert list(frame.columns) == ["symbol", "date", "open", "high", "low", "close", "volume", "reference"]
