"""The sealed envelope's record: nothing is lost, nothing is overwritten, nothing seen is called new."""

from __future__ import annotations

import errno
import json
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from tests.conftest import walk_bars

from nextclose.core.errors import SavedRunError, SettingsError
from nextclose.core.files import locked
from nextclose.core.lang import LANGS
from nextclose.lab import envelope
from nextclose.lab.envelope import Look, Record, data_folder, seen_words

SEALED = 225


def look(**more):
    facts = {
        "settings": {"recipe": "tutorial", "lr": "0.01"}, "tried": 137, "luck": 0.012, "explored": 0.02, "n": 75, "skill": -0.04,
        "skill_lo": -0.1, "skill_hi": float("nan"), "verdict": "no difference found",
        "sentence": {"en": "No difference found.", "ko": "차이를 찾지 못했습니다."}, "version": "1",
    }  # fmt: skip
    return Look(**facts | more)


def test_the_first_look_is_the_first_and_no_other_is(bars, tmp_path):
    record = Record.of(bars, SEALED, tmp_path)
    assert record.looks == ()
    assert not record.path.exists()
    assert [record.look(look(tried=n)).seen for n in (5, 6, 7)] == ["first", "again", "again"]
    assert [(told.tried, told.seen) for told in record.looks] == [(5, "first"), (6, "again"), (7, "again")]


def test_a_look_is_there_the_next_day(bars, tmp_path):
    done = Record.of(bars, SEALED, tmp_path).look(look())
    (told,) = Record.of(bars, SEALED, tmp_path).looks
    assert np.isnan(told.skill_hi)
    assert replace(told, skill_hi=0.0) == replace(done, skill_hi=0.0)
    assert told.when.endswith("+00:00")


def test_two_records_of_the_same_bars_keep_each_others_looks(bars, tmp_path):
    one, other = (Record.of(bars, SEALED, tmp_path) for _ in range(2))
    assert one.look(look(tried=1)).seen == "first"
    assert other.look(look(tried=2)).seen == "again"
    assert [told.tried for told in other.looks] == [1, 2]


def test_the_file_can_be_read_by_a_person(bars, tmp_path):
    record = Record.of(bars, SEALED, tmp_path)
    record.look(look())
    page = json.loads(record.path.read_text(encoding="utf-8"))
    assert (page["symbol"], page["sha256"]) == ("WALK", bars.sha256)
    assert len(page["sessions"]) == 75
    assert page["sessions"][str(bars.dates[-1])] == pytest.approx(bars.close[-1] / bars.close[-2] - 1.0, abs=1e-6)
    assert "차이를" in record.path.read_text(encoding="utf-8")


# Bars that are others, and sessions that are not


def opened(bars, folder, sealed=SEALED):
    record = Record.of(bars, sealed, folder)
    record.look(look())
    return record


def test_later_bars_of_the_same_symbol_are_partly_seen(bars, tmp_path):
    opened(bars[:280], tmp_path, 210)
    record = Record.of(bars, SEALED, tmp_path)
    assert (record.looks, record.known) == ((), 280 - SEALED)
    assert record.look(look()).seen == "partly"
    assert record.look(look()).seen == "again"


def test_what_was_explored_then_is_not_what_is_sealed_now(bars, tmp_path):
    opened(bars[:200], tmp_path, 150)
    record = Record.of(bars, SEALED, tmp_path)
    assert record.known == 0
    assert record.look(look()).seen == "first"


def test_bars_that_were_not_opened_are_not_seen(bars, tmp_path):
    Record.of(bars[:280], 210, tmp_path)
    assert Record.of(bars, SEALED, tmp_path).known == 0


@pytest.mark.parametrize(
    "same",
    [
        pytest.param(lambda bars: replace(bars, symbol="another name"), id="renamed"),
        pytest.param(lambda bars: replace(bars, close=bars.close / 50.0), id="split"),
        pytest.param(lambda bars: replace(bars, close=np.round(bars.close, 2)), id="rounded"),
        pytest.param(
            lambda bars: replace(bars, close=np.where(np.arange(300) < 260, 0.97, 1.0) * bars.close), id="dividend"
        ),
    ],
)
def test_the_same_sessions_are_known_again(bars, tmp_path, same):
    opened(bars, tmp_path)
    record = Record.of(same(bars), SEALED, tmp_path)
    assert (record.looks, record.known) == ((), 75)
    assert record.look(look()).seen == "partly"


def test_another_symbols_bars_are_not_seen(bars, tmp_path):
    opened(bars, tmp_path)
    assert Record.of(walk_bars(300, seed=8, symbol="WALK"), SEALED, tmp_path).known == 0


# Files


@pytest.mark.parametrize("symbol", ["삼성전자", "a/b\\c:d", "x" * 300, "..", "CON"])
def test_every_symbol_has_a_file(bars, tmp_path, symbol):
    record = opened(replace(bars, symbol=symbol), tmp_path / "자료 폴더")
    assert record.path.parent == tmp_path / "자료 폴더" / "envelopes"
    assert record.path.is_file()
    assert len(Record.of(replace(bars, symbol=symbol), SEALED, tmp_path / "자료 폴더").looks) == 1


def test_symbols_that_differ_in_what_a_file_name_cannot_hold_differ(bars, tmp_path):
    one, other = (Record.of(replace(bars, symbol=symbol), SEALED, tmp_path) for symbol in ("a/b", "a_b"))
    assert one.path != other.path


