"""What a net is taught at every step, and the logarithms of x + 1."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tests.conftest import walk_bars

from nextclose.core.errors import BarsError
from nextclose.core.settings import WindowSettings
from nextclose.windows import fit_scaler, make_dataset

BARS = walk_bars(120, seed=4)
TARGETS = ["price", "log-return", "volatility-return", "log1p-return"]


def settings(target, **more):
    scaling = "min-max" if target == "price" else "log1p-ratio" if target == "log1p-return" else "log-ratio-volatility"
    return WindowSettings(**({"seq_len": 5, "target": target, "scaling": scaling} | more))


@pytest.mark.parametrize("features", [("open", "close"), ("close", "change")], ids=" ".join)
@pytest.mark.parametrize("target", TARGETS)
def test_every_step_is_taught_the_session_after_it(target, features):
    data = make_dataset(BARS, settings(target, features=features))
    taught = data.taught(every_step=True)
    assert taught.shape == (len(data.X), 5)
    close, vol = BARS.close, data.volatility
    for window in (0, 7, 60):
        for t in range(5):
            row = data.first + window - 4 + t
            expected = {
                "price": close[row + 1],
                "log-return": np.log(close[row + 1] / close[row]),
                "volatility-return": np.log(close[row + 1] / close[row]) / vol[row],
                "log1p-return": np.log((close[row + 1] + 1.0) / (close[row] + 1.0)),
            }
            assert taught[window, t] == pytest.approx(expected[target], rel=1e-9)
    np.testing.assert_array_equal(taught[:, -1:], data.y)
    assert np.isnan(taught[-1, -1])
    assert np.isfinite(taught[:-1]).all()


def test_a_span_teaches_no_session_behind_it():
    data = make_dataset(BARS, settings("price"))
    windows = data.train_windows(0, 80)
    changed = make_dataset(
        replace(BARS, close=np.where(np.arange(120) < 80, BARS.close, 1.0), low=np.minimum(BARS.low, 1.0)),
        settings("price"),
    )
    np.testing.assert_array_equal(data.taught(every_step=True)[windows], changed.taught(every_step=True)[windows])


LOGS = {"features": ("open", "high", "low", "close", "volume"), "horizon": 3}


def test_log1p_windows_by_hand():
    data = make_dataset(BARS, settings("log1p-return", **LOGS))
    columns = np.stack([getattr(BARS, name) for name in LOGS["features"]], axis=1)
    for window in (0, 50, len(data.X) - 1):
        own = columns[window : window + 5]
        np.testing.assert_allclose(data.X[window], np.log(own + 1.0) - np.log(own[-1] + 1.0), rtol=1e-12, atol=1e-15)
        assert not data.X[window, -1].any()
    np.testing.assert_allclose(data.y[10, 2], np.log((BARS.close[17] + 1.0) / (BARS.close[14] + 1.0)), rtol=1e-12)


def test_log1p_targets_are_closes_again():
    data = make_dataset(BARS, settings("log1p-return", **LOGS))
    scaler, windows = fit_scaler(data, 0, 100), slice(20, 60)
    assert scaler.y.shift[0] == 0.0
    assert scaler.y.scale[0] == 1.0
    prices = data.prices(data.y[windows], windows)
    for k in range(3):
        np.testing.assert_allclose(prices[:, k], BARS.close[24 + k + 1 : 64 + k + 1], rtol=1e-12)
    np.testing.assert_allclose(data.prices(np.zeros((40, 3)), windows)[:, 1], BARS.close[24:64], rtol=1e-12)


def test_a_volume_of_nothing_has_a_logarithm():
    quiet = replace(BARS, volume=np.where(np.arange(120) == 30, 0.0, BARS.volume))
    assert np.isfinite(make_dataset(quiet, settings("log1p-return", **LOGS)).X).all()


def test_a_column_of_minus_one_has_none():
    own = replace(BARS, extra={"rsi": np.where(np.arange(120) == 30, -1.0, 0.5)})
    with pytest.raises(BarsError, match="column 'rsi'"):
        make_dataset(own, settings("log1p-return", features=("close", "rsi")))


@pytest.mark.parametrize("target", ["log-return", "price", "volatility-return"])
def test_the_scaler_of_a_recursion_sees_its_train_span_alone(target):
    scaling = "min-max" if target == "price" else "log-ratio"
    settings = WindowSettings(
        features=("close",), horizon=5, strategy="recursive", scaling=scaling, target=target, seq_len=3
    )
    bars = walk_bars(60, seed=4)
    later = np.where(np.arange(60) < 40, 1.0, 3.0)
    moved = replace(bars, **{name: getattr(bars, name) * later for name in ("open", "high", "low", "close")})
    before, after = (fit_scaler(make_dataset(own, settings), 0, 40) for own in (bars, moved))
    np.testing.assert_array_equal(before.y.scale, after.y.scale)
    np.testing.assert_array_equal(before.y.shift, after.y.shift)
    np.testing.assert_array_equal(before.x.scale, after.x.scale)
