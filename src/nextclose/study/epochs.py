"""One net after any number of its training's epochs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from nextclose.core.fit import Fit
from nextclose.core.start import net_shape, start_params
from nextclose.recipes import Recipe, with_settings
from nextclose.training.fold import FittedFold, FitWatcher, Wanted, fit_all, learning_windows, read_init
from nextclose.training.resolve import Engine
from nextclose.windows import Dataset, fit_scaler


def fit_epochs(
    recipe: Recipe,
    data: Dataset,
    span: tuple[int, int],
    engine: Engine,
    *,
    epochs: int | None = None,
    seed: int = 0,
    scaled_on: tuple[int, int] | None = None,
    watcher: FitWatcher | None = None,
) -> FittedFold:
    """One seed's net of a train span, as it is after so many epochs of the recipe's own training.

    Parameters
    ----------
    span : bars `span[0]`..`span[1]`-1 train.
    epochs : 0 is the net before its first update; None the net that forecasts: the last, or the best on the windows that
        validate. With a number the same windows train, and those that validate are only left out.
    seed : which of the recipe's nets, from 0.
    scaled_on : as in `Wanted`.

    Raises
    ------
    TooFewBarsError, SettingsError, FitError : as `fit_all`.
    """
    one = replace(recipe, seeds=1)
    if epochs == 0:
        return _untrained(one, data, span, seed, scaled_on)
    wanted = Wanted(
        recipe=one,
        data=data,
        spans=[span],
        engine=engine,
        watcher=watcher or FitWatcher(),
        scaled_on=scaled_on,
        first_seed=seed,
    )
    if epochs is None:
        return fit_all([wanted])[0].folds[0]
    train, held_out = learning_windows(one, data, span)
    exactly = with_settings(one, {"epochs": epochs, "patience": None, "validation": 0.0})
    learned = span[0], train.stop + data.first + one.windows.outputs
    fold = fit_all([replace(wanted, recipe=exactly, spans=[learned], scaled_on=scaled_on or span)])[0].folds[0]
    return replace(fold, recipe=one, train_shape=_shape(data, span), held_out=max(held_out.stop - held_out.start, 0))


def _untrained(
    recipe: Recipe, data: Dataset, span: tuple[int, int], seed: int, scaled_on: tuple[int, int] | None
) -> FittedFold:
    """The net before its first update."""
    _, seq_len, input_size = data.X.shape
    outputs = recipe.windows.outputs * recipe.training.heads
    shape = net_shape(recipe.net, input_size=input_size, seq_len=seq_len, output_size=outputs)
    params = start_params(recipe.net, shape, seed=seed, init=read_init(recipe.net))
    own = {name: array.astype(recipe.training.dtype) for name, array in params.items()}
    return FittedFold(
        recipe=recipe,
        scaler=fit_scaler(data, *(scaled_on or span)),
        fits=(Fit(params=own, losses=np.empty(0), val_losses=np.empty(0), best_epoch=-1),),
        train_shape=_shape(data, span),
    )


def _shape(data: Dataset, span: tuple[int, int]) -> tuple[int, int, int]:
    N, L, F = data.X[data.train_windows(*span)].shape
    return N, L, F
