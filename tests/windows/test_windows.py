from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.conftest import walk_bars

from nextclose.core.errors import BarsError, SettingsError
from nextclose.core.settings import WindowSettings
from nextclose.windows import ewma_volatility, fit_scaler, make_dataset, make_windows
from nextclose.windows.volatility import range_volatility


def test_a_window_is_the_bars_before_its_target(bars):
    X, y, dates = make_windows(bars, seq_len=5)
    assert X.shape == (295, 5, 4)
    assert y.shape == (295, 1)
    np.testing.assert_array_equal(X[3, :, 3], bars.close[3:8])
    np.testing.assert_array_equal(X[3, 2], [bars.open[5], bars.high[5], bars.low[5], bars.close[5]])
    assert y[3, 0] == bars.close[8]
    assert dates[3] == bars.dates[8]
    assert y[-1, 0] == bars.close[-1]


def test_a_longer_horizon_gives_the_closes_in_order(bars):
    X, y, dates = make_windows(bars, seq_len=5, horizon=3)
    assert X.shape == (293, 5, 4)
    np.testing.assert_array_equal(y[10], bars.close[15:18])
    assert dates[10] == bars.dates[15]


@pytest.mark.parametrize(("n", "seq_len"), [(4, 4), (1, 1), (3, 7)])
def test_too_few_bars_say_how_many_are_needed(n, seq_len):
    with pytest.raises(BarsError, match=f"needs at least {seq_len + 1} bars, got {n}"):
        make_windows(walk_bars(n, seed=1), seq_len=seq_len)


def test_a_window_of_no_sessions_is_refused(bars):
    with pytest.raises(SettingsError, match="at least 1"):
        make_windows(bars, seq_len=0)


SETTINGS = [
    WindowSettings(),
    WindowSettings(scaling="standard"),
    WindowSettings(target="log-return"),
    WindowSettings(scaling="log-ratio", target="log-return", seq_len=7),
    WindowSettings(scaling="log-ratio-volatility", target="volatility-return", seq_len=5, horizon=3),
    WindowSettings(features=("open", "high", "low", "close", "volume", "change"), seq_len=5, horizon=2),
]


@pytest.mark.parametrize("settings", SETTINGS, ids=lambda s: f"{s.scaling}-{s.target}-{s.horizon}")
def test_prices_undo_the_target(bars, settings):
    data = make_dataset(bars, settings)
    windows = data.train_windows(20, 200)
    scaler = fit_scaler(data, 20, 200)
    scaled = scaler.y.forward(data.y[windows])
    prices = data.prices(scaler.y.backward(scaled), windows)
    origins = data.origins(windows)
    for k in range(settings.horizon):
        np.testing.assert_allclose(prices[:, k], bars.close[origins.start + k + 1 : origins.stop + k + 1], rtol=1e-12)


@pytest.mark.parametrize("settings", SETTINGS, ids=lambda s: f"{s.scaling}-{s.target}-{s.horizon}")
def test_no_window_depends_on_what_comes_after_its_origin(bars, settings):
    cut = 150
    changed = walk_bars(300, seed=8)
    mixed = {
        name: np.concatenate([getattr(bars, name)[:cut], getattr(changed, name)[cut:]])
        for name in ("open", "high", "low", "close", "volume")
    }
    from dataclasses import replace

    before, after = make_dataset(bars, settings), make_dataset(replace(bars, **mixed), settings)
    seen = cut - before.first
    np.testing.assert_array_equal(before.X[:seen], after.X[:seen])
    assert not np.array_equal(before.X[seen:], after.X[seen:])
    old, new = fit_scaler(before, 10, cut), fit_scaler(after, 10, cut)
    np.testing.assert_array_equal(old.x.shift, new.x.shift)
    np.testing.assert_array_equal(old.y.scale, new.y.scale)


def test_train_windows_stay_inside_their_span(bars):
    data = make_dataset(bars, WindowSettings(seq_len=6, horizon=2))
    origins = data.origins(data.train_windows(40, 90))
    assert origins.start == 45
    assert origins.stop - 1 + 2 == 89


@pytest.mark.parametrize(("context", "first_origin"), [("before", 199), ("inside", 205)])
def test_context_says_whether_a_test_window_may_look_back(bars, context, first_origin):
    data = make_dataset(bars, WindowSettings(seq_len=6, context=context))
    origins = data.origins(data.test_windows(200, 260, 200))
    assert origins.start == first_origin
    assert origins.stop - 1 + 1 == 260