@pytest.mark.parametrize(
    "content",
    ["", "{", "[]", "null", '{"format": 1}', '{"format": "one"}', '{"format": 1, "symbol": "A", "looks": 3}', "\udcff"],
)
def test_a_damaged_record_gets_one_message_and_stays_as_it_is(bars, tmp_path, content):
    record = opened(bars, tmp_path)
    raw = content.encode("utf-8", "surrogateescape")
    record.path.write_bytes(raw)
    for again in (lambda: Record.of(bars, SEALED, tmp_path), lambda: record.look(look())):
        with pytest.raises(SavedRunError, match="is damaged"):
            again()
    assert record.path.read_bytes() == raw


def test_a_record_of_a_newer_version_is_left_alone(bars, tmp_path):
    record = opened(bars, tmp_path)
    page = json.loads(record.path.read_text(encoding="utf-8")) | {"format": 2}
    record.path.write_text(json.dumps(page), encoding="utf-8")
    with pytest.raises(SavedRunError, match="newer nextclose"):
        record.look(look())
    assert json.loads(record.path.read_text(encoding="utf-8")) == page


def test_another_bars_damaged_record_is_told_and_does_not_block(bars, tmp_path):
    other = opened(bars[:280], tmp_path, 210)
    other.path.write_text("{", encoding="utf-8")
    record = Record.of(bars, SEALED, tmp_path)
    assert record.unreadable == (other.path.name,)
    assert record.look(look()).seen == "first"


def test_what_a_killed_lab_left_does_no_harm(bars, tmp_path):
    record = opened(bars, tmp_path)
    (record.folder / f".{record.path.name}.partial").write_text('{"format": 1, "sym', encoding="utf-8")
    again = Record.of(bars, SEALED, tmp_path)
    assert (len(again.looks), again.unreadable) == (1, ())
    again.look(look())
    assert sorted(path.suffix for path in record.folder.iterdir() if path.name != ".lock") == [".json"]


def test_a_full_disk_leaves_the_record_as_it_was(bars, tmp_path, monkeypatch):
    record = opened(bars, tmp_path)
    before = record.path.read_bytes()

    def full(*ends):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("nextclose.core.files.os.replace", full)
    with pytest.raises(SettingsError, match=r"stays closed.*No space left"):
        record.look(look())
    assert record.path.read_bytes() == before
    assert len(record.looks) == 1


def test_a_folder_that_cannot_be_written_is_told(bars, tmp_path):
    (tmp_path / "envelopes").write_text("a file", encoding="utf-8")
    record = Record.of(bars, SEALED, tmp_path)
    with pytest.raises(SettingsError, match=r"stays closed.*NEXTCLOSE_DATA") as told:
        record.look(look())
    assert "기록" in told.value.message("ko")
    assert record.looks == ()


def test_a_lab_that_writes_for_too_long_is_told(bars, tmp_path, monkeypatch):
    monkeypatch.setattr(envelope, "PATIENCE", 0.0)
    record = Record.of(bars, SEALED, tmp_path)
    record.folder.mkdir()
    with locked(record.folder), pytest.raises(SettingsError, match="another nextclose is writing there"):
        record.look(look())
    assert record.looks == ()


WORKER = """
import sys
from pathlib import Path
from tests.conftest import walk_bars
from tests.lab.test_envelope import SEALED, look
from nextclose.lab.envelope import Record
record = Record.of(walk_bars(300, seed=7), SEALED, Path(sys.argv[1]))
for n in range(10):
    record.look(look(tried=int(sys.argv[2]) + n))
"""


def test_two_labs_at_once_lose_nothing(bars, tmp_path, pytestconfig):
    workers = [
        subprocess.Popen([sys.executable, "-c", WORKER, str(tmp_path), str(100 * n)], cwd=pytestconfig.rootpath)
        for n in range(2)
    ]
    assert [worker.wait() for worker in workers] == [0, 0]
    looks = Record.of(bars, SEALED, tmp_path).looks
    assert sorted(told.tried for told in looks) == [*range(10), *range(100, 110)]
    assert [told.seen for told in looks] == ["first"] + 19 * ["again"]


# Where it lies


def test_the_folder_is_the_users_own(monkeypatch, tmp_path):
    monkeypatch.setenv("NEXTCLOSE_DATA", str(tmp_path / "here"))
    assert data_folder() == tmp_path / "here"


@pytest.mark.parametrize(("platform", "name"), [("linux", "XDG_DATA_HOME"), ("win32", "APPDATA")])
def test_each_platform_has_its_own(monkeypatch, tmp_path, platform, name):
    monkeypatch.delenv("NEXTCLOSE_DATA", raising=False)
    monkeypatch.setattr(envelope.sys, "platform", platform)
    monkeypatch.setenv(name, str(tmp_path))
    assert data_folder() == tmp_path / "nextclose"
    monkeypatch.setenv(name, "")
    assert data_folder().is_relative_to(envelope.Path.home())


def test_how_a_look_is_marked():
    for lang in LANGS:
        assert len({seen_words(look(seen=seen), lang) for seen in ("first", "partly", "again")}) == 3
    assert seen_words(look(seen="again"), "en") == "already seen"
    assert seen_words(look(seen="again"), "ko") == "이미 봄"
