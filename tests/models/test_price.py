"""The module that an exported graph is made of says what the windows and the fitted nets say."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from tests.conftest import walk_bars

import nextclose as nc
from nextclose.models.price import PriceNet, ewma_volatility, uncrossed
from nextclose.recipes import load_recipe, recipe_names
from nextclose.training import fold as training
from nextclose.training.resolve import resolve_engine
from nextclose.windows import ewma_volatility as of_windows
from nextclose.windows import make_dataset

QUICK = {"epochs": 2, "seeds": 2}


@pytest.mark.parametrize("name", [name for name in recipe_names() if load_recipe(name).series is None])
def test_prices_from_raw_bars_are_the_fold_s(name):
    check(name, {})


def check(name, settings):
    """At some origins, with all bars up to there."""
    bars = walk_bars(200, seed=3)
    model = nc.Forecaster(name, settings=QUICK | settings).fit(bars).model
    data = make_dataset(bars, model.fold.recipe.windows)
    net = PriceNet(model.fold.recipe, model.fold.scaler, [fit.params for fit in model.fold.fits])
    engine = resolve_engine("auto", model.fold.recipe)
    for window in (0, 17, len(data.X) - 1):
        closes = model.fold.quantile_closes(data, slice(window, window + 1), engine).mean(axis=0)[0]
        said = net(torch.tensor(data.columns[: data.first + window + 1]))
        price, quantiles = said if net.heads > 1 else (said, said[:, None])
        np.testing.assert_allclose(quantiles.numpy(), closes, rtol=1e-6)
        np.testing.assert_array_equal(price.numpy(), quantiles.numpy()[:, net.median])


@pytest.mark.parametrize(
    "settings",
    [
        {"scaling": "log-ratio", "target": "log-return", "features": ["volume", "close", "adj_close", "change"]},
        {"scaling": "none", "target": "price", "features": ["close"], "seq_len": 1},
        {"cell": "lstm", "decoder": "attention", "horizon": 3, "h0": "random"},
        {"cell": "gru", "bidirectional": True, "head": "batchnorm", "num_layers": 2},
        {"cell": "transformer", "bias": True, "num_heads": 4},
        {"strategy": "recursive", "horizon": 3, "features": ["change", "close"], "h0": "random"},
        {
            "strategy": "recursive",
            "horizon": 2,
            "features": ["close"],
            "seq_len": 1,
            "scaling": "standard",
            "target": "price",
        },
        {"scaling": "log1p-ratio", "target": "log1p-return", "features": ["volume", "close"], "horizon": 2},
    ],
)
def test_prices_of_other_settings_are_the_fold_s(settings):
    check("default", settings)


@pytest.mark.parametrize("rows", [1, 2, 3, 60])
def test_the_volatility_at_the_last_close_is_the_windows(rows):
    close = walk_bars(60, seed=1).close[:rows]
    assert float(ewma_volatility(torch.tensor(close))) == pytest.approx(of_windows(close)[-1], rel=1e-12)


def test_flat_closes_have_the_least_volatility():
    flat = np.full(5, 60_000.0)
    assert float(ewma_volatility(torch.tensor(flat))) == of_windows(flat)[-1] > 0.0


@pytest.mark.parametrize("median", [0, 1, 2, 3])
def test_quantiles_are_pushed_apart_as_the_fold_s_are(median):
    closes = np.random.default_rng(4).standard_normal((2, 3, 4))
    np.testing.assert_array_equal(uncrossed(torch.tensor(closes), median).numpy(), training.uncrossed(closes, median))
