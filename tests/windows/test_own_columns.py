"""Columns of the user's own as features: how they are found, what they may lack, how they are scaled."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tests.conftest import walk_bars

from nextclose.core.errors import BarsError, SettingsError, TooFewBarsError
from nextclose.core.settings import WindowSettings
from nextclose.windows import fit_scaler, make_dataset, make_windows

N = 120
RSI = 50.0 + 20.0 * np.sin(np.arange(N) / 7.0)
BARS = replace(walk_bars(N, seed=4), extra={"RSI": RSI, "거래대금": np.arange(N) + 1.0})
RELATIVE = ("log-ratio", "log-ratio-volatility")


def settings(*features, **changes):
    return WindowSettings(**{"features": features, "seq_len": 5, "target": "log-return", **changes})


def with_rsi(values):
    return replace(BARS, extra={"RSI": values})


@pytest.mark.parametrize("name", ["RSI", "rsi", " Rsi "])
def test_a_column_is_found_however_its_name_is_spelled(name):
    X, _, _ = make_windows(BARS, seq_len=5, features=("close", name, "거래대금"))
    np.testing.assert_array_equal(X[3, :, 1], RSI[3:8])
    np.testing.assert_array_equal(X[3, :, 2], np.arange(4.0, 9.0))


def test_of_two_spellings_the_exact_one_is_meant_and_neither_otherwise():
    bars = replace(BARS, extra={"RSI": RSI, "rsi": -RSI})
    np.testing.assert_array_equal(make_dataset(bars, settings("rsi")).columns[:, 0], -RSI)
    with pytest.raises(BarsError, match="RSI, rsi"):
        make_dataset(bars, settings("Rsi"))


def test_an_unknown_column_is_told_what_there_is():
    with pytest.raises(
        BarsError, match=r"no column of numbers 'rsj'. Did you mean 'RSI'\? They have open, .*, RSI, 거래대금"
    ):
        make_dataset(BARS, settings("close", "rsj"))


@pytest.mark.parametrize("features", [(), ("close", ""), "close"])
def test_no_features_are_refused_at_once(features):
    with pytest.raises(SettingsError, match="one or more names of columns"):
        WindowSettings(features=features)


@pytest.mark.parametrize("features", [("close", "close"), ("close", "rsi", "RSI")])
def test_a_feature_that_stands_twice_is_refused_at_once(features):
    with pytest.raises(SettingsError, match="stands twice"):
        WindowSettings(features=features)


def test_a_column_that_begins_late_shortens_the_history():
    late = np.where(np.arange(N) < 13, np.nan, RSI)
    data = make_dataset(with_rsi(late), settings("close", "RSI", scaling="standard"))
    assert data.first == 13 + 5 - 1
    assert np.isfinite(data.X).all()
    np.testing.assert_array_equal(data.X[0, :, 1], RSI[13:18])
    scaler = fit_scaler(data, 0, 80)
    np.testing.assert_allclose(scaler.x.shift[1], RSI[13:80].mean(), rtol=1e-13)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_gap_is_counted_dated_and_refused(value):
    gaps = RSI.copy()
    gaps[[40, 41, 90]] = value
    with pytest.raises(BarsError, match=rf"in 3 of 120 bars, the first on {BARS.dates[40]}.*Fill the gaps"):
        make_dataset(with_rsi(gaps), settings("RSI"))


def test_a_column_without_any_number_is_refused():
    with pytest.raises(BarsError, match="holds no number"):
        make_dataset(with_rsi(np.full(N, np.nan)), settings("RSI"))


def test_a_column_that_begins_after_all_windows_leaves_too_few_bars():
    late = np.where(np.arange(N) < N - 3, np.nan, RSI)
    with pytest.raises(TooFewBarsError, match="needs at least 122 bars"):
        make_dataset(with_rsi(late), settings("RSI"))


@pytest.mark.parametrize("scaling", RELATIVE)
def test_windows_relative_to_their_last_bar_standardise_it_on_the_train_span(scaling):
    alone = make_dataset(BARS, settings("open", "close", "volume", "change", scaling=scaling))
    data = make_dataset(BARS, settings("open", "RSI", "close", "volume", "change", scaling=scaling))
    np.testing.assert_array_equal(np.delete(data.X, 1, axis=2), alone.X)
    scaler = fit_scaler(data, 10, 80)
    own = scaler.x.forward(data.X)[:, :, 1]
    np.testing.assert_allclose(own[0], (RSI[1:6] - RSI[10:80].mean()) / RSI[10:80].std(), rtol=1e-12)
    plain = np.delete(np.stack([scaler.x.shift, scaler.x.scale]), 1, axis=1)
    np.testing.assert_array_equal(plain, np.stack([np.zeros(4), np.ones(4)]))


def test_min_max_and_none_treat_it_as_any_column():
    data = make_dataset(BARS, settings("close", "RSI", scaling="min-max"))
    scaled = fit_scaler(data, 10, 80).x.forward(data.columns[10:80])
    assert (scaled[:, 1].min(), scaled[:, 1].max()) == (0.0, 1.0)
    bare = fit_scaler(make_dataset(BARS, settings("close", "RSI", scaling="none")), 10, 80)
    np.testing.assert_array_equal(bare.x.scale, [1.0, 1.0])


def test_the_adjusted_close_is_the_sources_own_or_the_close():
    given = replace(BARS, adj_close=BARS.close / 7.0)
    np.testing.assert_array_equal(make_dataset(given, settings("adj_close")).columns[:, 0], given.adj_close)
    np.testing.assert_array_equal(make_dataset(BARS, settings("adj_close")).columns[:, 0], BARS.close)


@pytest.mark.parametrize("scaling", RELATIVE)
def test_the_adjusted_close_is_relative_to_its_own_last_value(scaling):
    given = replace(BARS, adj_close=BARS.close / 7.0)
    data = make_dataset(given, settings("close", "adj_close", scaling=scaling))
    np.testing.assert_allclose(data.X[:, :, 1], data.X[:, :, 0], rtol=1e-9, atol=1e-12)
