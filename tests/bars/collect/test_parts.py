"""Files of a kept set: few, in order, and whole whatever stops the writer."""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from tests.bars.collect.market import (
    BEGUN,
    DAYS,
    EXCHANGE,
    NEXT,
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
from tests.bars.collect.replay import Replay, ok

from nextclose.bars.collect import parts, update_set
from nextclose.bars.kept import read_page
from nextclose.core import files
from nextclose.core.errors import NextcloseError, SavedRunError
from nextclose.market.sets import find_files

FRAME = market()


class Killed(BaseException):
    """Nobody catches it."""


@pytest.fixture
def replay():
    with Replay({f"/{day}.csv": ok(csv(day_of(FRAME, day, reference=True))) for day in DAYS[BEGUN:]}) as served:
        yield served


@pytest.fixture
def folder(tmp_path, replay):
    begin(tmp_path / "set", FRAME, f"{replay.url}/{{date}}.csv")
    return tmp_path / "set"


def test_many_small_files_become_one_now_and_then_and_stay_in_order(folder, monkeypatch):
    monkeypatch.setattr(parts, "MOST", 4)
    last = DAYS[BEGUN + 15]
    update(folder, last)
    page = read_page(folder)
    assert 1 < len(page.files) <= 4
    ends = [day for part in page.files for day in (part.first, part.last)]
    assert ends == sorted(ends)
    listed = [folder / "bars" / part.name for part in page.files]
    assert sorted((folder / "bars").iterdir()) == listed
    assert list(find_files(str(folder))) == listed
    assert sum(part.rows for part in page.files) == len(rows(folder)) == (BEGUN + 16) * 30
    for part, path in zip(page.files, listed, strict=True):
        table = pq.read_table(path)
        assert table.num_rows == part.rows
        assert table.equals(parts.by_symbol(table))


def test_a_file_that_the_page_does_not_list_does_not_count_and_goes(folder):
    stray = folder / "bars" / "2024-01-01_2024-01-01_aaaa.parquet"
    shutil.copy(next((folder / "bars").iterdir()), stray)
    half = folder / "bars" / ".new.partial"
    half.write_bytes(b"PAR1")
    assert len(rows(folder)) == BEGUN * 30
    update(folder, NEXT[0])
    assert not stray.exists()
    assert not half.exists()


def test_a_listed_file_that_is_gone_is_told(folder):
    next((folder / "bars").iterdir()).unlink()
    with pytest.raises(SavedRunError, match="is not there"):
        find_files(str(folder))


@pytest.mark.slow
def test_killed_at_any_step_the_next_update_ends_the_same(folder, replay, tmp_path, monkeypatch):
    """Two sessions, the first with a split; files are merged, and replaced ones taken away."""
    monkeypatch.setattr(parts, "MOST", 2)
    own = day_of(FRAME, NEXT[0], reference=True)
    own.loc[own.symbol == "S03", "reference"] *= 0.5
    replay.answers[f"/{NEXT[0]}.csv"] = ok(csv(own))
    clean = shutil.copytree(folder, tmp_path / "clean")
    assert update(clean, NEXT[1]).rescaled == {"S03": 0.5}
    expected, stops = tree(clean), 0
    for at in range(1, 200, 3):
        tried = shutil.copytree(folder, tmp_path / f"killed-{at}")
        if not _killed_at(at, tried, monkeypatch):
            break
        stops += 1
        assert len(rows(tried)) in {(BEGUN + more) * 30 for more in range(3)}
        update(tried, NEXT[1])
        assert tree(tried) == expected, at
        shutil.rmtree(tried)
    assert stops >= 8


def _killed_at(number, folder, monkeypatch):
    """Update, and stop at the nth call that touches the disk; whether it came so far."""
    left = number

    def counted(call):
        def wrapped(*given, **more):
            nonlocal left
            left -= 1
            if left == 0:
                raise Killed
            return call(*given, **more)

        return wrapped

    with monkeypatch.context() as patched:
        for where, name in ((os, "replace"), (os, "fsync"), (Path, "unlink"), (Path, "open")):
            patched.setattr(where, name, counted(getattr(where, name)))
        with suppress(Killed):
            update(folder, NEXT[1])
            return False
    return True


def test_a_full_disk_is_one_message_and_the_set_is_as_it_was(folder, monkeypatch):
    before = tree(folder)

    def full(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(files.os, "fsync", full)
        with pytest.raises(NextcloseError, match=r"cannot write .*No space left on device.*run the same command again"):
            update(folder, NEXT[0])
    assert tree(folder) == before
    assert update(folder, NEXT[0]).added == (NEXT[0],)


def test_a_file_that_may_not_grow_is_one_message(tmp_path, replay):
    """What a quota does: the system refuses the write of the Parquet file itself."""
    file = write(market(symbols=tuple(f"B{number}" for number in range(400))), tmp_path / "big.parquet")
    asked = {"sources": [str(file)], "as_of": DAYS[-1], "exchange": EXCHANGE}
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, before[1]))
    try:
        with pytest.raises(NextcloseError, match="cannot write"):
            update_set(tmp_path / "big", **asked)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert tree(tmp_path / "big") == {}
    assert update_set(tmp_path / "big", **asked).symbols == 400


def test_a_folder_that_cannot_be_written_is_one_message(folder, monkeypatch):
    def refused(*_, **__):
        raise PermissionError(13, "Permission denied", str(folder / ".lock"))

    monkeypatch.setattr("nextclose.bars.collect.update.locked", refused)
    with pytest.raises(NextcloseError, match=r"cannot write '.*\.lock': Permission denied"):
        update(folder, NEXT[0])


@pytest.mark.slow
def test_a_process_that_is_killed_leaves_a_set_that_goes_on(folder, replay):
    """kill -9 while the second session is on its way."""
    code = (
        "import os, signal, sys, datetime as dt; from pathlib import Path; from nextclose.bars.collect import parts, update_set\n"
        "add = parts.add\n"
        "def stop(*given):\n"
        f"    if str(given[2]['date'][0].as_py()) == '{NEXT[1]}': os.kill(os.getpid(), signal.SIGKILL)\n"
        "    return add(*given)\n"
        "parts.add = stop\n"
        f"update_set(Path(sys.argv[1]), now=lambda: dt.datetime.fromisoformat('{evening(NEXT[3])}'))"
    )
    done = subprocess.run([sys.executable, "-c", code, str(folder)], env=dict(os.environ), timeout=60)
    assert done.returncode == -9
    assert rows(folder).date.max() == NEXT[0]
    assert update_set(folder, now=lambda: evening(NEXT[3])).added == tuple(NEXT[1:4])
