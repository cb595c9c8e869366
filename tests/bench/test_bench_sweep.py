"""The sweep's bench: the loops' own numbers first, then one run of every part at a small size."""

from __future__ import annotations

import json
import sys

import numpy as np
import pytest

from nextclose.bars import load_bars
from nextclose.bench import sweep as bench
from nextclose.bench.sweep import TOLERANCES, SweepPlan, check_sweep, cut_spans, make_sweep_plan, run_sweep_bench
from nextclose.bench.sweep_loop import HandLSTM, loop_fit
from nextclose.cli import app
from nextclose.study.walk import RecipeWalk
from nextclose.study.watch import Watcher
from nextclose.training.fold import learning_windows
from nextclose.training.resolve import resolve_engine

GRID = {"lr": (1e-3, 1e-4), "num_layers": (1, 2)}


def silent(_):
    """Nobody watches."""


@pytest.fixture(scope="module")
def small():
    """Two epochs on simulated bars."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bench, "SAMSUNG", bench.Path("nowhere"))
        made = make_sweep_plan(1, None)
    return SweepPlan(bars=made.bars, simulated=True, epochs=2, seeds=2, repeats=1, grid=GRID)


@pytest.fixture(scope="module")
def spans(small):
    return cut_spans(small.bars, small.recipe(), bench._test_last(small))


def test_the_loops_windows_are_the_recipes(small, spans):
    from nextclose.judging.splits import make_split
    from nextclose.study.spans import choose_dates

    recipe = small.recipe()
    chosen = choose_dates(
        [recipe], small.bars.dates, dict.fromkeys(("train_start", "train_end", "test_start", "test_end"))
    )
    split = make_split(small.bars.dates, **chosen.dates)
    walk = RecipeWalk(recipe, resolve_engine("torch", recipe), small.bars, split, Watcher())
    train, held_out = learning_windows(recipe, walk.data, walk.wanted.spans[0])
    for windows, (X, y) in ((train, spans.train), (held_out, spans.validation), (walk.span, spans.test)):
        np.testing.assert_allclose(walk.data.X[windows], X, rtol=0, atol=1e-14)
        np.testing.assert_allclose(walk.data.y[windows], y, rtol=0, atol=1e-14)


@pytest.mark.slow
def test_the_loops_and_the_sweep_learn_and_forecast_the_same(small, spans):
    parity = check_sweep(small, spans)
    assert parity.passed
    assert parity.comparisons == 8
    assert parity.worst["float64"] < 1e-11
    assert 0.0 < parity.loops["float32"] < TOLERANCES["float32"]


@pytest.mark.slow
def test_nothing_is_measured_on_red(small, monkeypatch):
    def off(*given, **known):
        fit = loop_fit(*given, **known)
        return bench.LoopFit(losses=fit.losses * 1.1, val_losses=fit.val_losses, prices=fit.prices)

    monkeypatch.setattr(bench, "loop_fit", off)
    monkeypatch.setattr(bench, "measure_sweep", lambda *_: pytest.fail("speed was measured on red"))
    parts = dict(run_sweep_bench(small, silent))
    assert list(parts) == ["machine", "task", "parity"]
    assert not parts["parity"].passed
    assert "losses or forecasts differ" in str(parts["parity"].error())


@pytest.mark.slow
def test_a_whole_run_says_what_was_extrapolated(small, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["nextclose", "bench", "sweep", "--json"])
    monkeypatch.setattr("nextclose.bench.sweep.make_sweep_plan", lambda repeats, source: small)
    with pytest.raises(SystemExit) as ended:
        app.main()
    assert not ended.value.code
    shown = capsys.readouterr()
    found = json.loads(shown.out)
    assert (found["sweep"]["fits"], found["sweep"]["sampled"]) == (8, 2)
    assert found["task"]["simulated"] is True
    assert found["sweep"]["ratio"].keys() == {"hand", "library"}
    assert "The loops are not run whole: 2 fits of each" in " ".join(shown.err.split())


def test_a_loop_of_its_own_draws_its_own_weights_and_learns(small, spans):
    fit = loop_fit(HandLSTM, spans, small.recipe())
    assert fit.losses[1] < fit.losses[0]
    assert fit.prices.shape == (len(spans.last_close), 5)


def test_the_real_bars_are_taken_where_they_lie(shared_data, monkeypatch):
    path = shared_data / "samsung_005930_1990_2023.parquet"
    monkeypatch.setattr(bench, "SAMSUNG", path)
    plan = make_sweep_plan(3, None)
    assert (plan.bars.symbol, plan.simulated, plan.fits) == ("005930", False, 45)
    assert len(plan.bars) == len(load_bars(str(path)))
