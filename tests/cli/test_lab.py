"""nextclose lab as a person starts and ends it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest
from tests.conftest import walk_bars


def start(folder, *arguments):
    return subprocess.Popen(
        [sys.executable, "-m", "nextclose", "lab", *arguments],
        cwd=folder, env={**os.environ, "OMP_NUM_THREADS": "1"}, text=True, encoding="utf-8",
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize(("how", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_it_says_where_it_is_and_ends_quietly(tmp_path, how, status):
    walk_bars(200, seed=5).to_pandas().to_csv(tmp_path / "prices.csv", index=False)
    process = start(tmp_path, "prices.csv", "--no-open", "--port", "0", "--lang", "ko")
    line = process.stdout.readline()
    assert "http://127.0.0.1:" in line
    assert "실험실" in line
    process.send_signal(how)
    said, told = process.communicate(timeout=30)
    assert (process.returncode, said) == (status, "")
    assert told.splitlines()[-1] == "nextclose: 실험실을 닫았습니다."
    assert "Traceback" not in told
    assert [path.name for path in tmp_path.iterdir()] == ["prices.csv"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nothing.csv"], "nothing.csv"),
        (["walk:1", "--lang", "fr"], "expected en or ko"),
        (["walk:1", "--port", "99999"], "65535"),
        (["walk:1", "--exchange", "XXXX"], "unknown exchange"),
    ],
)
def test_what_is_wrong_is_told_before_anything_is_served(tmp_path, arguments, message):
    process = start(tmp_path, *arguments, "--no-open")
    said, told = process.communicate(timeout=60)
    assert (process.returncode, said) == (2, "")
    assert message in told
    assert "Traceback" not in told
