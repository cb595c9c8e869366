"""The bench: equal numbers before any speed, one object of JSON, one message for what it cannot do."""

from __future__ import annotations

import json
import sys
from dataclasses import replace

import numpy as np
import pytest
from rich.cells import cell_len

from nextclose import engine
from nextclose.bench import engine as bench
from nextclose.bench.aims import aims
from nextclose.bench.parity import KINDS, TOLERANCES, check_parity, deviation
from nextclose.bench.plan import ADAM, CELLS, ODD, SGD, Plan, Size
from nextclose.cli import app

SMALL = Plan(
    timed=(Size(windows=70), Size(cell="gru", windows=20, hidden_size=3, bias=True)),
    odd=ODD[:1], epochs=2, repeats=1, tasks=4, peaks=2, calls=10, starts=1,
)  # fmt: skip
SPEED = ("measure_peak", "measure_fits", "measure_overhead", "measure_many", "measure_start")


def silent(_):
    """Nobody watches."""


def command(monkeypatch, *arguments):
    """The exit status of the command, run here with a small plan."""
    monkeypatch.setattr(sys, "argv", ["nextclose", "bench", *arguments])
    monkeypatch.setattr("nextclose.bench.plan.make_plan", lambda repeats, only: SMALL)
    with pytest.raises(SystemExit) as ended:
        app.main()
    return ended.value.code or 0


@pytest.fixture
def planted(monkeypatch):
    """An engine whose float32 gradient of w_h is off by a thousandth, and a bench that may not measure."""
    true = engine.gradients

    def off(params, *arguments, **settings):
        value, gradients = true(params, *arguments, **settings)
        if gradients["w_h"].dtype == np.float32:
            gradients["w_h"] = gradients["w_h"] * np.float32(1.001)
        return value, gradients

    def never(*_):
        pytest.fail("speed was measured on red")

    monkeypatch.setattr(engine, "gradients", off)
    for name in SPEED:
        monkeypatch.setattr(bench, name, never)


def test_every_cell_is_equal_at_odd_sizes():
    parity = check_parity(ODD, silent)
    assert parity.red == ()
    assert parity.passed
    assert {(one.kind, one.size.cell, one.dtype) for one in parity.worst} == {
        (kind, cell, dtype) for kind in KINDS for cell in CELLS for dtype in TOLERANCES
    }


@pytest.mark.slow
@pytest.mark.parametrize("size", Plan().timed, ids=lambda size: size.name)
def test_every_net_that_is_timed_is_equal(size):
    """On fewer windows, still several blocks of samples; a bench checks all of them before it times."""
    assert check_parity((replace(size, windows=301),), silent).red == ()


def test_a_deviation_stops_the_run_before_any_speed(planted):
    parts = dict(bench.run_bench(SMALL, silent))
    assert list(parts) == ["machine", "parity"]
    assert not parts["parity"].passed
    assert {(one.kind, one.name, one.dtype) for one in parts["parity"].red} == {("gradients", "w_h", "float32")}
    assert parts["parity"].red[0].worst == pytest.approx(1e-3, rel=1e-2)
    message = parts["parity"].error().message()
    assert "w_h of" in message
    assert "1.0e-03 of its largest value, tolerance 1e-05" in message


def test_a_deviation_ends_the_command_with_status_one(planted, monkeypatch, capsys):
    assert command(monkeypatch, "engine", "--json") == 1
    said = capsys.readouterr()
    assert list(json.loads(said.out)) == ["machine", "parity"]
    assert "✗ every gradient: w_h of" in said.err
    assert "GFLOP/s" not in said.err
    assert said.err.splitlines()[-1].startswith("nextclose: ")


@pytest.mark.parametrize(
    ("got", "expected", "worst"),
    [
        ([1.0, 2.0], [1.0, 2.0], 0.0),
        ([1.0, 2.5], [1.0, 2.0], 0.25),
        ([0.1], [0.0], 0.1),
        ([1.0], [1.0, 2.0], np.inf),
        (None, [1.0], np.inf),
        ([np.nan], [1.0], np.nan),
    ],
)
def test_a_deviation_is_relative_to_the_largest_value(got, expected, worst):
    assert deviation(got, expected) == pytest.approx(worst, nan_ok=True)


def test_what_is_no_number_is_red(monkeypatch):
    monkeypatch.setattr(engine, "predict", lambda params, X, **_: np.full((len(X), len(params["w_y"])), np.nan))
    red = check_parity(ODD[:1], silent).red
    assert {one.name for one in red} == {"outputs"}


def test_a_whole_run_in_korean_and_its_json(monkeypatch, capsys):
    assert command(monkeypatch, "--json", "--lang", "ko") == 0
    said = capsys.readouterr()
    page = json.loads(said.out)
    assert list(page) == ["machine", "parity", "peak", "fits", "overhead", "many", "start", "aims"]
    assert page["parity"]["passed"] is True
    rows = [(row["size"]["cell"], row["update"]["name"]) for row in page["fits"]]
    assert rows == [("rnn", "SGD"), ("rnn", "Adam 64"), ("gru", "SGD"), ("gru", "Adam 64")]
    assert page["fits"][2]["loop"] is None
    assert page["fits"][0]["engine"].keys() == {"median", "low", "high", "n"}
    for title in ("PyTorch와의 일치", "코어 하나의 최고 성능", "학습 한 번", "새 프로세스, 초", "목표"):
        assert title in said.err
    assert max(map(cell_len, said.err.splitlines())) <= 100


@pytest.mark.slow
def test_a_run_prints_on_stdout_alone(monkeypatch, capsys):
    assert command(monkeypatch, "engine") == 0
    said = capsys.readouterr()
    assert "Peak of one core" in said.out
    assert said.err == ""


@pytest.mark.parametrize("name", ["serve", "engin"])
def test_a_bench_that_is_not_built_is_refused(monkeypatch, capsys, name):
    assert command(monkeypatch, name) == 2
    said = capsys.readouterr()
    assert (said.out, said.err.count("\n")) == ("", 1)
    assert f"no bench '{name}' yet; what can be measured: engine, walk, judge" in said.err


def test_without_pytorch_it_says_how_to_get_it(monkeypatch, capsys):
    monkeypatch.setattr("nextclose.cli.bench.find_spec", lambda name: None)
    assert command(monkeypatch, "engine") == 2
    said = capsys.readouterr()
    assert (said.out, said.err.count("\n")) == ("", 1)
    assert 'pip install -c constraints.txt -e ".[torch]"' in said.err


def test_one_part_alone_comes_after_parity():
    plan = Plan(timed=SMALL.timed[:1], odd=(), calls=10, only="overhead")
    assert [name for name, _ in bench.run_bench(plan, silent)] == ["machine", "parity", "overhead", "aims"]


def test_an_aim_is_met_or_not():
    from nextclose.bench.starts import Overhead
    from nextclose.bench.timing import spread

    quick, slow = (Overhead(seconds=spread([seconds])) for seconds in (19e-6, 20e-6))
    assert [aim.met for aim in aims([quick, slow])] == [True, False]
    assert {SGD.name, ADAM.name} == {"SGD", "Adam 64"}
