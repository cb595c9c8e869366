"""`nextclose market score` as a person or a script meets it."""

from __future__ import annotations

import json
import signal
import sys

import pytest
from rich.console import Console
from tests.market.conftest import config_of, market_bars, write_set
from tests.market.ledger.conftest import at, bare_run, own_sessions, rows
from tests.market.ledger.test_verdict import evenings

from nextclose.cli.app import main
from nextclose.market.ledger import book
from nextclose.market.ledger.chain import Ledger
from nextclose.market.ledger.verdict import running_verdict
from nextclose.report.ledger_terminal import print_verdict

ORIGIN, NEXT = 120, 121


@pytest.fixture
def nextclose(monkeypatch, capsys):
    """Call the command: exit status, stdout, stderr."""
    handler = signal.getsignal(signal.SIGINT)

    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["nextclose", "market", "score", *map(str, arguments)])
        try:
            main()
        except SystemExit as end:
            status = end.code or 0
        out, err = capsys.readouterr()
        return status, out, err

    yield call
    signal.signal(signal.SIGINT, handler)


@pytest.fixture
def run(tmp_path):
    """A run whose ledger waits for one session of three symbols."""
    every = market_bars(("A", "B", "C"))
    config = config_of(write_set(tmp_path / "set.parquet", *every))
    folder = bare_run(tmp_path / "run", recipes=("tutorial",))
    result = (folder / "result.json").read_bytes()
    config.write(folder)
    (folder / "result.json").write_bytes(result)
    said = []
    for bars in every:
        close = float(bars.close[ORIGIN])
        for model in ("tutorial", "persistence"):
            own = {"symbol": bars.symbol, "model": model, "yhat": close, "last_close": close, "status": "ok", "step": 1}
            said.append(own | {"origin": bars.dates[ORIGIN].item(), "target_date": bars.dates[NEXT].item()})
    ledger = Ledger.begin(folder, now=at())
    ledger.append(
        "forecasts", rows("forecasts", *said), as_of=str(bars.dates[ORIGIN]), page={"in_time": False}, now=at()
    )
    return folder


def test_it_says_what_came_in_and_that_it_is_a_replay(nextclose, run):
    status, out, err = nextclose(run)
    assert (status, err) == (0, "")
    assert "3 truths came in; 1 session scored up to" in out
    assert "A replay" in out
    assert "too few to tell" in out
    assert "6 forecasts have their truth" in out
    status, out, err = nextclose(run)
    assert (status, err) == (0, "")
    assert "no new truth; 1 session scored" in out


def test_up_to_a_day(nextclose, run):
    status, out, err = nextclose(run, "--as-of", "2020-01-15", "--lang", "ko")
    assert (status, err) == (0, "")
    assert "아직 참값이 오지 않았습니다" in out
    assert "6개는 참값을 기다립니다" in out


def test_json_is_one_object(nextclose, run):
    status, out, err = nextclose(run, "--json")
    assert (status, err) == (0, "")
    page = json.loads(out)
    assert (page["truths"], page["entry"], page["verdict"]["scored"]) == (3, 3, 6)
    assert [row["name"] for row in page["verdict"]["models"]] == ["tutorial", "persistence"]


def test_a_hash_noted_elsewhere(nextclose, run):
    head = Ledger.open(run).head.hash
    assert nextclose(run, "--expect", head[:16])[0] == 0
    lines = (run / "ledger" / "chain.jsonl").read_bytes().splitlines(keepends=True)
    (run / "ledger" / "chain.jsonl").write_bytes(lines[0])
    (run / "ledger" / "head.json").unlink()
    status, out, err = nextclose(run, "--expect", head[:16])
    assert (status, out) == (2, "")
    assert "its end was cut off" in err
    assert len(Ledger.open(run).entries) == 1


@pytest.mark.parametrize("lang", ["en", "ko"])
def test_a_ledger_that_was_changed_is_told_without_a_traceback(nextclose, run, lang):
    path = run / "ledger" / "000002-forecasts.parquet"
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    status, out, err = nextclose(run, "--lang", lang)
    assert (status, out) == (2, "")
    assert "entry 2" in err if lang == "en" else "항목 2번" in err
    assert "Traceback" not in err


def test_without_a_ledger_it_says_how_one_is_opened(nextclose, run):
    (run / "ledger" / "chain.jsonl").unlink()
    status, _, err = nextclose(run)
    assert status == 2
    assert "market predict" in err


@pytest.mark.parametrize("width", [80, 120])
@pytest.mark.parametrize("lang", ["en", "ko"])
def test_an_alarm_stands_in_the_table_and_below_it(tmp_path, capsys, width, lang):
    run = bare_run(tmp_path / "run", sessions=own_sessions(100, error=0.8))
    ledger = evenings(Ledger.begin(run, now=at()), 40, error=1.4)
    print_verdict(running_verdict(book.read(ledger), ledger, lang=lang), Console(width=width), lang)
    out = capsys.readouterr().out
    assert max(map(len, out.splitlines())) <= width
    assert "1.400 !" in out
    assert "\n! net" in out
    assert "\n▼ net" in out
    assert ("0.784 .. 0.816" in out) == (width == 120)
    assert len(out.splitlines()) <= 20
