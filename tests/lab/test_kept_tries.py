"""What was tried is not forgotten: not by a restart, not by a second lab, not by a crash; and it never is in the way."""

from __future__ import annotations

import errno
import threading
from io import BytesIO

import numpy as np
import pytest
from tests.conftest import walk_bars
from tests.lab.wire import Page

from nextclose.core.files import locked
from nextclose.lab import kept_tries
from nextclose.lab.desk import Desk
from nextclose.lab.desks import Desks
from nextclose.lab.kept_tries import KeptTries, packed, unpacked
from nextclose.lab.serve import open_lab
from nextclose.lab.tries import tally

ROWS = np.arange(100, 160)


@pytest.fixture(autouse=True)
def by_hand(monkeypatch):
    """Nothing is written but where a test says so."""
    monkeypatch.setattr(kept_tries, "EVERY", 600.0)


@pytest.fixture
def kept(tmp_path):
    with_hand = KeptTries(folder=tmp_path)
    yield with_hand
    with_hand.close()


def desk_of(kept, seed=7):
    desk = Desk(walk_bars(300, seed=seed))
    kept.recall(desk)
    return desk


def try_one(desk, number, forecasts=2):
    """Choices of that number, and forecasts that know nothing."""
    rng = np.random.default_rng(number)
    naive = 0.01 * np.random.default_rng(0).standard_normal(len(ROWS))
    desk.looked_at(f"{number:016x}", naive - 0.002 * rng.standard_normal((forecasts, len(ROWS))), naive, ROWS)


def known(desk):
    return tally(desk)


def files(folder):
    return sorted(path.name for path in folder.rglob("*") if path.is_file() and path.name != ".lock")


def test_a_restart_forgets_nothing(kept, tmp_path):
    desk = desk_of(kept)
    for number in range(40):
        try_one(desk, number)
    kept.close()
    again = desk_of(KeptTries(folder=tmp_path))
    assert known(again) == known(desk)
    assert again.tried == 40
    np.testing.assert_array_equal(again.tries.searched.drawn, desk.tries.searched.drawn)
    try_one(again, 3)
    assert known(again) == known(desk)


def test_it_goes_on_as_if_there_had_been_no_restart(tmp_path):
    whole = Desk(walk_bars(300, seed=7))
    for number in range(20):
        try_one(whole, number)
        kept = KeptTries(folder=tmp_path)
        try_one(desk_of(kept), number)
        kept.close()
    assert known(desk_of(KeptTries(folder=tmp_path))) == known(whole)


def test_choices_that_see_the_future_are_kept_too(kept, tmp_path):
    try_one(desk_of(kept), 1, forecasts=0)
    kept.flush()
    again = desk_of(KeptTries(folder=tmp_path))
    assert (again.tried, again.luck.count, again.luck.best) == (1, 0, 0.0)


def test_other_bars_have_their_own(kept, tmp_path):
    try_one(desk_of(kept, seed=7), 1)
    kept.flush()
    assert desk_of(KeptTries(folder=tmp_path), seed=8).tried == 0
    assert files(tmp_path)[0].startswith("WALK-")


def test_two_labs_at_once_lose_nothing(tmp_path):
    labs = [KeptTries(folder=tmp_path) for _ in range(2)]
    desks, whole = [desk_of(lab) for lab in labs], Desk(walk_bars(300, seed=7))
    for number in range(30):
        try_one(desks[number % 2], number)
        try_one(whole, number)
    for lab in (*labs, labs[0]):
        lab.flush()
    assert known(desk_of(KeptTries(folder=tmp_path))) == known(whole) == known(desks[1])
    for lab in labs:
        lab.close()


