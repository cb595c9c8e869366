"""What a fitted fold says: closes by seed, session and quantile."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tests.conftest import walk_bars

from nextclose.recipes import load_recipe, with_settings
from nextclose.training.fold import fit_fold, uncrossed
from nextclose.training.resolve import resolve_engine
from nextclose.windows import make_dataset

BARS = walk_bars(300, seed=3)
WINDOWS = slice(200, 260)


def fitted(name, **changes):
    recipe = with_settings(load_recipe(name), {"seeds": 2, "epochs": 30} | changes)
    data, engine = make_dataset(BARS, recipe.windows), resolve_engine("fused", recipe)
    return fit_fold(recipe, data, 0, 220, engine), data, engine


TARGETS = [
    {"target": "price", "scaling": "min-max"},
    {"target": "log-return"},
    {"target": "volatility-return", "horizon": 3},
]


@pytest.mark.parametrize("changes", TARGETS, ids=lambda changes: changes["target"])
def test_each_output_is_its_own_quantile_of_its_own_session(changes):
    fold, data, engine = fitted("quantile", **changes)
    K = changes.get("horizon", 1)
    closes = fold.quantile_closes(data, WINDOWS, engine)
    assert closes.shape == (2, 60, K, 3)
    X = fold.scaler.x.forward(data.X[WINDOWS])
    for seed, fit in enumerate(fold.fits):
        outputs = engine.predict(fit.params, X, net=fold.recipe.net, outputs=3 * K)
        assert outputs.shape == (60, 3 * K)
        for q in range(3):
            alone = data.prices(fold.scaler.y.backward(outputs[:, q::3]), WINDOWS)
            np.testing.assert_array_equal(closes[seed, :, :, q], alone)


def test_the_forecast_is_the_median_even_where_outputs_cross():
    fold, data, engine = fitted("quantile", epochs=2)
    swapped = [fit.params | {name: fit.params[name][[2, 1, 0]] for name in ("w_y", "b_y")} for fit in fold.fits]
    crossed = replace(fold, fits=tuple(replace(f, params=p) for f, p in zip(fold.fits, swapped, strict=True)))
    closes = crossed.quantile_closes(data, WINDOWS, engine)
    assert (np.diff(closes, axis=-1) >= 0.0).all()
    for each in (fold, crossed):
        np.testing.assert_array_equal(
            each.forecast(data, WINDOWS, engine), each.quantile_closes(data, WINDOWS, engine)[..., 1]
        )
    np.testing.assert_array_equal(crossed.forecast(data, WINDOWS, engine), fold.forecast(data, WINDOWS, engine))


def test_quantiles_are_pushed_apart_from_the_median_outwards():
    given = np.array([[3.0, 1.0, 2.0, 4.0, 3.5], [0.0, 1.0, 2.0, 3.0, 4.0]])
    np.testing.assert_array_equal(uncrossed(given, 2), [[1.0, 1.0, 2.0, 4.0, 4.0], [0.0, 1.0, 2.0, 3.0, 4.0]])
    np.testing.assert_array_equal(uncrossed(given, 0), [[3.0, 3.0, 3.0, 4.0, 4.0], [0.0, 1.0, 2.0, 3.0, 4.0]])
    np.testing.assert_array_equal(uncrossed(given[:, :1], 0), given[:, :1])


def test_a_net_without_quantiles_has_one():
    fold, data, engine = fitted("default", epochs=2)
    closes = fold.quantile_closes(data, WINDOWS, engine)
    assert closes.shape == (2, 60, 1, 1)
    np.testing.assert_array_equal(closes[..., 0], fold.forecast(data, WINDOWS, engine))


def test_training_moves_the_outer_quantiles_to_where_they_belong():
    """Outputs start at 0; the 5 % and 95 % quantiles of a normal return lie 1.64 volatilities away."""
    fold, data, engine = fitted("quantile", epochs=load_recipe("quantile").training.epochs)
    closes = fold.quantile_closes(data, WINDOWS, engine).mean(axis=0)[:, 0]
    origins = data.origins(WINDOWS)
    units = np.log(closes / data.close[origins, None]) / data.volatility[origins, None]
    low, median, high = units.mean(axis=0)
    assert -2.0 < low < -1.3
    assert abs(median) < 0.25
    assert 1.3 < high < 2.0
