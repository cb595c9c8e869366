"""What the default recipe was searched for: it sees what is there, says something, and keeps near persistence elsewhere."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from nextclose.bench.simulated import TRAIN, simulate
from nextclose.bench.tally import generator
from nextclose.bench.worlds import Echo, Walk
from nextclose.core.forecasts import Forecasts
from nextclose.judging.judge import judge
from nextclose.recipes import load_recipe
from nextclose.study.walk_forward import walk_forward

SERIES = 12


def judged(world, number):
    """The default's row on one series of 1,000 sessions after 1,000, and what it announced."""
    series = simulate(world, 2_000 - TRAIN, generator(f"default {world.name}", number))
    recipe = replace(load_recipe("default"), refit_every=250)
    walked = walk_forward(series.bars, recipe, test_start=str(series.bars.dates[1_000]))
    (row,) = judge(walked.table, contests=False).models
    return row, np.log(walked.table.yhat / walked.table.last_close)


@pytest.mark.slow
def test_it_sees_an_echo_of_a_fifth_and_is_no_constant():
    rows = [judged(Echo(phi=0.2), number) for number in range(SERIES)]
    assert sum(row.information == "seen" for row, _ in rows) >= 0.8 * SERIES
    assert np.median([row.skill for row, _ in rows]) > 0.01
    assert all(np.std(announced) > 0.0 for _, announced in rows)
    assert np.median([row.shift.size for row, _ in rows]) > 0.1


@pytest.mark.slow
def test_on_a_walk_it_stays_near_persistence():
    rows = [judged(Walk(), number)[0] for number in range(SERIES)]
    assert np.median([row.skill for row in rows]) > -0.005
    assert sum(row.information == "seen" for row in rows) <= 3


@pytest.mark.slow
def test_its_median_skill_on_shares_stays_above_minus_half_a_percent(shared_data):
    from nextclose.bars.bars import Bars
    from nextclose.bars.survey import iter_bars

    found = sorted(
        (bars for _, bars in iter_bars(str(shared_data / "sp500_2013_2018.parquet")) if isinstance(bars, Bars)),
        key=lambda bars: bars.symbol,
    )
    longest = max(map(len, found))
    chosen = [bars for bars in found if len(bars) == longest][4::40]
    tables = [walk_forward(bars, "default", test_start="2016-01-04", test_end="2016-12-30").table for bars in chosen]
    rows = judge(Forecasts.concat(tables), contests=False).symbols
    assert len(rows) > 10
    assert np.median([row.skill for row in rows]) > -0.005
