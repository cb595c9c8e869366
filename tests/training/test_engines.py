"""Both engines on every recipe: the same numbers, through the path that a run takes."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from tests.conftest import walk_bars

from nextclose.core.errors import FitError
from nextclose.core.fit import Task
from nextclose.core.settings import NetSettings, TrainingSettings
from nextclose.core.start import net_shape, start_params
from nextclose.recipes import all_recipes, load_recipe, with_settings
from nextclose.training.fold import FitWatcher, closes_by_fold, closes_of, fit_fold, fit_folds, uncrossed
from nextclose.training.fused import uncovered
from nextclose.training.resolve import resolve_engine
from nextclose.windows import fit_scaler, make_dataset

TOLERANCE = {"float64": 1e-10, "float32": 1e-5}
"""Relative to each array's largest value."""
ENGINES = ("fused", "torch")
UPDATES = 100
BARS = walk_bars(420, seed=7)
SPANS = [(0, 300), (0, 321), (40, 420)]
NET = NetSettings(hidden_size=3)
COVERED = [
    recipe.name for recipe in all_recipes() if recipe.series is None and uncovered(recipe.net, recipe.training) is None
]
"""Recipes that both engines can fit."""


def close(got, expected, tolerance, name=""):
    scale = np.abs(expected).max() or 1.0
    assert got.shape == expected.shape, name
    assert np.abs(got - expected).max() <= tolerance * scale, f"{name}: {np.abs(got - expected).max() / scale:.2e} off"


def distance(fit, truth):
    """The largest difference of any array, relative to its largest value.

    A normalisation divides by deviations that may be small, so that PyTorch's own float32 is farther from its float64
    than the tolerance.
    """
    assert fit.best_epoch == truth.best_epoch
    assert fit.params.keys() == truth.params.keys()
    pairs = [(fit.losses, truth.losses), *((fit.params[name], array) for name, array in truth.params.items())]
    return max(np.abs(own - wide).max() / np.abs(wide).max() for own, wide in pairs)


def engines(recipe):
    return [resolve_engine(name, recipe) for name in ENGINES]


