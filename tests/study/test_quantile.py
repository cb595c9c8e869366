"""The quantile recipe through a study: its columns, its intervals, and tomorrow as the backtest would have had it."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
from tests.conftest import walk_bars
from tests.study.conftest import QUICK

import nextclose as nc
from nextclose.bench.simulated import simulate
from nextclose.bench.worlds import Garch
from nextclose.judging.metrics import coverage, interval_score, pinball
from nextclose.recipes import load_recipe
from nextclose.study.predict import predict_run
from nextclose.study.saving import load_study

LEVELS = load_recipe("quantile").training.quantiles
BARS = replace(walk_bars(220, seed=5), exchange="XNYS")
ASKED = {"recipes": ["quantile", "default"], "test_start": str(BARS.dates[150]), "ladder": False}


@pytest.fixture(scope="module")
def study():
    return nc.run(BARS, settings=QUICK, **ASKED)


@pytest.fixture(scope="module")
def saved(study, tmp_path_factory):
    return study.save(tmp_path_factory.mktemp("runs") / "run")


def test_the_table_holds_the_quantiles_and_an_interval_around_the_median(study):
    own, other = study.table.of("quantile"), study.table.of("default")
    assert tuple(own.quantiles) == LEVELS
    low, median, high = own.quantiles.values()
    np.testing.assert_array_equal(median, own.yhat)
    assert (low <= median).all()
    assert (median <= high).all()
    assert (own.lo <= own.yhat).all()
    assert (own.yhat <= own.hi).all()
    assert np.ptp(own.hi - high) > 0.0
    unit = (own.hi - high) - (low - own.lo)
    np.testing.assert_allclose(unit, 0.0, atol=1e-9)
    assert all(np.isnan(column).all() for column in other.quantiles.values())


def test_the_pinball_loss_is_filled_where_there_are_quantiles(study):
    rows = {row.name: row for row in study.models}
    own = study.table.of("quantile")
    losses = [pinball(own.y / own.last_close, q / own.last_close, level) for level, q in own.quantiles.items()]
    assert rows["quantile"].pinball == pytest.approx(np.mean(losses))
    assert np.isnan(rows["default"].pinball)
    assert "no quantiles" in rows["default"].reasons["pinball"]


def test_a_saved_run_keeps_the_quantiles_and_both_kinds_of_scores(study, saved):
    again = load_study(saved)
    for level, column in study.table.quantiles.items():
        np.testing.assert_array_equal(again.table.quantiles[level], column)
    for before, after in zip(study.fitted, again.fitted, strict=True):
        np.testing.assert_array_equal(after.scores.errors, before.scores.errors)
    quantile, default = again.fitted
    np.testing.assert_array_equal(quantile.scores.missed, study.fitted[0].scores.missed)
    assert quantile.scores.missed.shape == quantile.scores.errors.shape
    assert default.scores.missed is None
    assert predict_run(saved).tomorrow == study.tomorrow[:2]
    judged = {row.name: row for row in nc.judge(saved / "forecasts.parquet").models}
    assert judged["quantile"].pinball == pytest.approx(study.models[0].pinball)


def test_a_model_of_the_first_format_is_still_read_but_its_scores_had_another_unit(saved, tmp_path):
    path = shutil.copytree(saved / "models" / "default", tmp_path / "old") / "model.json"
    page = json.loads(path.read_text(encoding="utf-8"))
    assert page.pop("missed") is None
    del page["recipe"]["settings"]["quantiles"]
    path.write_text(json.dumps(page | {"format": 1}), encoding="utf-8")
    old, new = nc.load(path.parent).predict(), nc.load(saved / "models" / "default").predict()
    assert old.yhat == new.yhat
    assert np.isnan(old.lo)
    assert "past out-of-sample errors" in old.reasons["lo"]


@pytest.mark.parametrize("horizon", [1, 2])
@pytest.mark.parametrize("refit_every", [1, 21])
@pytest.mark.parametrize("sessions", [190, 192])
def test_tomorrow_is_what_the_backtest_would_have_said(horizon, refit_every, sessions):
    settings = QUICK | {"horizon": horizon, "refit_every": refit_every}
    asked = ASKED | {"recipes": ["quantile"], "settings": settings}
    later, now = nc.run(BARS, **asked).table, nc.run(BARS[:sessions], **asked)
    rows = later.of("quantile")
    then = rows.where(rows.origin == BARS.dates[sessions - 1])
    for step, row in enumerate(one for one in now.tomorrow if one.model == "quantile"):
        np.testing.assert_allclose(row.yhat, then.yhat[step], rtol=1e-9)
        assert row.lo < row.yhat < row.hi
        if step + 1 == horizon:  # the last windows of the test span lack the steps before
            got = [row.lo, row.hi, row.p_up]
            np.testing.assert_allclose(got, [then.lo[step], then.hi[step], then.p_up[step]], rtol=1e-9)


def test_a_forecaster_has_the_same_interval_after_it_was_saved(tmp_path):
    forecaster = nc.Forecaster("quantile", settings=QUICK).fit(BARS)
    row = forecaster.predict()
    assert row.lo < row.yhat < row.hi
    forecaster.save(tmp_path / "model")
    assert nc.load(tmp_path / "model").predict() == row


def test_a_later_close_moves_no_earlier_interval():
    bumped = {name: getattr(BARS, name) * np.where(np.arange(220) < 200, 1.0, 1.5) for name in ("open", "high", "low")}
    moved = replace(BARS, close=BARS.close * np.where(np.arange(220) < 200, 1.0, 1.5), **bumped)
    asked = ASKED | {"recipes": ["quantile"], "settings": QUICK}
    before, after = (nc.run(bars, **asked).table.of("quantile") for bars in (BARS, moved))
    seen = before.origin < BARS.dates[200]
    for name in ("yhat", "lo", "hi", "p_up"):
        np.testing.assert_array_equal(getattr(before, name)[seen], getattr(after, name)[seen])
    for level in LEVELS:
        np.testing.assert_array_equal(before.quantiles[level][seen], after.quantiles[level][seen])


@pytest.mark.slow
def test_intervals_cover_what_they_claim_where_volatility_comes_in_clusters():
    covered, scores = [], []
    for seed in range(6):
        table = nc.run(simulate(Garch(), 250, np.random.default_rng(seed)).bars, **ASKED | {"test_start": None}).table
        own = table.of("quantile")
        covered.append(coverage(own.y, own.lo, own.hi))
        last = own.last_close
        scores.append([
            interval_score(rows.y / last, rows.lo / last, rows.hi / last, 0.9)
            for rows in (own, table.of("default"))
        ])  # fmt: skip
    assert 0.86 < np.mean(covered) < 0.94
    own, plain = np.mean(scores, axis=0)
    assert own < 1.05 * plain
