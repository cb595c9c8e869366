"""nextclose run --recipe trigonometric as a person or a script meets it."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time

import pytest
from tests.cli.test_cli import nextclose

RUN = ("run", "--recipe", "trigonometric")
QUICK = ("--set", "epochs=11", "--set", "seq_len=2000", "--set", "hidden_size=3", "--seeds", "2")


@pytest.mark.slow
def test_it_runs_without_a_source_and_leaves_a_page(tmp_path):
    done = nextclose(tmp_path, *RUN, *QUICK, "--verbose")
    assert done.returncode == 0, done.stderr
    text = done.stdout
    order = (
        "2,400 points of sin t + sin 2t",
        "X_train (400, 2000, 1)",
        "EPOCH: 0 Loss: ",
        "EPOCH: 10 Loss: ",
        "persistence",
    )
    places = [
        text.index(part) for part in (*order, "In sample, one step ahead", "Alone, fed with", "no tomorrow", "report")
    ]
    assert places == sorted(places)
    (run,) = (tmp_path / "runs").iterdir()
    assert run.name.startswith("trigonometric-")
    again = nextclose(tmp_path, *RUN, *QUICK)
    assert (again.returncode, again.stdout) == (2, "")
    assert "--force" in again.stderr
    assert nextclose(tmp_path, *RUN, *QUICK, "--force", "--lang", "ko").stdout.count("따라감") == 2
    for verb in ("predict", "explain"):
        refused = nextclose(tmp_path, verb, run)
        assert (refused.returncode, refused.stdout, refused.stderr.count("\n")) == (2, "", 1)
        assert "it has no tomorrow and no bars" in refused.stderr


def test_json_is_one_object_with_the_keys_of_a_run(tmp_path):
    done = nextclose(tmp_path, *RUN, *QUICK, "--json", "--verbose", "--out", "x")
    page = json.loads(done.stdout)
    assert {"data", "shapes", "models", "tomorrow", "engine", "split", "out", "report", "rollout"} <= page.keys()
    assert page["shapes"]["trigonometric"] == {
        "X_train": [400, 2000, 1], "y_train": [400, 1], "X_test": [400, 2000, 1], "y_test": [400, 1],
    }  # fmt: skip
    assert (page["data"]["symbol"], page["data"]["source"], page["data"]["rows"]) == ("trigonometric", None, 2400)
    assert (page["tomorrow"], page["split"], page["out"], page["report"]) == ([], None, "x", "x/report.html")
    wanted = (
        "name kind step n rmse mae mape skill skill_lo skill_hi directional_accuracy always_up dm cw pt coverage verdict "
        "information pvalue_adjusted sentence rmse_by_seed fits fit_seconds reasons"
    )
    for row in page["models"]:
        assert row.keys() >= set(wanted.split())
    assert page["rollout"].keys() >= {"rmse", "follows_steps", "steps", "threshold", "sentence"}
    assert "EPOCH: 0 Loss: " in done.stderr


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (("sample:AAPL",), "takes no SOURCE"),
        (("--recipe", "tutorial", "--test-start", "2020-01-01"), "without tutorial beside it"),
        (("--set", "horizon=2"), "mean nothing: horizon"),
        (("--set", "series=x"), "unknown setting 'series'"),
    ],
)
def test_what_only_bars_have_gets_one_message_and_status_two(tmp_path, more, message):
    done = nextclose(tmp_path, *RUN, *more)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert message in done.stderr
    assert done.stderr.startswith("nextclose: ")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
@pytest.mark.parametrize(
    "arguments",
    [
        ("explain", "--recipe", "trigonometric"),
        ("market", "run", "prices.csv", "--recipe", "trigonometric", "--out", "m"),
        ("judge", "--future-test", "trigonometric", "walk:3"),
    ],
)
def test_every_other_verb_refuses_it_alike(tmp_path, arguments):
    (tmp_path / "prices.csv").write_text("date,open,high,low,close,volume\n2020-01-02,1,1,1,1,1\n", encoding="utf-8")
    done = nextclose(tmp_path, *arguments)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert "Run it alone, without SOURCE: nextclose run --recipe trigonometric" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["prices.csv"]


@pytest.mark.slow
def test_the_recipe_is_listed_and_shown_without_what_it_has_not(tmp_path):
    assert "trigonometric" in nextclose(tmp_path, "recipes").stdout
    shown = nextclose(tmp_path, "recipes", "trigonometric").stdout
    assert re.search(r"^  series +trigonometric$", shown, flags=re.MULTILINE)
    assert "features" not in shown
    assert json.loads(nextclose(tmp_path, "recipes", "trigonometric", "--json").stdout)["seq_len"] == 10


def test_help_says_what_source_is_by_default(tmp_path):
    assert "[sample:AAPL]" in nextclose(tmp_path, "run", "--help", COLUMNS="200").stdout


@pytest.mark.slow
@pytest.mark.alone
@pytest.mark.parametrize("engine", ["fused", "torch"])
def test_a_run_that_is_stopped_leaves_nothing(tmp_path, engine):
    process = subprocess.Popen(
        [sys.executable, "-m", "nextclose", *RUN, "--seeds", "2000", "--verbose", "--engine", engine],
        cwd=tmp_path, env={**os.environ, "OMP_NUM_THREADS": "1"}, text=True, encoding="utf-8",
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    for line in process.stdout:
        if "time-major" in line:
            break
    time.sleep(1.5)  # the engine may have to be loaded first
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=30)
    assert process.returncode == 130
    assert said == "nextclose: Stopped. Nothing was written.\n"
    assert list(tmp_path.iterdir()) == []