def hundred_updates(name, dtype):
    """The recipe with two seeds, no early stop, as many epochs as make 100 updates, and a rate that is comparable."""
    recipe = load_recipe(name)
    batches = 1 if recipe.training.batch_size is None else 2
    batch_size = None if batches == 1 else 200
    lr = recipe.training.lr if recipe.training.optimizer == "sgd" else min(recipe.training.lr, 0.001)
    return with_settings(
        recipe,
        {"dtype": dtype, "seeds": 2, "epochs": UPDATES // batches, "batch_size": batch_size, "lr": lr}
        | {"validation": 0.0, "patience": None, "restore_best": True},
    )


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("name", COVERED)
def test_a_recipe_starts_alike(name, dtype):
    recipe = load_recipe(name)
    data = make_dataset(BARS, recipe.windows)
    _, seq_len, input_size = data.X.shape
    shape = net_shape(recipe.net, input_size=input_size, seq_len=seq_len, output_size=1)
    params = {key: array.astype(dtype) for key, array in start_params(recipe.net, shape, seed=3).items()}
    scaler = fit_scaler(data, 0, 300)
    X = scaler.x.forward(data.X)
    fused, reference = (engine.predict(params, X, net=recipe.net, outputs=1) for engine in engines(recipe))
    assert fused.dtype == reference.dtype == np.float64
    close(fused, reference, TOLERANCE[dtype])


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("name", COVERED)
def test_a_recipe_is_fitted_alike(name, dtype):
    recipe = hundred_updates(name, dtype)
    data = make_dataset(BARS, recipe.windows)
    fused, reference = (fit_fold(recipe, data, 0, 410, engine) for engine in engines(recipe))
    assert fused.train_shape == reference.train_shape
    if recipe.net.head == "batchnorm" and dtype == "float32":
        wide = with_settings(recipe, {"dtype": "float64"})
        truth = fit_fold(wide, data, 0, 410, engines(wide)[ENGINES.index("torch")])
        far = [max(map(distance, fold.fits, truth.fits)) for fold in (fused, reference)]
        assert far[0] <= 3.0 * far[1] < 0.02
        return
    for own, other in zip(fused.fits, reference.fits, strict=True):
        assert own.best_epoch == other.best_epoch == recipe.training.epochs - 1
        assert own.params.keys() == other.params.keys()
        close(own.losses, other.losses, TOLERANCE[dtype], "losses")
        for key, array in other.params.items():
            assert own.params[key].dtype == array.dtype == dtype
            close(own.params[key], array, TOLERANCE[dtype], key)


MORE = [
    {"optimizer": "rmsprop", "lr": 1e-3, "momentum": 0.5, "weight_decay": 0.01, "batch_size": 32, "shuffle": True},
    {"optimizer": "adamw", "lr": 1e-3, "weight_decay": 0.1, "clip_norm": 0.05, "lr_step": 3, "lr_gamma": 0.5},
    {"optimizer": "sgd", "lr": 0.02, "momentum": 0.9, "lr_step": 1, "lr_gamma": 0.9, "batch_size": 64},
    {"cell": "lstm", "num_layers": 2, "bias": True, "h0": "random", "init": "rnn", "clip_norm": 1.0},
    {"cell": "gru", "num_layers": 2, "horizon": 3, "features": ("close", "change"), "scaling": "standard"},
    {"cell": "gru", "memory": False, "zero_head": True, "output_bias": False, "horizon": 2},
    {"cell": "mlp", "h0": "random", "bias": True},
    {"cell": "rnn", "activation": "relu", "bias": True, "h0": "random", "target": "log-return"},
    {
        "loss": "pinball",
        "quantiles": (0.05, 0.5, 0.95),
        "horizon": 3,
        "batch_size": 64,
        "optimizer": "adam",
        "lr": 1e-3,
    },
    {"loss": "pinball", "quantiles": (0.5,), "target": "log-return", "zero_head": True},
    {"loss": "pinball", "quantiles": (0.1, 0.5), "cell": "lstm", "clip_norm": 0.01, "horizon": 2, "output_bias": False},
]


@pytest.mark.parametrize("changes", MORE, ids=lambda changes: " ".join(f"{k}={v}" for k, v in changes.items()))
def test_settings_mean_the_same(changes):
    recipe = with_settings(
        load_recipe("tutorial"), {"dtype": "float64", "seeds": 2, "epochs": 12, "hidden_size": 5} | changes
    )
    data = make_dataset(BARS, recipe.windows)
    fused, reference = (fit_folds(recipe, data, SPANS, engine) for engine in engines(recipe))
    for fold, other in zip(fused, reference, strict=True):
        for own, wanted in zip(fold.fits, other.fits, strict=True):
            assert own.params.keys() == wanted.params.keys()
            for key, array in wanted.params.items():
                close(own.params[key], array, TOLERANCE["float64"], key)


@pytest.mark.parametrize("cell", ["rnn", "mlp"])
def test_weights_and_a_first_state_from_a_file_mean_the_same(tmp_path, cell):
    recipe = with_settings(load_recipe("tutorial"), {"dtype": "float64", "seeds": 1, "epochs": 9, "cell": cell})
    data = make_dataset(BARS, recipe.windows)
    shape = net_shape(recipe.net, input_size=4, seq_len=4, output_size=1)
    given = start_params(recipe.net, shape, seed=8) | {"h_0": np.full((1, 10), 0.25)}
    path = tmp_path / "weights.json"
    path.write_text(json.dumps({"init": {name: array.tolist() for name, array in given.items()}}), encoding="utf-8")
    recipe = with_settings(recipe, {"init": str(path)})
    fused, reference = (fit_fold(recipe, data, 0, 300, engine).fits[0].params for engine in engines(recipe))
    assert ("h_0" in fused) == (cell == "rnn")
    assert fused.keys() == reference.keys()
    for key, array in reference.items():
        close(fused[key], array, TOLERANCE["float64"], key)


def early(**changes):
    stops = {"dtype": "float64", "validation": 0.3, "patience": 5, "epochs": 80, "seeds": 3, "batch_size": 64}
    recipe = with_settings(load_recipe("default"), stops | changes)
    return recipe, make_dataset(BARS, recipe.windows)


@pytest.mark.parametrize(
    "loss", [{}, {"loss": "pinball", "quantiles": (0.05, 0.5, 0.95), "lr": 0.03}], ids=["mse", "pinball"]
)
@pytest.mark.parametrize("shuffle", [False, True])
def test_early_stops_are_the_same(shuffle, loss):
    recipe, data = early(shuffle=shuffle, **loss)
    fused, reference = (fit_folds(recipe, data, SPANS, engine) for engine in engines(recipe))
    stopped = 0
    for fold, other in zip(fused, reference, strict=True):
        for own, wanted in zip(fold.fits, other.fits, strict=True):
            assert (own.best_epoch, len(own.losses)) == (wanted.best_epoch, len(wanted.losses))
            close(own.val_losses, wanted.val_losses, TOLERANCE["float64"], "val_losses")
            close(own.params["w_x"], wanted.params["w_x"], TOLERANCE["float64"], "w_x")
            stopped += len(own.losses) < recipe.training.epochs
    assert stopped > 0


@pytest.mark.parametrize("engine", ENGINES)
def test_folds_at_once_are_the_folds_one_by_one(engine):
    recipe, data = early(shuffle=True, dtype="float32")
    resolved = resolve_engine(engine, recipe)
    together = fit_folds(recipe, data, SPANS, resolved)
    for span, fold in zip(SPANS, together, strict=True):
        alone = fit_fold(recipe, data, *span, resolved)
        assert alone.train_shape == fold.train_shape
        for own, other in zip(fold.fits, alone.fits, strict=True):
            np.testing.assert_array_equal(own.losses, other.losses)
            for key, array in other.params.items():
                np.testing.assert_array_equal(own.params[key], array)


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("engine", ENGINES)
def test_a_tasks_scaling_is_the_scalers_bit_for_bit(engine, dtype):
    recipe = with_settings(load_recipe("tutorial"), {"dtype": dtype, "epochs": 3})
    data = make_dataset(BARS, recipe.windows)
    scaler = fit_scaler(data, 0, 300)
    windows = data.train_windows(0, 300)
    span = {"start": windows.start, "stop": 200, "val_start": 200, "val_stop": windows.stop}
    scales = {
        "x_shift": scaler.x.shift,
        "x_scale": scaler.x.scale,
        "y_shift": scaler.y.shift,
        "y_scale": scaler.y.scale,
    }
    X, y = scaler.x.forward(data.X), scaler.y.forward(data.y)
    fit_many = resolve_engine(engine, recipe).fit_many
    settings = {"net": recipe.net, "training": recipe.training}
    (inside,) = fit_many(data.X, data.y, [Task(**span, **scales)], **settings)
    (before,) = fit_many(X, y, [Task(**span)], **settings)
    np.testing.assert_array_equal(inside.losses, before.losses)
    np.testing.assert_array_equal(inside.val_losses, before.val_losses)
    for key, array in before.params.items():
        np.testing.assert_array_equal(inside.params[key], array)


def test_a_task_may_have_settings_of_its_own():
    rng = np.random.default_rng(0)
    X, y = rng.random((50, 4, 2)), rng.random((50, 1))
    own = {"lr": 0.1, "epochs": 7, "batch_size": 20, "momentum": 0.3, "weight_decay": 0.01, "clip_norm": 0.5}
    tasks = [Task(start=0, stop=50, seed=1, **own, lr_step=2, lr_gamma=0.5), Task(start=10, stop=40)]
    training = TrainingSettings(dtype="float64", epochs=5)
    fused, reference = (
        resolve_engine(name, load_recipe("tutorial")).fit_many(X, y, tasks, net=NET, training=training)
        for name in ENGINES
    )
    assert [len(fit.losses) for fit in fused] == [len(fit.losses) for fit in reference] == [7, 5]
    for fit, other in zip(fused, reference, strict=True):
        close(fit.params["w_h"], other.params["w_h"], TOLERANCE["float64"])


@pytest.mark.parametrize("name", ["tutorial", "quantile"])
def test_many_nets_are_asked_at_once(name):
    recipe = with_settings(load_recipe(name), {"epochs": 1, "seeds": 2})
    data = make_dataset(BARS, recipe.windows)
    for engine in engines(recipe):
        folds = [fit_fold(recipe, data, 0, stop, engine) for stop in (200, 300)]
        asked = [(folds[0], slice(200, 230)), (folds[1], slice(5, 5)), (folds[1], slice(300, 301))]
        for (fold, windows), closes in zip(asked, closes_by_fold(asked, data, engine), strict=True):
            outputs = [
                engine.predict(
                    fit.params, fold.scaler.x.forward(data.X[windows]), net=recipe.net, outputs=recipe.training.heads
                )
                for fit in fold.fits
            ]
            alone = uncrossed(closes_of(np.stack(outputs), fold.scaler, data, windows), recipe.training.median)
            np.testing.assert_array_equal(closes, alone)


@pytest.mark.parametrize(("name", "quantiles"), [("tutorial", 1), ("quantile", 3)])
def test_no_windows_have_no_outputs(name, quantiles):
    recipe = load_recipe(name)
    data = make_dataset(BARS, recipe.windows)
    for engine in engines(recipe):
        fold = fit_fold(with_settings(recipe, {"epochs": 1}), data, 0, 100, engine)
        assert fold.forecast(data, slice(5, 5), engine).shape == (5, 0, 1)
        assert fold.quantile_closes(data, slice(5, 5), engine).shape == (5, 0, 1, quantiles)


class Heard(FitWatcher):
    def __init__(self):
        self.fits, self.told = 0, []

    def fitted(self, fits):
        self.fits += fits

    def losses(self, fold, seed, losses):
        self.told.append((fold, seed, losses.tolist()))


@pytest.mark.parametrize("engine", ENGINES)
def test_a_watcher_hears_of_all_fits_then_of_every_loss_in_order(engine):
    recipe = with_settings(load_recipe("tutorial"), {"epochs": 3, "seeds": 2})
    heard = Heard()
    folds = fit_folds(recipe, make_dataset(BARS, recipe.windows), SPANS, resolve_engine(engine, recipe), heard)
    assert heard.fits == 6
    assert heard.told == [
        (number, seed, fit.losses.tolist()) for number, fold in enumerate(folds) for seed, fit in enumerate(fold.fits)
    ]


@pytest.mark.parametrize("engine", ENGINES)
def test_a_fit_that_fails_says_which(engine):
    recipe = with_settings(
        load_recipe("tutorial"), {"epochs": 30, "seeds": 2, "lr": 1e30, "activation": "relu", "target": "log-return"}
    )
    data = make_dataset(BARS, recipe.windows)
    with pytest.raises(
        FitError, match=r"^recipe 'tutorial', fold 1 of 3, seed 0: training diverged: .* Lower the"
    ) as caught:
        fit_folds(recipe, data, SPANS, resolve_engine(engine, recipe))
    assert "1번째" in caught.value.message("ko")
    assert "발산" in caught.value.message("ko")
    spoilt = replace(data, X=np.where(np.arange(len(data.X))[:, None, None] == 330, np.nan, data.X))
    calm = with_settings(recipe, {"lr": 0.01})
    with pytest.raises(FitError, match="fold 3 of 3, seed 0: X holds 16 values that are not finite"):
        fit_folds(calm, spoilt, SPANS, resolve_engine(engine, calm))
