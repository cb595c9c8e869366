"""The market's bench: equal forecasts first, then every part of a run at a tiny size."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest

from nextclose.bench import market, market_growth, market_memory, market_parity, market_sets
from nextclose.bench.market import run_market_bench
from nextclose.bench.market_bare import bare_jobs, configure, count, loop_seconds, members, walk_of
from nextclose.bench.market_command import _ran, run_market
from nextclose.bench.market_growth import straight
from nextclose.bench.market_memory import MemoryWatch, below, can_watch
from nextclose.bench.market_parity import TOLERANCES, check_market
from nextclose.bench.market_plan import MarketPlan, make_market_plan
from nextclose.bench.market_sets import choose_set
from nextclose.cli import app
from nextclose.core.errors import NextcloseError, SettingsError
from nextclose.core.plain import to_json
from nextclose.market.run import start
from nextclose.market.sets import open_set
from nextclose.market.shard import compute_shard
from nextclose.training.fold import fit_fold
from nextclose.training.fused import fit_jobs

ROOT = Path(__file__).resolve().parents[2]
watchable = pytest.mark.skipif(not can_watch(), reason="the system does not tell the memory of processes")


class Here:
    """A backend in this process."""

    def compute(self, config, numbers, nets):
        bars = open_set(config.source)
        for number in numbers:
            yield compute_shard(config, number, bars, nets=nets)


def run_here(task, folder=None, *, watched=False):
    """What `run_market` does, in this process; times are made up."""
    with tempfile.TemporaryDirectory() as made:
        folder = folder or Path(made) / "run"
        outcome = start(configure(task), folder, Here(), threads=1)
        return _ran(folder, outcome, 2.0, 2.0 + outcome.fits, 10_000_000 if watched else None)


def silent(_):
    """Nobody watches."""


@pytest.fixture(scope="module", autouse=True)
def _no_real_sets(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(market_sets, "DATA", tmp_path_factory.getbasetemp() / "nothing")
        yield


@pytest.fixture(scope="module")
def small(tmp_path_factory, _no_real_sets):
    """A plan of a few fits of two epochs on four random walks."""
    made = choose_set(None, tmp_path_factory.mktemp("set"), symbols=4, sessions=330)
    return MarketPlan(
        set=made, rounds=1, share=2, checked=1, sample=1, base=2, symbols=(1, 2), refits=(72, 24), seeds=(1, 2), epochs=2,
    )  # fmt: skip


@pytest.fixture
def here(monkeypatch):
    for module in (market, market_growth, market_parity):
        monkeypatch.setattr(module, "run_market", run_here)


def test_a_set_is_simulated_where_no_real_one_lies(small):
    assert small.set.simulated
    config = configure(small.task())
    assert [name for shard in config.shards for name in shard] == [f"WALK{n:04d}" for n in range(4)]
    assert config.spans.test_start == small.set.test_start
    assert len(config.sessions) == 330 * 278 // 1259


def test_a_set_that_is_named_is_taken(small, tmp_path):
    plan = make_market_plan(2, small.set.source, "growth", tmp_path)
    assert (plan.set.source, plan.set.simulated, plan.larger, plan.rounds) == (small.set.source, False, None, 2)
    assert plan.wants("growth")
    assert not plan.wants("memory")


def test_an_unknown_part_is_refused(small, tmp_path):
    with pytest.raises(SettingsError, match="memory"):
        make_market_plan(1, small.set.source, "memroy", tmp_path)


def test_forecasts_are_those_of_a_run_alone_and_of_the_loop(small, here):
    parity = check_market(small)
    assert parity.passed
    assert parity.differ == 0
    assert parity.forecasts == 72 - 4  # the tutorial's windows lie inside the test span
    assert parity.worst["float64"] < 1e-12


def test_one_forecast_that_differs_by_a_bit_is_red(small, here, monkeypatch):
    true = market_parity._alone

    def off(*given):
        table = true(*given)
        day = next(iter(table))
        return table | {day: np.nextafter(table[day], np.inf)}

    monkeypatch.setattr(market_parity, "_alone", off)
    parity = check_market(small)
    assert not parity.passed
    assert "1 of 68 forecasts" in str(parity.error())


def test_a_loop_that_differs_is_red(small, here, monkeypatch):
    true = market_parity.loop_refit
    monkeypatch.setattr(market_parity, "loop_refit", lambda *a, **k: 1.001 * true(*a, **k))
    parity = check_market(small)
    assert not parity.passed
    assert parity.worst["float32"] > TOLERANCES["float32"]
    assert "PyTorch" in str(parity.error())


def test_nothing_is_measured_on_red(small, here, monkeypatch):
    monkeypatch.setattr(market_parity, "loop_refit", lambda *a, **k: 1.0)
    monkeypatch.setattr(market, "measure_pipeline", lambda *_: pytest.fail("speed was measured on red"))
    assert list(dict(run_market_bench(small, silent))) == ["machine", "parity"]


def test_bare_fits_are_those_of_the_run(small):
    config = configure(small.task())
    names = config.shards[0][1:3]
    jobs = bare_jobs(config, names)
    folds = -(-len(config.sessions) // 21)
    assert count(jobs) == 2 * folds * 3
    fits = fit_jobs(jobs[1:], threads=1)[0].fits
    walk = walk_of(config.chosen()[0], next(member for _, member in members(config, names[1:])))
    alone = fit_fold(walk.recipe, walk.data, *walk.wanted.spans[-1], walk.engine).fits
    for ours, theirs in zip(fits[-3:], alone, strict=True):
        np.testing.assert_array_equal(ours.params["w_h"], theirs.params["w_h"])


def test_the_loop_fits_what_is_sampled(small):
    jobs = bare_jobs(configure(small.task()), ["WALK0000"])
    assert len(loop_seconds(jobs, 2)) == 2


def test_a_line_is_found_and_a_bend_is_seen():
    line = straight("folds", (1, 2, 4), (3.0, 5.0, 9.0), (1, 2, 4))
    assert (line.slope, line.start, line.r2) == pytest.approx((2.0, 1.0, 1.0))
    bent = straight("folds", (1, 2, 3, 4), (1.0, 4.0, 9.0, 16.0), (1, 2, 3, 4))
    assert bent.r2 < 0.99


@watchable
def test_memory_is_that_of_all_processes_below():
    code = "import sys; block = bytearray(60_000_000); print('ready', flush=True); sys.stdin.read()"
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        child.stdout.readline()
        assert child.pid in below(os.getpid())
        alone = market_memory.proportional(child.pid)
        assert 60_000_000 < alone < 120_000_000
        with MemoryWatch(os.getpid()) as watch:
            while not watch.looks:
                pass
        assert watch.peak > alone
        child.stdin.close()


def test_a_process_that_is_gone_holds_nothing():
    assert market_memory.proportional(2**30) == 0
    assert below(2**30) == [2**30]


@watchable
def test_a_whole_run_says_what_was_extrapolated(small, here, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["nextclose", "bench", "market", "--json"])
    monkeypatch.setattr("nextclose.bench.market_plan.make_market_plan", lambda *_: small)
    with pytest.raises(SystemExit) as ended:
        app.main()
    assert not ended.value.code
    shown = capsys.readouterr()
    found = json.loads(shown.out)
    assert list(found) == ["machine", "parity", "pipeline", "loop", "memory", "growth", "aims"]
    assert found["pipeline"]["fits"] == 4 * 4 * 3
    assert found["pipeline"]["wall"] == {"median": 2.0, "low": 2.0, "high": 2.0, "n": 1}
    assert found["pipeline"]["symbol_year"] == pytest.approx(50.0 / (4 * found["pipeline"]["years"]))
    assert found["loop"]["total"] == pytest.approx(48 * found["loop"]["fit"]["median"])
    assert [one["of"] for one in found["growth"]] == ["symbols", "folds", "seeds"]
    assert found["growth"][1]["counts"] == [1, 3]
    assert {aim["quantity"]: aim["met"] for aim in found["aims"]}["memory"]
    said = " ".join(shown.err.split())
    assert "extrapolated, not run" in said
    assert "simulated: no real set lies there" in said


@pytest.mark.slow
@watchable
def test_the_page_holds_a_runs_numbers(small, here, tmp_path):
    pytest.importorskip("matplotlib")
    (tmp_path / "result.json").write_text(to_json(dict(run_market_bench(small, silent))), encoding="utf-8")
    script = [sys.executable, str(ROOT / "scripts" / "make_market_speed.py"), "result.json", "docs"]
    done = subprocess.run(script, cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    page = (tmp_path / "docs" / "market-speed.md").read_text(encoding="utf-8")
    assert "48 fits" in page
    assert "`simulated` (simulated)" in page
    assert "| the whole run, seconds on the wall | 2.0 |" in page
    assert (tmp_path / "docs" / "pictures" / "market-growth.png").stat().st_size > 10_000


@pytest.mark.slow
@watchable
def test_a_run_of_its_own_is_timed_and_watched(small):
    ran = run_market(small.task(), watched=True)
    assert (ran.fits, ran.symbols) == (48, 4)
    assert 0.0 < ran.in_fits < ran.in_shards < ran.cpu
    assert ran.peak > 100_000_000


@pytest.mark.slow
def test_a_run_that_fails_is_an_error(small):
    with pytest.raises(NextcloseError, match="the market run failed"):
        run_market(small.task(symbols=("NOBODY",)))
