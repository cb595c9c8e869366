"""Files that are there whole or not at all, and folders that one process writes to."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from nextclose.core import files
from nextclose.core.files import is_locked, locked, replace_bytes


@pytest.mark.parametrize("fails", ["fsync", "replace"])
def test_a_write_that_fails_leaves_the_old_file_and_nothing_beside_it(tmp_path, monkeypatch, fails):
    path = tmp_path / "a.bin"
    replace_bytes(path, b"old")

    def broken(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files.os, fails, broken)
    with pytest.raises(OSError, match="No space"):
        replace_bytes(path, b"new")
    assert path.read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["a.bin"]


def test_a_write_takes_the_place_of_what_was_there(tmp_path):
    for content in (b"one", b"two"):
        replace_bytes(tmp_path / "a.bin", content)
        assert (tmp_path / "a.bin").read_bytes() == content


def test_a_lock_keeps_others_out_until_it_is_let_go(tmp_path):
    assert is_locked(tmp_path) is False
    with locked(tmp_path):
        assert is_locked(tmp_path) is True
        with pytest.raises(TimeoutError), locked(tmp_path):
            pytest.fail("two hold one lock")
    assert is_locked(tmp_path) is False
    with locked(tmp_path):
        pass


def test_the_lock_of_a_process_that_died_is_free(tmp_path):
    code = (
        "import os, signal, sys; from pathlib import Path; from nextclose.core.files import locked\n"
        "with locked(Path(sys.argv[1])): os.kill(os.getpid(), signal.SIGKILL)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], env=dict(os.environ), timeout=60)
    assert done.returncode == -9
    assert is_locked(tmp_path) is False
