"""Windows that go on with forecasts, built by hand from bars."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tests.conftest import walk_bars

from nextclose.core.errors import SettingsError
from nextclose.core.settings import WindowSettings
from nextclose.windows import make_dataset
from nextclose.windows.recursion import gone_on

L = 6
BARS = walk_bars(120, seed=3)
FEATURES = [("close",), ("close", "change"), ("change", "close")]
TARGETS = {"min-max": "price", "none": "price", "log-ratio": "log-return", "log-ratio-volatility": "volatility-return"}


def settings(features=("close", "change"), scaling="min-max", horizon=3):
    return WindowSettings(
        features=features, seq_len=L, horizon=horizon, scaling=scaling, target=TARGETS[scaling], strategy="recursive"
    )


def by_hand(origin, said, features, scaling, volatility):
    """The window that ends with the closes `said` after the bar of row `origin`, (L, F)."""
    closes = [*BARS.close[: origin + 1], *said]
    rows = range(len(closes) - L, len(closes))
    columns = {
        "close": np.array([closes[row] for row in rows]),
        "change": np.array([closes[row] / closes[row - 1] - 1.0 for row in rows]),
    }
    if scaling.startswith("log-ratio"):
        unit = volatility[origin] if scaling.endswith("volatility") else 1.0
        columns = {"close": np.log(columns["close"] / closes[-1]) / unit, "change": columns["change"] / unit}
    return np.stack([columns[name] for name in features], axis=1)


@pytest.mark.parametrize("said", [1, 2, L - 1, L, L + 2])
@pytest.mark.parametrize("features", FEATURES, ids=" ".join)
@pytest.mark.parametrize("scaling", TARGETS)
def test_forecast_closes_are_the_last_bars_of_a_window(scaling, features, said):
    data = make_dataset(BARS, settings(features, scaling))
    windows = slice(40, 45)
    closes = BARS.close[data.origins(windows), None] * np.exp(0.01 * np.random.default_rng(said).normal(size=(5, said)))
    got = gone_on(data, windows, closes)
    assert got.shape == (5, L, len(features))
    for number, origin in enumerate(range(*data.origins(windows).indices(len(BARS)))):
        expected = by_hand(origin, closes[number], features, scaling, data.volatility)
        np.testing.assert_allclose(got[number], expected, rtol=1e-9, atol=1e-12)


def test_without_a_forecast_the_windows_are_the_datas_own():
    data = make_dataset(BARS, settings())
    np.testing.assert_array_equal(gone_on(data, slice(3, 9), np.empty((6, 0))), data.X[3:9])


@pytest.mark.parametrize("scaling", TARGETS)
def test_no_bar_behind_the_origin_enters(scaling):
    data = make_dataset(BARS, settings(scaling=scaling))
    windows = slice(40, 45)
    last = data.origins(windows).stop
    later = {
        name: np.concatenate([getattr(BARS, name)[:last], 2.0 * getattr(BARS, name)[last:]])
        for name in ("open", "high", "low", "close")
    }
    other = make_dataset(replace(BARS, **later), settings(scaling=scaling))
    said = np.full((5, 2), 90.0)
    np.testing.assert_array_equal(gone_on(data, windows, said), gone_on(other, windows, said))
    assert not np.array_equal(gone_on(data, slice(45, 50), said), gone_on(other, slice(45, 50), said))


def test_a_net_is_taught_one_session_and_judged_on_all():
    data = make_dataset(BARS, settings())
    assert data.y.shape[1] == 3
    np.testing.assert_array_equal(data.taught(every_step=False), data.y[:, :1])
    direct = make_dataset(BARS, replace(settings(), strategy="direct"))
    np.testing.assert_array_equal(direct.taught(every_step=False), direct.y)


@pytest.mark.parametrize("features", [("open", "close"), ("change",), ("close", "volume")])
def test_bars_that_cannot_be_forecast_are_refused(features):
    with pytest.raises(SettingsError, match="strategy=recursive"):
        settings(features)
