"""A run that is stopped while it fits."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest

FITTING = "time-major"
"""Printed with a recipe's shapes, before its first fit."""


def start(folder, engine):
    """A run with far too many fits, as soon as it has begun to fit."""
    process = subprocess.Popen(
        [sys.executable, "-m", "nextclose", "run", "walk:3", "--out", "run", "--seeds", "200000", "--verbose",
         "--no-ladder", "--engine", engine],
        cwd=folder, env={**os.environ, "OMP_NUM_THREADS": "1"}, text=True, encoding="utf-8",
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    for line in process.stdout:
        if FITTING in line:
            break
    time.sleep(1.5)  # the engine may have to be loaded first
    assert process.poll() is None
    return process


@pytest.mark.slow
@pytest.mark.alone
@pytest.mark.parametrize("engine", ["fused", "torch"])
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_a_run_that_is_stopped_leaves_nothing(tmp_path, how, engine):
    process = start(tmp_path, engine)
    process.send_signal(how)
    _, said = process.communicate(timeout=30)
    assert process.returncode == (130 if how == signal.SIGINT else -signal.SIGKILL)
    assert list(tmp_path.iterdir()) == []
    if how == signal.SIGINT:
        assert said == "nextclose: Stopped. Nothing was written.\n"
