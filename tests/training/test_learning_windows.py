"""Which windows train and which validate: by share, or from a date on."""

from __future__ import annotations

import numpy as np
import pytest
from tests.conftest import walk_bars

from nextclose.recipes import load_recipe, with_settings
from nextclose.training.fold import fit_fold, held_out_count, learning_windows
from nextclose.training.resolve import resolve_engine
from nextclose.windows import make_dataset

BARS = walk_bars(200, seed=6)
DATE = str(BARS.dates[120])
SPAN = 10, 170
SHAPES = [("direct", 1), ("direct", 4), ("recursive", 4)]


def made(context="before", strategy="direct", horizon=1, **changes):
    own = {
        "seq_len": 6,
        "features": ("close", "change"),
        "validation": 0.25,
        "refit_every": 0,
        "validation_start": DATE,
    }
    own |= {"context": context, "strategy": strategy, "horizon": horizon}
    recipe = with_settings(load_recipe("default"), own | changes)
    return recipe, make_dataset(BARS, recipe.windows)


@pytest.mark.parametrize(("strategy", "horizon"), SHAPES)
@pytest.mark.parametrize("context", ["before", "inside"])
def test_a_date_parts_the_windows(context, strategy, horizon):
    recipe, data = made(context, strategy, horizon)
    train, held_out = learning_windows(recipe, data, SPAN)
    taught = recipe.windows.outputs
    origins, later = data.origins(train), data.origins(held_out)
    assert origins.start - 6 + 1 == SPAN[0]
    assert origins.stop - 1 + taught == 119, "the last target that trains is the session before the date"
    first_bar, first_target = later.start - 6 + 1, later.start + 1
    assert (first_bar if context == "inside" else first_target) == 120
    assert later.stop - 1 + taught == SPAN[1] - 1
    assert held_out_count(recipe, data, SPAN) == later.stop - later.start


@pytest.mark.parametrize("date", [str(BARS.dates[123] - np.timedelta64(1, "D")), DATE])
def test_a_date_that_is_no_session_is_the_next_one(date):
    recipe, data = made(validation_start=date)
    first = data.origins(learning_windows(recipe, data, SPAN)[1]).start + 1
    assert BARS.dates[first] >= np.datetime64(date)
    assert BARS.dates[first - 1] < np.datetime64(date)


@pytest.mark.parametrize(
    "changes",
    [
        {"refit_every": 7},
        {"validation_start": None},
        {"validation_start": str(BARS.dates[5])},
        {"validation_start": str(BARS.dates[185])},
        {"context": "inside", "validation_start": str(BARS.dates[166])},
    ],
    ids=["refitted", "no date", "before the span", "behind the span", "no room"],
)
def test_by_share_the_latest_validate(changes):
    recipe, data = made(**changes)
    train, held_out = learning_windows(recipe, data, SPAN)
    whole = data.train_windows(*SPAN)
    assert (train.start, train.stop, held_out.stop) == (whole.start, held_out.start, whole.stop)
    assert held_out.stop - held_out.start == round(0.25 * (whole.stop - whole.start))


def test_a_fold_learns_from_the_one_and_stops_by_the_other():
    recipe, data = made(seeds=1, epochs=3, patience=None, restore_best=False, dtype="float64")
    engine = resolve_engine("torch", recipe)
    fold = fit_fold(recipe, data, *SPAN, engine)
    train, held_out = learning_windows(recipe, data, SPAN)
    assert fold.train_shape == (data.train_windows(*SPAN).stop - data.train_windows(*SPAN).start, 6, 2)
    assert fold.held_out == held_out.stop - held_out.start
    X = fold.scaler.x.forward(data.X[held_out])
    said = engine.predict(fold.fits[0].params, X, net=recipe.net, outputs=1)
    error = np.mean((said - fold.scaler.y.forward(data.y[held_out])) ** 2)
    assert fold.fits[0].val_losses[-1] == pytest.approx(error, rel=1e-9)
    assert train.stop < held_out.start + 1