def test_min_max_maps_the_train_span_onto_zero_and_one(bars):
    data = make_dataset(bars, WindowSettings())
    scaler = fit_scaler(data, 10, 100)
    scaled = scaler.x.forward(data.columns[10:100])
    np.testing.assert_allclose(scaled.min(axis=0), 0.0, atol=1e-15)
    np.testing.assert_allclose(scaled.max(axis=0), 1.0, atol=1e-15)
    assert scaler.y.shift[0] == bars.close[10:100].min()


def test_a_constant_column_is_only_shifted():
    from dataclasses import replace

    flat = walk_bars(60, seed=3)
    flat = replace(flat, open=np.full(60, 5.0))
    scaler = fit_scaler(make_dataset(flat, WindowSettings()), 0, 60)
    assert scaler.x.scale[0] == 1.0


def test_zero_is_persistence_for_a_volatility_return(bars):
    data = make_dataset(bars, SETTINGS[4])
    windows = slice(10, 20)
    zero = np.zeros((10, 3))
    expected = np.repeat(bars.close[data.origins(windows), None], 3, axis=1)
    np.testing.assert_array_equal(data.prices(zero, windows), expected)


def test_the_last_column_of_a_relative_window_is_zero_at_its_own_close(bars):
    data = make_dataset(bars, SETTINGS[3])
    np.testing.assert_array_equal(data.X[:, -1, 3], 0.0)


def test_volatility_is_the_weighted_root_mean_square_by_hand():
    close = np.exp(np.array([0.0, 0.01, -0.01, 0.03]))
    r = np.array([0.01, -0.02, 0.04])
    expected = np.sqrt((0.94**2 * r[0] ** 2 + 0.94 * r[1] ** 2 + r[2] ** 2) / (0.94**2 + 0.94 + 1.0))
    np.testing.assert_allclose(ewma_volatility(close)[-1], expected, rtol=1e-12)


@given(st.integers(2, 60), st.integers(0, 2**32 - 1))
def test_flat_prices_have_a_floor_and_never_divide_by_zero(n, seed):
    assert (ewma_volatility(np.full(n, 1.0 + seed)) > 0.0).all()


def test_bars_without_volume_cannot_feed_it(bars):
    from dataclasses import replace

    blank = replace(bars, volume=np.full(len(bars), np.nan))
    with pytest.raises(BarsError, match="Leave volume out"):
        make_dataset(blank, WindowSettings(features=("close", "volume")))


def test_range_volatility_is_two_weighted_means_of_true_ranges():
    close, high, low = np.array([100.0, 104.0, 103.0, 90.0]), np.full(4, 105.0), np.full(4, 95.0)
    ranges = np.log([105.0 / 95.0, 105.0 / 95.0, 105.0 / 90.0])

    def mean(decay):
        weight = decay ** np.arange(3)[::-1]
        return (weight * ranges).sum() / weight.sum()

    found = range_volatility(high, low, close)
    assert found[-1] == pytest.approx((0.7 * mean(0.9) + 0.3 * mean(0.997)) / 1.596, rel=1e-12)
    assert found[0] == 1e-4
    np.testing.assert_array_equal(range_volatility(high[:3], low[:3], close[:3]), found[:3])


def test_range_volatility_of_a_walk_is_the_size_of_its_returns():
    rng = np.random.default_rng(0)
    moves = np.cumsum(0.01 / np.sqrt(200.0) * rng.standard_normal((2000, 200)), axis=1)
    before = np.cumsum(moves[:, -1]) - moves[:, -1]
    paths = np.exp(moves + before[:, None])
    found = range_volatility(paths.max(axis=1), paths.min(axis=1), paths[:, -1])
    assert found[500:].mean() == pytest.approx(0.01, rel=0.1)


def test_flat_sessions_have_the_least_range_volatility():
    flat = np.full(5, 7.0)
    np.testing.assert_array_equal(range_volatility(flat, flat, flat), np.full(5, 1e-4))


@pytest.mark.parametrize("latest", [1, 7, 1000])
@pytest.mark.parametrize("settings", SETTINGS)
def test_the_latest_windows_alone_are_those_of_all(bars, settings, latest):
    every, some = make_dataset(bars, settings), make_dataset(bars, settings, latest=latest)
    count = min(latest, len(every.X))
    assert some.first == every.first + len(every.X) - count
    assert np.array_equal(some.X, every.X[-count:])
    assert np.array_equal(some.y, every.y[-count:], equal_nan=True)
    assert some.origins(some.latest) == every.origins(every.latest)
