"""A Ctrl-C that something swallowed, or that broke something else, still ends the run."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from nextclose.cli.stopping import asked_to_stop, listen, stop_if_asked

SCRIPT = """
import signal, sys
from nextclose.cli import app
from nextclose.study import run
resolve = run.resolve_engine
def swallowing(*args):
    try:
        signal.raise_signal(signal.SIGINT)
    except KeyboardInterrupt:
        {then}
    return resolve(*args)
run.resolve_engine = swallowing
sys.argv = ["nextclose", "run", "walk:3", "--out", "run", "--seeds", "2000", "--recipe", "tutorial", "--no-ladder"]
app.main()
"""


@pytest.mark.parametrize("then", ["pass", "raise ImportError('half an import')"])
def test_an_interrupt_that_was_swallowed_still_stops_the_run(tmp_path, then):
    ended = subprocess.run(
        [sys.executable, "-c", SCRIPT.format(then=then)],
        cwd=tmp_path, env={**os.environ, "OMP_NUM_THREADS": "1"}, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert ended.returncode == 130
    assert ended.stderr == "nextclose: Stopped. Nothing was written.\n"
    assert list(tmp_path.iterdir()) == []


def test_a_request_to_end_is_an_interrupt(tmp_path):
    ended = subprocess.run(
        [sys.executable, "-c", SCRIPT.format(then="raise").replace("SIGINT", "SIGTERM")],
        cwd=tmp_path, env={**os.environ, "OMP_NUM_THREADS": "1"}, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert ended.returncode == 143
    assert ended.stderr == "nextclose: Stopped. Nothing was written.\n"


def test_an_older_interrupt_is_forgotten(monkeypatch):
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        listen()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
        assert asked_to_stop()
        listen()
        assert not asked_to_stop()
        stop_if_asked()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
