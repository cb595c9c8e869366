"""nextclose sweep as a person or a script meets it, killed while it works too."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

import pytest
from tests.conftest import walk_bars

QUICK = ("--recipe", "tutorial", "--set", "lr=0.01,0.02", "--set", "epochs=2,3", "--seeds", "1")
LONG = (
    "--recipe",
    "tutorial",
    "--set",
    "lr=0.001,0.002,0.003,0.004,0.005,0.006",
    "--set",
    "epochs=1500",
    "--seeds",
    "40",
)
ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1"}


@pytest.fixture
def here(tmp_path):
    """A folder with 200 bars in prices.csv."""
    walk_bars(200, seed=5, symbol="AAPL").to_pandas().to_csv(tmp_path / "prices.csv", index=False)
    return tmp_path


def command(*arguments):
    return [sys.executable, "-m", "nextclose", "sweep", "prices.csv", "--exchange", "XNYS", *arguments]


def nextclose(folder, *arguments):
    return subprocess.run(
        command(*arguments), cwd=folder, env=ENVIRONMENT, capture_output=True, text=True, timeout=120, encoding="utf-8"
    )


def lasting(folder):
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.name not in ("timings.json", ".lock")
    }


@pytest.mark.slow
def test_a_sweep_prints_its_table_and_the_same_command_reads_it_again(here):
    done = nextclose(here, *QUICK)
    assert done.returncode == 0, done.stderr
    text = done.stdout
    assert text.index("4 combinations of tutorial") < text.index("4 settings were tried") < text.index("report")
    assert max(map(len, text.splitlines())) <= 100
    (folder,) = (here / "sweeps").iterdir()
    assert folder.name.startswith("AAPL-tutorial-")
    before = lasting(folder)
    again = nextclose(here, *QUICK)
    assert "finished before" in again.stdout
    assert lasting(folder) == before
    told = json.loads(nextclose(here, *QUICK, "--json").stdout)
    assert {
        "data",
        "split",
        "axes",
        "scores",
        "models",
        "contests",
        "sentences",
        "best",
        "chosen",
        "out",
    } <= told.keys()
    assert told["report"] == f"sweeps/{folder.name}/report.html"
    assert [row["settings"] for row in told["scores"]][1] == {"lr": 0.01, "epochs": 3}
    assert "설정 4가지를 시도했습니다" in nextclose(here, *QUICK, "--lang", "ko").stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--set", "lr=0.1"), "nextclose run"),
        (("--set", "lr=0.1,x", "--set", "epoch=3"), "Did you mean 'epochs'?"),
        (("--set", "lr=0.1..0.2"), "--search N"),
        (("--set", "lr=0.1,0.2", "--recipe", "nobody"), "unknown recipe 'nobody'"),
        (("--set", "lr=0.1,0.2", "--recipe", "trigonometric"), "a series of its own"),
        (("--set", "lr=0.1,0.2", "--out", "prices.csv"), "it is a file"),
        (("--set", "test_start=2020-03-02,2020-04-01"), "judged on one split"),
        ((), "a sweep needs a setting with several values"),
    ],
)
def test_what_is_wrong_is_one_message_and_status_2(here, arguments, said):
    done = nextclose(here, *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert [path.name for path in here.iterdir()] == ["prices.csv"]


def stopped(folder, how, *arguments):
    """A sweep that a signal ends as soon as some of its combinations are kept."""
    before = len(list(folder.rglob("*.safetensors")))
    process = subprocess.Popen(
        command(*arguments), cwd=folder, env=ENVIRONMENT, text=True, encoding="utf-8", stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )  # fmt: skip
    while process.poll() is None and len(list(folder.rglob("*.safetensors"))) <= before:
        time.sleep(0.005)
    process.send_signal(how)
    out, err = process.communicate(timeout=60)
    return process.returncode, out, err


@pytest.mark.slow
@pytest.mark.alone
def test_a_sweep_killed_again_and_again_ends_as_one_that_was_not(here):
    assert nextclose(here, *LONG, "--out", "whole").returncode == 0
    killed = 0
    while stopped(here, signal.SIGKILL, *LONG, "--out", "s")[0] == -signal.SIGKILL:
        killed += 1
    assert killed >= 2
    done = nextclose(here, *LONG, "--out", "s")
    assert done.returncode == 0, done.stderr
    assert lasting(here / "s") == lasting(here / "whole")


@pytest.mark.slow
@pytest.mark.alone
def test_a_ctrl_c_says_what_is_kept_and_how_to_go_on(here):
    status, _, err = stopped(here, signal.SIGINT, *LONG, "--out", "s")
    assert status == 130
    assert err == "nextclose: Stopped. What was fitted is kept in 's': give the same command again to go on.\n"
    assert "are there from before: going on in 's'" in nextclose(here, *LONG, "--out", "s").stdout
