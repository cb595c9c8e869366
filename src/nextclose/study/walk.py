"""One model walked through the test span: fitted on each fold's past, asked for each fold's targets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from time import process_time

import numpy as np

from nextclose.bars.bars import Bars
from nextclose.baselines import make_baseline
from nextclose.core.errors import BarsError, SettingsError
from nextclose.core.results import LossCurve
from nextclose.core.types import Float64s, Ints
from nextclose.judging.splits import Split
from nextclose.recipes import Recipe
from nextclose.study.watch import Watcher
from nextclose.training.fold import FittedFold, FitWatcher, fit_folds
from nextclose.training.resolve import Engine
from nextclose.windows import Dataset, make_dataset
from nextclose.windows.windows import sliding


@dataclass(frozen=True, kw_only=True, eq=False)
class Walked:
    """A model's forecasts over the test span, and the model of the last fold."""

    name: str
    origins: Ints
    """(n,) row numbers of the last bars seen."""
    prices: Float64s
    """(S, n, K) forecast closes by seed; one seed for what has none."""
    tomorrow: Float64s
    """(S, K) the last fold's model on the last bars."""
    fold: FittedFold | None = None
    """The last fold's nets; None for a baseline."""
    losses: LossCurve | None = None
    shapes: Mapping[str, tuple[int, ...]] | None = None
    final_losses: tuple[float, ...] = ()
    """Each seed's last training loss in the last fold."""
    fits: int = 0
    seconds: float = 0.0
    """Process time of all threads, fits and forecasts."""


class _RecipeWatcher(FitWatcher):
    def __init__(self, watcher: Watcher, model: str) -> None:
        self.watcher, self.model = watcher, model

    def fitted(self, fits: int) -> None:
        self.watcher.fitted(self.model, fits)

    def epoch(self, fold: int, seed: int, epoch: int, loss: float) -> None:
        self.watcher.epoch(self.model, fold, seed, epoch, loss)


def walk_recipe(recipe: Recipe, bars: Bars, split: Split, engine: Engine, watcher: Watcher) -> Walked:
    """Fit `recipe` on every fold of `split` and forecast every target."""
    data = make_dataset(bars, recipe.windows)
    span = data.test_windows(split.test_first, split.test_last, split.test_first)
    if span.stop <= span.start:
        raise _no_targets(recipe, data, split)
    shapes = _shapes(data, split, span)
    watcher.shapes(recipe.name, shapes)
    began = process_time()
    folds = split.folds(recipe.refit_every)
    spans = [(fold.train_start, fold.train_stop) for fold in folds]
    fitted = fit_folds(recipe, data, spans, engine, _RecipeWatcher(watcher, recipe.name))
    prices = []
    for fold, nets in zip(folds, fitted, strict=True):
        windows = data.test_windows(fold.first_target, fold.last_target, split.test_first)
        prices.append(nets.forecast(data, windows, engine))
    last, origins = fitted[-1], data.origins(span)
    return Walked(
        name=recipe.name,
        origins=np.arange(origins.start, origins.stop),
        prices=np.concatenate(prices, axis=1),
        tomorrow=last.forecast(data, data.latest, engine)[:, 0],
        fold=last,
        losses=_curve(fitted[0]),
        shapes=shapes,
        final_losses=tuple(float(fit.losses[-1]) for fit in last.fits),
        fits=recipe.seeds * len(folds),
        seconds=process_time() - began,
    )


def walk_baseline(name: str, seq_len: int, refit_every: int, bars: Bars, split: Split) -> Walked:
    """The same for one of the plainer forecasts; its windows always may look back before the test span."""
    ohlc = np.stack([bars.open, bars.high, bars.low, bars.close], axis=1)
    needs = make_baseline(name, seq_len).needs
    windows = sliding(ohlc, needs)
    began = process_time()
    origins, prices, fitted = [], [], None
    for fold in split.folds(refit_every):
        fitted = make_baseline(name, seq_len).fit(ohlc[fold.train_start : fold.train_stop])
        first = max(fold.first_target - 1, needs - 1)
        rows = np.arange(first, fold.last_target)
        origins.append(rows)
        prices.append(fitted.predict(windows[rows - needs + 1]))
    assert fitted is not None
    return Walked(
        name=name,
        origins=np.concatenate(origins),
        prices=np.concatenate(prices)[None, :, None],
        tomorrow=fitted.predict(windows[-1:])[None, :],
        seconds=process_time() - began,
    )


def _shapes(data: Dataset, split: Split, span: slice) -> dict[str, tuple[int, ...]]:
    train = data.train_windows(split.train_start, split.train_stop)
    return {
        "X_train": data.X[train].shape,
        "y_train": data.y[train].shape,
        "X_test": data.X[span].shape,
        "y_test": data.y[span].shape,
    }


def _curve(fitted: FittedFold) -> LossCurve:
    """The fold's training losses, each seed filled with NaN behind its early stop."""
    width = max(len(fit.losses) for fit in fitted.fits)
    pad = [(fit.losses, fit.val_losses) for fit in fitted.fits]
    losses = np.stack([np.pad(train, (0, width - len(train)), constant_values=np.nan) for train, _ in pad])
    held_out = any(len(val) for _, val in pad)
    val_losses = (
        np.stack([np.pad(val, (0, width - len(val)), constant_values=np.nan) for _, val in pad])
        if held_out
        else np.empty((len(pad), 0))
    )
    return LossCurve(model=fitted.recipe.name, losses=losses, val_losses=val_losses)


def _no_targets(recipe: Recipe, data: Dataset, split: Split) -> SettingsError | BarsError:
    return SettingsError(
        "recipe '{recipe}' can forecast nothing in the test span {first}..{last}: {sessions} sessions, but its windows "
        "need {needed}. Give a longer test span.",
        recipe=recipe.name,
        first=data.dates[split.test_first],
        last=data.dates[split.test_last],
        sessions=split.test_last - split.test_first + 1,
        needed=recipe.windows.seq_len + recipe.windows.horizon,
    )
