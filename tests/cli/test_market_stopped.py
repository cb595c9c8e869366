"""A market run that is stopped from outside, and gone on with."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from tests.market.conftest import market_bars, results, write_set

pytestmark = [pytest.mark.slow, pytest.mark.alone]
ASKED = ("--recipe", "tutorial", "--set", "epochs=20", "--seeds", "40", "--refit-every", "10", "--min-bars", "60",
         "--shard-size", "1", "--workers", "2", "--no-pages")  # fmt: skip
ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1"}


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    return write_set(tmp_path_factory.mktemp("stopped") / "set.parquet", *market_bars(tuple("ABCDEFGHIJ")))


@pytest.fixture(scope="module")
def undisturbed(source):
    folder = source.parent / "undisturbed"
    assert run("run", source, *ASKED, "--out", folder).returncode == 0
    return results(folder)


def command(*arguments):
    return [sys.executable, "-m", "nextclose", "market", *map(str, arguments)]


def run(*arguments):
    return subprocess.run(
        command(*arguments), capture_output=True, text=True, encoding="utf-8", env=ENVIRONMENT, timeout=120
    )


def begin(*arguments, **more):
    return subprocess.Popen(
        command(*arguments), env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        start_new_session=True, **more,
    )  # fmt: skip


def forward(source, folder):
    """Begin, or go on where there is something to go on with."""
    if (folder / "manifest.json").exists():
        return begin("resume", folder, "--workers", "2", "--no-pages")
    return begin("run", source, *ASKED, "--out", folder)


def children(pid):
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def until(condition, seconds=60.0):
    """Wait for a condition; whether it came."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.01)
    return False


def kept(folder):
    return len(list((folder / "shards").glob("[0-9]*/record.json")))


@pytest.mark.parametrize("seed", [1, 2])
def test_killed_at_random_moments_a_run_ends_as_if_nothing_had_happened(source, undisturbed, tmp_path, seed):
    """Six kills: before the manifest, while workers begin, between any two writes, while the tables are written."""
    rng, folder, orphans = np.random.default_rng(seed), tmp_path / "run", []
    for number in range(6):
        process = forward(source, folder)
        if number == 0:
            time.sleep(rng.uniform(0.1, 1.5))
        else:
            before = kept(folder)
            until(lambda: kept(folder) > before or process.poll() is not None)  # noqa: B023
            time.sleep(rng.uniform(0.0, 0.4))
        if (folder / "heartbeat.json").exists():
            json.loads((folder / "heartbeat.json").read_text(encoding="utf-8"))
        orphans += children(process.pid)
        process.kill()
        process.communicate()
    done = run("resume", folder, "--workers", "2", "--no-pages", "--json")
    assert done.returncode == 0, done.stderr
    json.loads(done.stdout)
    assert results(folder) == undisturbed
    lines = (folder / "timings.jsonl").read_text(encoding="utf-8").splitlines()
    times = Counter(json.loads(line)["shard"] for line in lines)
    assert max(times.values()) == 1
    assert until(lambda: not any(map(alive, orphans)), 10.0)


def test_the_workers_of_a_parent_that_was_killed_end_within_seconds(source, tmp_path):
    process = begin("run", source, *ASKED, "--set", "epochs=5000", "--out", tmp_path / "run")
    assert until(lambda: len(children(process.pid)) >= 3)
    workers = children(process.pid)
    time.sleep(2.0)
    process.kill()
    process.communicate()
    assert until(lambda: not any(map(alive, workers)), 10.0)


def test_ctrl_c_leaves_what_was_finished_and_no_worker(source, undisturbed, tmp_path):
    folder = tmp_path / "run"
    process = begin("run", source, *ASKED, "--out", folder)
    assert until(lambda: kept(folder) > 0)
    workers = children(process.pid)
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert out == ""
    assert err == (f"nextclose: Stopped. What was finished is kept: go on with nextclose market resume {folder}\n")
    assert until(lambda: not any(map(alive, workers)), 5.0)
    state = json.loads(run("status", folder, "--json").stdout)
    assert (state["state"], state["phase"]) == ("stopped", "stopped")
    assert run("resume", folder, "--no-pages").returncode == 0
    assert results(folder) == undisturbed


def test_ctrl_c_while_a_net_is_fitted_to_the_whole_market(source, tmp_path):
    folder = tmp_path / "run"
    process = begin(
        "run", source, "--recipe", "default", "--scope", "market", "--min-bars", "60", "--set", "epochs=100000",
        "--set", "patience=none", "--set", "validation=0", "--workers", "2", "--out", folder,
    )  # fmt: skip
    assert until(lambda: '"pooling"' in (folder / "heartbeat.json").read_text() if (folder / "heartbeat.json").exists()
                 else process.poll() is not None)  # fmt: skip
    time.sleep(1.0)
    os.killpg(process.pid, signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 130, err
    assert "market resume" in err
    assert err.count("\n") == 1


def test_a_second_run_on_one_folder_is_refused(source, tmp_path):
    folder = tmp_path / "run"
    first = begin("run", source, *ASKED, "--set", "epochs=1000", "--out", folder)
    try:
        assert until(lambda: kept(folder) > 0)
        second = run("resume", folder)
        assert second.returncode == 2
        assert second.stdout == ""
        assert second.stderr.startswith("nextclose: another nextclose is working on")
        assert second.stderr.count("\n") == 1
        state = json.loads(run("status", folder, "--json").stdout)
        assert state["state"] == "running"
        assert state["fits"] > 0
        assert first.poll() is None
    finally:
        first.kill()
        first.communicate()


def test_files_that_cannot_grow_end_the_run_with_one_message(source, undisturbed, tmp_path):
    """The limit lets the manifest through, and no shard's forecasts."""
    import resource

    folder = tmp_path / "run"

    def limited():
        resource.setrlimit(resource.RLIMIT_FSIZE, (8192, 8192))

    process = begin("run", source, *ASKED, "--out", folder, preexec_fn=limited)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (1, "")
    assert err.startswith("nextclose: cannot write")
    assert err.count("\n") == 1
    assert run("resume", folder, "--workers", "2", "--no-pages").returncode == 0
    assert results(folder) == undisturbed


def test_on_a_terminal_there_is_a_plan_and_a_bar(source, tmp_path):
    main, side = pty.openpty()
    process = subprocess.Popen(
        command("run", source, *ASKED, "--out", tmp_path / "run"),
        env={**ENVIRONMENT, "TERM": "xterm-256color", "COLUMNS": "120"}, stdout=subprocess.PIPE, stderr=side,
    )  # fmt: skip
    os.close(side)
    shown = b""
    while True:
        try:
            got = os.read(main, 65536)
        except OSError:
            break
        if not got:
            break
        shown += got
    os.close(main)
    process.communicate(timeout=60)
    assert process.returncode == 0
    text = shown.decode(errors="replace")
    assert "10 symbols in 10 shards" in text
    assert "symbols done" in text
    assert "/10" in text
