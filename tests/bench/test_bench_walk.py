"""The walk's bench: the loop's own forecasts first, then one run of every part at a small size."""

from __future__ import annotations

import json
import os
import sys

import pytest

from nextclose.bench import walk as bench
from nextclose.bench.walk import TOLERANCES, WalkPlan, check_walk, on_cores, run_walk_bench
from nextclose.bench.walk_loop import loop_refit
from nextclose.cli import app

SMALL = WalkPlan(train=60, test=12, repeats=1, sample=2, seeds=2)


def silent(_):
    """Nobody watches."""


def test_the_loop_and_the_walk_forecast_the_same():
    parity = check_walk(SMALL, SMALL.bars())
    assert parity.passed
    assert parity.comparisons == 4
    assert parity.worst["float64"] < 1e-12


def test_nothing_is_measured_on_red(monkeypatch):
    true = loop_refit
    monkeypatch.setattr(bench, "loop_refit", lambda *a, **k: 1.001 * true(*a, **k))
    monkeypatch.setattr(bench, "measure_walk", lambda *_: pytest.fail("speed was measured on red"))
    parts = dict(run_walk_bench(SMALL, silent))
    assert list(parts) == ["machine", "parity"]
    assert not parts["parity"].passed
    assert parts["parity"].worst["float32"] > TOLERANCES["float32"]


def test_a_whole_run_says_what_was_extrapolated(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["nextclose", "bench", "walk", "--json"])
    monkeypatch.setattr("nextclose.bench.walk.WalkPlan", lambda repeats: SMALL)
    with pytest.raises(SystemExit) as ended:
        app.main()
    assert not ended.value.code
    shown = capsys.readouterr()
    found = json.loads(shown.out)
    assert found["walk"]["refits"] == 12
    assert found["walk"]["loop_refit"]["n"] == 2
    assert {aim["quantity"] for aim in found["aims"]} >= {"walk", "ratio", "seeds"}
    assert "The loop is not run whole" in " ".join(shown.err.split())


def test_the_cores_are_given_back():
    before = os.sched_getaffinity(0)
    with on_cores(1):
        assert len(os.sched_getaffinity(0)) == 1
    assert os.sched_getaffinity(0) == before