def test_labs_that_write_at_the_same_moment_lose_nothing(tmp_path):
    labs = [KeptTries(folder=tmp_path) for _ in range(4)]

    def work(first, lab):
        desk = desk_of(lab)
        for number in range(5):
            try_one(desk, 100 * first + number)
            lab.flush()

    threads = [threading.Thread(target=work, args=pair) for pair in enumerate(labs)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for lab in labs:
        lab.close()
    assert desk_of(KeptTries(folder=tmp_path)).tried == 20


def test_nothing_is_touched_without_a_try(kept, tmp_path):
    desk_of(kept)
    kept.flush()
    kept.close()
    assert list(tmp_path.iterdir()) == []


def test_a_try_is_not_written_where_it_is_counted(kept, tmp_path):
    try_one(desk_of(kept), 1)
    assert list(tmp_path.iterdir()) == []


def test_a_try_is_written_by_itself(tmp_path, monkeypatch):
    monkeypatch.setattr(kept_tries, "EVERY", 0.01)
    written = threading.Event()
    monkeypatch.setattr(kept_tries, "replace_bytes", lambda path, content: written.set())
    kept = KeptTries(folder=tmp_path)
    try_one(desk_of(kept), 1)
    assert written.wait(60.0)
    kept.close()


def test_what_is_known_is_not_written_again(kept, tmp_path, monkeypatch):
    desk = desk_of(kept)
    try_one(desk, 1)
    kept.flush()
    monkeypatch.setattr(kept_tries, "replace_bytes", lambda *ends: pytest.fail("nothing is new"))
    try_one(desk, 1)
    kept.flush()


def test_desks_that_make_room_for_others_are_not_forgotten(kept, tmp_path):
    desks = Desks("walk:0", kept=kept)
    try_one(desks.desk("walk:1"), 1)
    for seed in range(2, 15):
        desks.desk(f"walk:{seed}")
    kept.flush()
    assert desks.desk("walk:1").tried == 1


# Files that are no help


def other_format(content):
    values = dict(np.load(BytesIO(content)))
    return saved(**values | {"format": np.int64(2)})


def saved(**arrays):
    content = BytesIO()
    np.savez(content, **arrays)
    return content.getvalue()


def npy():
    content = BytesIO()
    np.save(content, np.zeros(3))
    return content.getvalue()


BAD = {
    "empty": lambda good: b"",
    "text": lambda good: b"{}",
    "cut": lambda good: good[:-40],
    "a bit": lambda good: good[:1500] + bytes([good[1500] ^ 1]) + good[1501:],
    "newer": other_format,
    "an array": lambda good: npy(),
    "objects": lambda good: saved(format=np.array([{}], dtype=object)),
    "lacking": lambda good: saved(format=np.int64(1)),
    "short": lambda good: saved(
        format=np.int64(1), keys=np.zeros(0, "S16"), seen=np.zeros((0, 16), np.uint8), drawn=np.zeros(3), best=np.float64(0)
    ),
    "nan": lambda good: saved(
        format=np.int64(1), keys=np.zeros(0, "S16"), seen=np.zeros((0, 16), np.uint8), drawn=np.zeros(1000),
        best=np.float64("nan"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("damage", list(BAD))
def test_a_damaged_file_is_told_once_and_left_alone(kept, tmp_path, caplog, damage):
    desk = desk_of(kept)
    try_one(desk, 1)
    kept.flush()
    path = kept.path(desk)
    path.write_bytes(BAD[damage](path.read_bytes()))
    left = path.read_bytes()
    later = KeptTries(folder=tmp_path, lang="ko")
    again = desk_of(later)
    for number in range(3):
        try_one(again, number)
        later.flush()
    later.close()
    assert again.tried == 3
    assert path.read_bytes() == left
    (told,) = caplog.messages
    assert path.name in told
    assert "보관할 수 없습니다" in told


def test_a_file_that_was_mended_is_used_again(kept, tmp_path):
    desk = desk_of(kept)
    try_one(desk, 1)
    kept.flush()
    path = kept.path(desk)
    good = path.read_bytes()
    path.write_bytes(b"")
    try_one(desk, 2)
    kept.flush()
    path.write_bytes(good)
    kept.flush()
    assert desk_of(KeptTries(folder=tmp_path)).tried == 2


def test_a_folder_that_cannot_be_made_is_told_once(kept, tmp_path, caplog):
    (tmp_path / "envelopes").write_text("a file", encoding="utf-8")
    desk = desk_of(kept)
    for number in range(3):
        try_one(desk, number)
        kept.flush()
    assert desk.tried == 3
    (told,) = caplog.messages
    assert "NEXTCLOSE_DATA" in told


def test_a_full_disk_leaves_what_was_there(kept, tmp_path, monkeypatch, caplog):
    desk = desk_of(kept)
    try_one(desk, 1)
    kept.flush()
    before = kept.path(desk).read_bytes()

    def full(*ends):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("nextclose.core.files.os.replace", full)
        try_one(desk, 2)
        kept.flush()
    assert kept.path(desk).read_bytes() == before
    assert "No space left" in caplog.messages[0]
    kept.flush()
    assert desk_of(KeptTries(folder=tmp_path)).tried == 2


def test_a_lab_that_writes_for_long_is_waited_for_silently(kept, monkeypatch, caplog):
    monkeypatch.setattr(kept_tries, "PATIENCE", 0.0)
    desk = desk_of(kept)
    try_one(desk, 1)
    folder = kept.path(desk).parent
    folder.mkdir()
    with locked(folder):
        kept.flush()
        assert not kept.path(desk).exists()
    kept.flush()
    assert kept.path(desk).exists()
    assert caplog.messages == []


def test_a_file_does_not_grow_for_ever(monkeypatch):
    monkeypatch.setattr(kept_tries, "MOST", 5)
    desk = Desk(walk_bars(300, seed=7))
    for number in range(9):
        try_one(desk, number)
    tries = unpacked(packed(desk.tries))
    assert (len(tries.keys), len(tries.searched.seen)) == (5, 5)
    np.testing.assert_array_equal(tries.searched.drawn, desk.tries.searched.drawn)
    assert tries.searched.best == desk.luck.best


# A lab that is open


def test_a_lab_that_is_opened_again_knows_what_the_first_had_tried(tmp_path, monkeypatch):
    monkeypatch.setenv("NEXTCLOSE_DATA", str(tmp_path))
    bars, headers = walk_bars(300, seed=5), []
    for lr in ("0.01", "0.02", "0.02"):
        with open_lab(bars, port=0) as lab, Page(lab) as page:
            headers.append(page.picture(epochs="5", lr=lr)[0])
    assert [header["tried"] for header in headers] == [1, 2, 2]
    assert headers[2]["luck"] == headers[1]["luck"]
    assert headers[1]["luck"]["forecasts"] == 2
