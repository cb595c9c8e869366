"""Columns of the user's own through a study: run, saved, asked for tomorrow, explained, tested for leaks."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pyarrow.parquet as pq
import pytest
from tests.conftest import walk_bars
from tests.study.conftest import QUICK, TODAY

import nextclose as nc
from nextclose.core.errors import BarsError
from nextclose.recipes import load_recipe, with_settings
from nextclose.study.explain import explain
from nextclose.study.future_test import alterations
from nextclose.study.predict import predict_run
from nextclose.study.rebase import rebase
from nextclose.study.saved_model import read_bars, write_bars
from nextclose.training.fold import fit_fold
from nextclose.training.resolve import resolve_engine
from nextclose.windows import make_dataset

N = 220
WALK = replace(walk_bars(N, seed=5), exchange="XNYS")
FEATURES = ("close", "rsi", "거래대금")
FIRST = str(WALK.dates[180])


def rsi(bars):
    """100 times the share of the last six moves that were rises; NaN in the first six bars."""
    rises = np.concatenate([[np.nan], (np.diff(bars.close) > 0.0).astype(float)])
    share = np.convolve(rises, np.ones(6) / 6.0)[: len(bars)]
    return 100.0 * np.where(np.arange(len(bars)) < 6, np.nan, share)


BARS = replace(WALK, extra={"RSI": rsi(WALK), "거래대금": WALK.close * WALK.volume, "zero": np.zeros(N)})


def changed(recipe, *features, **settings):
    return with_settings(load_recipe(recipe), {**QUICK, "hidden_size": 3, "features": features or FEATURES, **settings})


@pytest.fixture(scope="module")
def study():
    return nc.run(BARS[:210], recipes=["default"], settings={**QUICK, "features": FEATURES}, today=TODAY)


@pytest.fixture(scope="module")
def saved(study, tmp_path_factory):
    return study.save(tmp_path_factory.mktemp("runs") / "run")


def test_a_study_says_which_columns_it_used_and_depends_on_them(study):
    (said,) = [note for note in study.notes if "Columns of the bars" in note]
    assert "rsi, 거래대금." in said
    assert study.shapes["default"]["X_train"][-1] == 3
    other = replace(BARS[:210], extra={**BARS[:210].extra, "RSI": BARS.extra["RSI"][:210] ** 2})
    again = nc.run(other, recipes=["default"], settings={**QUICK, "features": FEATURES}, today=TODAY)
    assert study.data.sha256 != again.data.sha256
    assert not np.array_equal(study.table.yhat, again.table.yhat)


def test_an_unknown_column_is_refused_before_any_work():
    class Loud(nc.study.watch.Watcher):
        def planned(self, plan):
            raise AssertionError

    with pytest.raises(BarsError, match="Did you mean 'RSI'"):
        nc.run(BARS, recipes=["default"], settings={"features": ("close", "rssi")}, watcher=Loud())


def test_a_saved_run_holds_them_and_says_the_same_of_tomorrow(study, saved):
    assert predict_run(saved).tomorrow[0] == study.tomorrow[0]
    assert predict_run(saved, BARS[:210]).tomorrow[0] == study.tomorrow[0]


def test_newer_bars_must_have_them(saved, tmp_path):
    BARS.to_pandas().to_csv(tmp_path / "newer.csv", index=False)
    moved = predict_run(saved, str(tmp_path / "newer.csv")).tomorrow[0]
    assert moved.origin == str(BARS.dates[-1])
    BARS.to_pandas().drop(columns="RSI").to_csv(tmp_path / "less.csv", index=False)
    with pytest.raises(BarsError, match=r"no column of numbers 'rsi'.*거래대금"):
        predict_run(saved, str(tmp_path / "less.csv"))


def test_a_split_since_leaves_them_as_they_are():
    prices = {name: 3.0 * getattr(BARS, name) for name in ("open", "high", "low", "close")}
    rebased = rebase(replace(BARS, **prices), BARS[:200])
    assert rebased.ratio == pytest.approx(3.0)
    np.testing.assert_array_equal(rebased.bars.extra["거래대금"], BARS.extra["거래대금"])


@pytest.mark.parametrize("ratio", [1.0, 3.0])
@pytest.mark.parametrize("factor", [None, 0.2, 0.25])
def test_the_adjusted_close_of_newer_bars_comes_into_the_known_basis(ratio, factor):
    known = replace(BARS[:200], adj_close=0.2 * BARS.close[:200])
    prices = {name: ratio * getattr(BARS, name) for name in ("open", "high", "low", "close")}
    newer = replace(BARS, **prices, adj_close=None if factor is None else factor * prices["close"])
    np.testing.assert_allclose(rebase(newer, known).bars.adj_close, 0.2 * BARS.close, rtol=1e-12)
    assert rebase(newer, replace(known, adj_close=None)).bars.adj_close is None


def test_saved_bars_come_back_bit_for_bit_and_older_files_are_read(tmp_path):
    bars = replace(BARS, adj_close=BARS.close / 7.0)
    write_bars(bars, tmp_path / "bars.parquet")
    again = read_bars(tmp_path / "bars.parquet", bars.symbol)
    assert again.sha256 == bars.sha256
    np.testing.assert_array_equal(again.adj_close, bars.adj_close)
    columns = ["date", "open", "high", "low", "close", "volume"]
    pq.write_table(pq.read_table(tmp_path / "bars.parquet").select(columns), tmp_path / "old.parquet")
    old = read_bars(tmp_path / "old.parquet", bars.symbol)
    assert (old.extra, old.adj_close) == ({}, None)
    assert old.sha256 == WALK.sha256


def test_one_window_is_explained_with_them(saved):
    for explained in (
        explain(saved),
        explain(BARS, recipe="default", settings={"features": FEATURES}, epoch=0),
    ):
        assert explained.features == FEATURES
        for step in explained.steps:
            row = int(np.searchsorted(BARS.dates, np.datetime64(step.date)))
            assert step.raw[1] == BARS.extra["RSI"][row]
            assert abs(step.scaled[2]) < 10.0


@pytest.mark.parametrize("cell", ["rnn", "mlp"])
@pytest.mark.parametrize("scaling", ["log-ratio-volatility", "standard"])
def test_both_engines_fit_them_alike(cell, scaling):
    recipe = changed("default", cell=cell, scaling=scaling, dtype="float64", validation=0.0, patience=None, lr=0.001)
    data = make_dataset(BARS, recipe.windows)
    windows = data.test_windows(180, 219, 180)
    closes = []
    for name in ("fused", "torch"):
        engine = resolve_engine(name, recipe)
        closes.append(fit_fold(recipe, data, 0, 180, engine).forecast(data, windows, engine))
    np.testing.assert_allclose(closes[0], closes[1], rtol=1e-10)


@pytest.mark.parametrize("scaling", ["min-max", "standard", "none", "log-ratio", "log-ratio-volatility"])
def test_the_future_test_passes_with_them(scaling):
    recipe = changed("default", scaling=scaling, target="log-return", refit_every=9)
    assert nc.future_test(recipe, BARS, test_start=FIRST).passed


def test_every_later_value_of_them_is_altered_and_no_earlier_one():
    extra = {"signed": np.sin(np.arange(N)), **BARS.extra}
    for alter in alterations(3).values():
        altered = alter(replace(BARS, extra=extra), 150).extra
        for name, values in extra.items():
            np.testing.assert_array_equal(altered[name][:151], values[:151])
            assert (altered[name][151:] != values[151:]).all()
            assert ((altered[name] < 0.0) == (values < 0.0)).all()


def test_a_forecaster_that_looks_ahead_in_them_is_caught():
    def peeks(bars):
        """The column of the session after the bar."""
        return bars.close * (1.0 + 1e-14 * np.append(bars.extra["거래대금"][1:], 0.0))

    found = nc.future_test(peeks, BARS, test_start=FIRST)
    assert not found.passed
    assert found.first.field == "yhat"


def test_a_column_that_holds_tomorrows_close_is_no_leak_of_the_code():
    planted = replace(BARS, extra={"hint": np.append(WALK.close[1:], WALK.close[-1])})
    found = nc.future_test(changed("default", "close", "hint", refit_every=9), planted, test_start=FIRST)
    assert found.passed
    assert "proves the code, not the data" in found.sentence


def test_the_settings_of_a_saved_run_name_them(saved):
    page = json.loads((saved / "models" / "default" / "model.json").read_text(encoding="utf-8"))
    assert page["recipe"]["settings"]["features"] == list(FEATURES)
    assert len(page["scaler"]["x"]["shift"]) == 3
