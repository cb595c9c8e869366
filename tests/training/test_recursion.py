"""Several sessions ahead by recursion: a one-step net asked again and again, as a loop over bars does it by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tests.conftest import walk_bars

import nextclose as nc
from nextclose.recipes import load_recipe, with_settings
from nextclose.study.walk import held_out_scores
from nextclose.training.fold import fit_fold
from nextclose.training.resolve import resolve_engine
from nextclose.windows import make_dataset

BARS = replace(walk_bars(220, seed=5), exchange="XNYS")
L = 5
QUICK = {"epochs": 4, "seeds": 2, "seq_len": L, "features": ("close", "change"), "batch_size": 32}
RECURSIVE = {"strategy": "recursive", "horizon": 3}
KINDS = {
    "relative": {"scaling": "log-ratio-volatility", "target": "volatility-return"},
    "min-max": {"scaling": "min-max", "target": "price"},
    "log1p": {"scaling": "log1p-ratio", "target": "log1p-return", "features": ("close",)},
}
NETS = {"fused": {}, "torch": {"bidirectional": True}, "many-to-many": {"head": "every-step"}}


def fitted(**changes):
    recipe = with_settings(load_recipe("default"), {**QUICK, **changes})
    data, engine = make_dataset(BARS, recipe.windows), resolve_engine("auto", recipe)
    return fit_fold(recipe, data, 0, 180, engine), data, engine


def by_hand(fold, fit, engine, origin, volatility):
    """Three closes after row `origin`: each is a bar of the next window, in plain Python."""
    windows, scaler = fold.recipe.windows, fold.scaler
    closes = list(BARS.close[: origin + 1])
    for _ in range(3):
        own = np.array(closes[-L:])
        change = own / np.array(closes[-L - 1 : -1]) - 1.0
        if windows.scaling == "log-ratio-volatility":
            columns = {"close": np.log(own / own[-1]) / volatility, "change": change / volatility}
        elif windows.scaling == "log1p-ratio":
            columns = {"close": np.log(own + 1.0) - np.log(own[-1] + 1.0)}
        else:
            columns = {"close": own, "change": change}
        X = np.stack([columns[name] for name in windows.features], axis=1)[None]
        said = engine.predict(fit.params, (X - scaler.x.shift) / scaler.x.scale, net=fold.recipe.net, outputs=1)
        value = float(said[0, 0] * scaler.y.scale[0] + scaler.y.shift[0])
        if windows.target == "volatility-return":
            value = closes[-1] * np.exp(value * volatility)
        elif windows.target == "log1p-return":
            value = (closes[-1] + 1.0) * np.exp(value) - 1.0
        closes.append(value)
    return closes[-3:]


@pytest.mark.parametrize("net", NETS)
@pytest.mark.parametrize("kind", KINDS)
def test_three_sessions_are_what_a_loop_over_bars_says(kind, net):
    fold, data, engine = fitted(**RECURSIVE, **KINDS[kind], **NETS[net], dtype="float64", zero_head=False)
    asked = slice(180 - data.first, 190 - data.first)
    closes = fold.forecast(data, asked, engine)
    assert closes.shape == (2, 10, 3)
    for seed, fit in enumerate(fold.fits):
        for number, origin in enumerate(range(180, 190)):
            expected = by_hand(fold, fit, engine, origin, data.volatility[origin])
            np.testing.assert_allclose(closes[seed, number], expected, rtol=1e-8)
    assert np.abs(np.diff(closes, axis=-1)).min() > 0.0


@pytest.mark.parametrize("kind", KINDS)
def test_one_session_by_recursion_is_one_session_directly(kind):
    direct, data, engine = fitted(horizon=1, **KINDS[kind])
    recursive, other, _ = fitted(horizon=1, strategy="recursive", **KINDS[kind])
    longer, further, _ = fitted(**RECURSIVE, **KINDS[kind])
    asked = slice(180 - data.first, 200 - data.first)
    expected = direct.forecast(data, asked, engine)
    np.testing.assert_allclose(recursive.forecast(other, asked, engine), expected, rtol=1e-12)
    np.testing.assert_allclose(longer.forecast(further, asked, engine)[..., :1], expected, rtol=1e-12)
    for own, one in zip(longer.fits, direct.fits, strict=True):
        for name, array in own.params.items():
            np.testing.assert_array_equal(array, one.params[name])


@pytest.mark.parametrize("strategy", ["direct", "recursive"])
def test_scores_are_of_targets_that_have_matured(strategy):
    """The held-out tail of rows 0..179: the last origin that is scored has its third close in row 179."""
    fold, data, engine = fitted(**{**RECURSIVE, "strategy": strategy})
    scores = held_out_scores(fold, data, (0, 180), engine)
    first = data.train_windows(0, 180).stop - fold.held_out + data.first
    assert scores.errors.shape == (180 - 3 - first, 3)
    later = np.where(np.arange(220) < 180, 1.0, 1.5)
    changed = replace(BARS, **{name: getattr(BARS, name) * later for name in ("open", "high", "low", "close")})
    again = held_out_scores(fold, make_dataset(changed, data.settings), (0, 180), engine)
    np.testing.assert_array_equal(scores.errors, again.errors)


@pytest.mark.parametrize("strategy", ["direct", "recursive"])
@pytest.mark.parametrize("cut", [180, 190, 196])
def test_no_later_bar_moves_an_interval_of_any_step(strategy, cut):
    """Bars from row `cut` on are altered: every forecast with an earlier origin keeps its bits, interval included."""
    later = np.where(np.arange(220) < cut, 1.0, 1.5)
    changed = replace(BARS, **{name: getattr(BARS, name) * later for name in ("open", "high", "low", "close")})
    asked = {"recipes": ["default"], "test_start": str(BARS.dates[180]), "ladder": False, "refit_every": 7}
    asked["settings"] = {**QUICK, **RECURSIVE, "strategy": strategy, "epochs": 2}
    before, after = (nc.run(bars, **asked).table.of("default") for bars in (BARS, changed))
    for step in (1, 2, 3):
        rows = [table.where((table.step == step) & (table.origin < BARS.dates[cut])) for table in (before, after)]
        assert len(rows[0]) == cut - 179
        for name in ("yhat", "lo", "hi", "p_up"):
            assert np.isfinite(getattr(rows[0], name)).all()
            np.testing.assert_array_equal(getattr(rows[0], name), getattr(rows[1], name))


@pytest.mark.parametrize("refit_every", [0, 9])
def test_recursion_passes_the_future_test(refit_every):
    recipe = with_settings(load_recipe("default"), {**QUICK, **RECURSIVE})
    found = nc.future_test(recipe, BARS, test_start=str(BARS.dates[180]), refit_every=refit_every)
    assert found.passed, found.sentence
    assert found.forecasts >= 3 * 38


def test_a_saved_model_goes_on_by_recursion(tmp_path):
    model = nc.Forecaster("default", settings={**QUICK, **RECURSIVE}).fit(BARS)
    rows, _ = model.predict_steps()
    loaded, _ = nc.load(model.save(tmp_path / "model")).predict_steps()
    assert [row.yhat for row in rows] == [row.yhat for row in loaded]
    assert len(rows) == 3
    fold, data = model.model.fold, make_dataset(BARS, model.recipe.windows)
    hand = [by_hand(fold, fit, model.engine, 219, data.volatility[219]) for fit in fold.fits]
    np.testing.assert_allclose([row.yhat for row in rows], np.mean(hand, axis=0), rtol=1e-5)
