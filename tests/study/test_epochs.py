from __future__ import annotations

import numpy as np
import pytest
from tests.conftest import walk_bars

from nextclose.core.errors import FitError
from nextclose.recipes import load_recipe, with_settings
from nextclose.study.epochs import fit_epochs
from nextclose.training.fold import fit_fold
from nextclose.training.resolve import resolve_engine
from nextclose.windows import make_dataset

SPAN = 20, 220
HELD_OUT = {"epochs": 9, "validation": 0.2, "patience": 3, "batch_size": 32, "shuffle": True, "seeds": 3, "lr": 0.05}


def made(more, name="tutorial"):
    recipe = with_settings(load_recipe(name), more)
    return recipe, make_dataset(walk_bars(300, seed=3), recipe.windows), SPAN, resolve_engine("auto", recipe)


@pytest.mark.parametrize("more", [{"epochs": 7, "seeds": 3}, HELD_OUT], ids=["all train", "some validate"])
@pytest.mark.parametrize("seed", [0, 2])
def test_the_net_that_forecasts_is_one_of_the_course(more, seed):
    recipe, data, span, engine = made(more)
    whole = fit_fold(recipe, data, *span, engine).fits[seed]
    last = fit_epochs(recipe, data, span, engine, seed=seed)
    epoch = fit_epochs(recipe, data, span, engine, seed=seed, epochs=whole.best_epoch + 1)
    for name, weights in whole.params.items():
        np.testing.assert_array_equal(last.fits[0].params[name], weights)
        np.testing.assert_array_equal(epoch.fits[0].params[name], weights)
    np.testing.assert_array_equal(epoch.fits[0].losses, whole.losses[: whole.best_epoch + 1])


def test_windows_that_validate_scale_the_net_and_teach_it_nothing():
    recipe, data, span, engine = made(HELD_OUT)
    last, two = fit_epochs(recipe, data, span, engine), fit_epochs(recipe, data, span, engine, epochs=2)
    untrained = fit_epochs(recipe, data, span, engine, epochs=0)
    for fold in (two, untrained):
        np.testing.assert_array_equal(fold.scaler.x.shift, last.scaler.x.shift)
        assert fold.train_shape == last.train_shape
    assert two.held_out == last.held_out > 0
    assert not np.array_equal(untrained.fits[0].params["w_x"], two.fits[0].params["w_x"])


def test_a_scaler_that_saw_more_scales_every_epoch():
    recipe, data, span, engine = made({"epochs": 3, "seeds": 1})
    low, wide = data.columns[:290].min(axis=0), (0, 290)
    for epochs in (0, 2, None):
        fold = fit_epochs(recipe, data, span, engine, epochs=epochs, scaled_on=wide)
        np.testing.assert_array_equal(fold.scaler.x.shift, low)


def test_a_net_that_diverges_is_called_by_its_number():
    recipe, data, span, engine = made({"epochs": 40, "seeds": 3, "lr": 1e6, "activation": "identity"})
    with pytest.raises(FitError, match="seed 2: training diverged"):
        fit_epochs(recipe, data, span, engine, seed=2)
