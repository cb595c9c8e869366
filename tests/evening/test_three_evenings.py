"""Three evenings as commands: what comes, what does not, what is killed, and who is refused."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import time

import pyarrow.parquet as pq
import pytest
from tests.bars.collect.replay import fail, slow

from nextclose.core.files import locked
from nextclose.market.ledger.chain import Ledger

pytestmark = pytest.mark.slow
EVENINGS = (("begun", -4, "first"), ("first", -3, "second"), ("second", -1, "third"))
"""What it begins with, the row of its day, what it comes to."""
on_walks = pytest.mark.parametrize("scene", ["walks"], indirect=True)
"""What real bars would not show otherwise."""


@pytest.fixture(scope="module")
def told(scene):
    """The evenings without a kill: name -> what was said, in English and as JSON; the state after each is kept."""
    said = {}
    for _, row, name in EVENINGS:
        if name == "third":
            scene.mend()
        said[name] = scene.evening(scene.story.days[row], "--json")
        scene.keep(name)
        said[name, "state"] = scene.state()
    return said


def answer(done):
    assert done.err == "" or done.status == 3, done.err
    return json.loads(done.out)


def rows(scene, kind):
    """Of all entries of a kind, as dictionaries with ISO dates."""
    ledger = Ledger.open(scene.run)
    found = [row for entry in ledger.of_kind(kind) for row in ledger.table(entry).to_pylist()]
    return [{key: str(value) if hasattr(value, "isoformat") else value for key, value in row.items()} for row in found]


def test_the_first_evening_takes_all_bars_and_forecasts_every_symbol(scene, told):
    story, found = scene.story, answer(told["first"])
    assert told["first"].status == 0
    assert (found["as_of"], found["data"]["added"], found["data"]["rows"]) == (story.days[-4], [story.days[-4]], 8)
    assert found["predicted"]["statuses"] == {"ok": 8}
    assert found["predicted"]["target_date"] == story.days[-3]
    assert found["update"]["fits"] > 0
    assert found["scored"]["verdict"]["scored"] == found["failures"] == 0


def test_a_source_that_breaks_off_leaves_symbols_stale_and_a_suspended_one_without_a_number(scene, told):
    story, found = scene.story, answer(told["second"])
    late = story.symbols[-2:]
    assert told["second"].status == 0
    assert found["data"]["missing"] == {story.days[-3]: late}
    assert sorted(found["predicted"]["reasons"]) == late
    assert found["predicted"]["statuses"] == {"ok": 5, "stale": 2, "suspended": 1}
    assert found["failures"] == 2
    assert found["scored"]["truths"] == 5
    scene.back("second")
    made = {row["symbol"]: row for row in rows(scene, "forecasts") if row["origin"] == story.days[-3]
            and row["model"] == "default"}  # fmt: skip
    assert (made[story.halted]["status"], made[story.halted]["yhat"]) == ("suspended", None)
    assert [made[name]["status"] for name in late] == ["stale", "stale"]


def test_on_the_third_a_split_is_met_late_rows_come_in_and_a_holiday_redates(scene, told):
    story, found = scene.story, answer(told["third"])
    assert told["third"].status == 0
    assert found["data"]["no_session"] == [story.days[-2]]
    assert found["data"]["missing"] == {}
    assert found["data"]["rescaled"] == {story.split: pytest.approx(0.2, rel=1e-6)}
    assert found["update"]["rescaled"] == {story.split: pytest.approx(0.2, rel=1e-3)}
    assert found["predicted"]["statuses"] == {"ok": 8}
    assert story.days[-2] in found["notes"][0]
    scene.back("third")
    truths = {(row["symbol"], row["origin"]): row for row in rows(scene, "truths")}
    first, second, third = story.days[-4], story.days[-3], story.days[-1]
    halted = truths[story.halted, first]
    assert (halted["target_date"], halted["actual_date"], halted["mark"]) == (second, third, "suspended")
    for name in story.symbols[-2:]:
        assert (truths[name, first]["actual_date"], truths[name, first]["mark"]) == (second, "")
    moved = truths[story.split, second]
    assert (moved["target_date"], moved["actual_date"], moved["mark"]) == (story.days[-2], third, "holiday")
    assert moved["basis"] == pytest.approx(0.2, rel=1e-6)
    kept = {row["symbol"]: row for row in rows(scene, "forecasts") if row["origin"] == third}
    bars = [row for path in (scene.live / "set" / "bars").glob("*.parquet") for row in pq.read_table(path).to_pylist()]
    close = [row["close"] for row in bars if (row["symbol"], str(row["date"])) == (story.split, third)]
    assert [kept[story.split]["last_close"]] == close


@pytest.mark.parametrize("evening", EVENINGS, ids=[name for *_, name in EVENINGS])
def test_killed_just_before_any_change_and_started_again_it_ends_the_same(scene, told, evening):
    before, row, name = evening
    day, changes = scene.story.days[row], told[name].changes
    scene.mend() if name == "third" else scene.break_again()
    points = (1, changes // 3, 2 * changes // 3, changes) if scene.story.exchange == "XNYS" else (changes // 2,)
    for at in points:
        scene.back(before)
        assert scene.evening(day, at=at).status == -signal.SIGKILL
        done = scene.evening(day)
        assert done.status == 0, done.err
        assert scene.state() == told[name, "state"], at
        Ledger.open(scene.run, verify=True)


@on_walks
def test_the_same_evening_again_and_a_sunday_say_that_nothing_is_new(scene, told):
    scene.back("first")
    scene.break_again()
    before = scene.state()
    done = scene.evening(scene.story.days[-4])
    assert (done.status, done.err) == (0, "")
    assert f"Nothing new since {scene.story.days[-4]}; nothing was written." in done.out
    assert scene.state() == before
    done = scene.evening(scene.story.days[-4], "--lang", "ko")
    assert "새로운 것이 없어" in done.out


@on_walks
def test_more_failures_than_allowed_are_status_3_and_all_else_is_kept(scene, told):
    scene.back("first")
    scene.break_again()
    done = scene.evening(scene.story.days[-3], "--max-failures", "1")
    assert done.status == 3
    assert done.err == "nextclose: 2 symbols failed, and --max-failures allows 1: exit status 3\n"
    assert f"{', '.join(scene.story.symbols[-2:])}: no row of" in done.out
    assert max(len(line) for line in done.out.splitlines() if str(scene.run) not in line) <= 80
    assert scene.state() == told["second", "state"]
    assert scene.evening(scene.story.days[-3], "--max-failures", "2").status == 0


@on_walks
def test_ctrl_c_says_how_to_go_on_and_the_same_command_does(scene, told):
    scene.back("first")
    scene.break_again()
    path = f"/{scene.story.days[-3]}.csv"
    answer_later = scene.replay.answers[path]
    scene.replay.answers[path] = slow(60.0, fail(500))
    scene.replay.asked.clear()
    process = subprocess.Popen(
        [sys.executable, "-m", "nextclose", "evening", str(scene.run), "--as-of", scene.story.days[-3]],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    end = time.monotonic() + 30.0
    while not scene.replay.asked[path] and time.monotonic() < end:
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out) == (130, "")
    assert err == "nextclose: Stopped. What was finished is kept: the same command goes on with it.\n"
    scene.replay.answers[path] = answer_later
    assert scene.evening(scene.story.days[-3]).status == 0
    assert scene.state() == told["second", "state"]


@on_walks
def test_a_second_evening_beside_the_first_is_told_so(scene, told):
    scene.back("first")
    with locked(scene.run):
        done = scene.evening(scene.story.days[-3])
    assert done.status == 2
    assert (done.out, done.err.count("\n")) == ("", 1)
    assert "another nextclose is working on" in done.err
    assert scene.state() == told["first", "state"]


@on_walks
def test_closures_and_a_target_date_go_before_the_calendar(scene, told, tmp_path):
    scene.back("begun")
    shut = tmp_path / "closures.txt"
    shut.write_text(f"{scene.story.days[-3]}  # an election\n", encoding="utf-8")
    found = answer(scene.evening(scene.story.days[-4], "--closures", shut, "--json"))
    assert found["predicted"]["target_date"] == scene.story.days[-2]
    scene.back("begun")
    found = answer(scene.evening(scene.story.days[-4], "--target-date", scene.story.days[-1], "--json"))
    assert found["predicted"]["target_date"] == scene.story.days[-1]


@on_walks
def test_what_is_no_date_is_told_before_any_work(scene, told):
    scene.back("begun")
    before = scene.state()
    for option in ("--as-of", "--target-date"):
        done = scene.forks("evening", scene.run, option, "soon")
        assert done.status == 2
        assert re.search(rf"^nextclose: {option}: expected a date .*'soon'\n$", done.err)
    assert scene.state() == before
