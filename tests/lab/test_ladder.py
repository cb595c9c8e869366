"""The lab's ladder: the run's own numbers, a rung at a time."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tests.conftest import walk_bars

import nextclose as nc
from nextclose.core.errors import BarsError
from nextclose.lab.choices import read_choices
from nextclose.lab.desk import Desk
from nextclose.lab.job import Job, StaleError
from nextclose.lab.ladder import answer

ORDER = [
    "tutorial", "tutorial-converged", "tutorial-return", "tutorial-no-memory", "tutorial-mlp", "ridge", "persistence",
]  # fmt: skip


@pytest.fixture(scope="module")
def desk():
    return Desk(walk_bars(240, seed=11))


def _frames(desk, lang="en", **values):
    return [frame.header for frame in answer(desk, read_choices(values), {}, Job(lambda: True, lambda: True, lang))]


@pytest.mark.slow
def test_each_rung_is_what_a_run_says_of_it():
    desk = Desk(walk_bars(240, seed=11))  # of its own: its tries are counted
    plan, *rungs, last = _frames(desk)
    study = nc.run(desk.bars, recipes=["tutorial"], ladder=True)
    assert [name for name, _ in plan["rungs"]] == ORDER
    assert [rung["name"] for rung in rungs] == ORDER
    assert last["sentence"] == study.ladder.sentence
    assert last["decisive"] == study.ladder.decisive
    assert [rung["tally"]["tried"] for rung in rungs] == [1, 2, 3, 4, 5, 5, 5]
    for rung, known in zip(rungs, study.ladder.rungs, strict=True):
        assert rung["ratio"] == pytest.approx(known.typical, rel=1e-12)
        assert rung["by_seed"] == pytest.approx(known.rmse_ratio_by_seed, rel=1e-12)


@pytest.mark.slow
def test_only_the_spans_move_it(desk):
    plain = _frames(desk)
    assert _frames(desk, leak="on", lr="0.3", recipe="mlp")[1]["ratio"] == plain[1]["ratio"]
    other = _frames(desk, test_start=str(desk.bars.dates[140]))
    assert other[1]["ratio"] != plain[1]["ratio"]
    assert other[-1]["first"] > str(desk.bars.dates[140])


def test_the_first_rung_comes_before_the_others_are_walked(desk):
    wanted = [True]
    frames = answer(desk, read_choices({}), {}, Job(lambda: True, lambda: wanted[0], "ko"))
    assert next(frames).header["rungs"][0] == ["tutorial", "튜토리얼: SGD 100스텝"]
    assert next(frames).header["name"] == "tutorial"
    wanted[0] = False
    with pytest.raises(StaleError):
        next(frames)


@pytest.mark.slow
def test_every_rung_that_is_trained_counts_as_a_try():
    desk = Desk(walk_bars(240, seed=12))
    _frames(desk)
    assert desk.tried == 5
    _frames(desk, leak="on")
    assert desk.tried == 5


def test_closes_that_never_change_are_told():
    bars = walk_bars(200, seed=2)
    close = bars.close.copy()
    close[110:150] = close[110]
    still = replace(bars, close=close, high=np.maximum(bars.high, close), low=np.minimum(bars.low, close))
    with pytest.raises(BarsError, match="never change"):
        _frames(Desk(still), test_start=str(bars.dates[112]))
