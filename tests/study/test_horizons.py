"""Several sessions ahead: every step is judged by itself, beside the plainer forecasts of that step."""

from __future__ import annotations

from dataclasses import replace
from io import StringIO

import numpy as np
import pytest
from rich.cells import cell_len
from rich.console import Console
from tests.conftest import walk_bars

import nextclose as nc
from nextclose.baselines import BASELINES, make_baseline
from nextclose.judging.splits import make_split
from nextclose.report.terminal import print_study
from nextclose.study.walk import walk_baseline
from nextclose.windows.windows import sliding

BARS = replace(walk_bars(220, seed=5), exchange="XNYS")
FIRST = 170
QUICK = {"epochs": 2, "seeds": 2, "horizon": 3}
SPAN = {"test_start": str(BARS.dates[FIRST]), "test_end": str(BARS.dates[209])}


@pytest.fixture(scope="module")
def study():
    return nc.run(BARS, recipes=["default"], ladder=False, settings=QUICK, **SPAN)


def test_every_model_has_a_row_a_step(study):
    assert {(row.name, row.step) for row in study.models} == {
        (name, step) for name in ("default", *BASELINES) for step in (1, 2, 3)
    }
    for row in study.models:
        assert row.kind == ("recipe" if row.name == "default" else "baseline")


def test_persistence_has_no_skill_at_any_step(study):
    for row in study.models:
        if row.name == "persistence":
            assert row.skill == 0.0
            table = study.table.of("persistence", row.step)
            np.testing.assert_array_equal(table.yhat, table.last_close)


@pytest.mark.parametrize("name", BASELINES)
def test_the_first_step_of_a_baseline_covers_the_whole_span(study, name):
    for step in (1, 2, 3):
        table = study.table.of(name, step)
        np.testing.assert_array_equal(table.target_date, BARS.dates[FIRST + step - 1 : 210])
        np.testing.assert_array_equal(table.origin, BARS.dates[FIRST - 1 : 210 - step])
        np.testing.assert_array_equal(table.y, BARS.close[FIRST + step - 1 : 210])
        np.testing.assert_array_equal(table.last_close, BARS.close[FIRST - 1 : 210 - step])


def test_a_steps_models_are_compared_on_the_sessions_that_all_forecast(study):
    """Windows of three targets each: of the recipe's 38 origins all, of the baselines' those."""
    assert {row.n for row in study.models} == {38}


@pytest.mark.parametrize("refit_every", [0, 7])
@pytest.mark.parametrize("name", BASELINES)
def test_a_walked_baseline_is_its_own_fit_on_each_folds_past(name, refit_every):
    split = make_split(BARS.dates, **SPAN)
    walked = walk_baseline(name, 4, BARS, split, refit_every=refit_every, horizon=3)
    ohlc = np.stack([BARS.open, BARS.high, BARS.low, BARS.close], axis=1)
    for number, origin in enumerate(range(FIRST - 1, 209)):
        done = (origin + 1 - FIRST) // refit_every * refit_every if refit_every else 0
        fitted = make_baseline(name, 4).fit(ohlc[: FIRST + done], 3)
        expected = fitted.ahead(sliding(ohlc[: origin + 1], fitted.needs)[-1:], 3)[0]
        expected[origin + np.arange(1, 4) > 209] = np.nan
        np.testing.assert_allclose(walked.prices[0, number], expected, rtol=1e-12)
    np.testing.assert_array_equal(walked.origins, np.arange(FIRST - 1, 209))
    assert np.isfinite(walked.tomorrow).all()


def test_a_horizon_of_one_says_what_it_said_without_one():
    split = make_split(BARS.dates, **SPAN)
    for name in BASELINES:
        one, three = (walk_baseline(name, 4, BARS, split, refit_every=7, horizon=horizon) for horizon in (1, 3))
        np.testing.assert_array_equal(one.prices[..., 0], three.prices[..., 0])


def test_tomorrow_has_a_row_a_session_ahead(study):
    rows = [row for row in study.tomorrow if row.model == "default"]
    assert [row.step for row in rows] == [1, 2, 3]
    assert len({row.target_date for row in rows}) == 3
    assert sorted(row.target_date for row in rows) == [row.target_date for row in rows]


@pytest.mark.parametrize("lang", ["en", "ko"])
@pytest.mark.parametrize("width", [80, 100])
def test_the_terminal_has_a_column_for_the_step(study, lang, width):
    page = Console(file=StringIO(), width=width)
    print_study(replace(study, lang=lang), page)
    lines = page.file.getvalue().splitlines()
    head = next(line for line in lines if "RMSE" in line)
    assert head.split()[0] == ("스텝" if lang == "ko" else "step")
    cells = [line.split() for line in lines if line.strip()[:1] in ("1", "2", "3")]
    ranked = [(row[0], row[1]) for row in cells if len(row) > 2 and row[1] in ("default", *BASELINES)]
    assert sorted(ranked) == sorted((str(step), name) for step in (1, 2, 3) for name in ("default", *BASELINES))
    assert [step for step, _ in ranked] == sorted(step for step, _ in ranked)
    assert max(map(cell_len, lines)) <= width


def test_one_step_needs_no_column():
    page = Console(file=StringIO(), width=100)
    print_study(nc.run(BARS, recipes=["default"], ladder=False, settings=QUICK | {"horizon": 1}, **SPAN), page)
    head = next(line for line in page.file.getvalue().splitlines() if "RMSE" in line)
    assert head.split()[0] == "model"
