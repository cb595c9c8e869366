"""One recipe fitted on training spans: a net a span and seed, and the scaler that a span's nets share."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from nextclose.core.cells import cell_spec
from nextclose.core.errors import BarsError, FitError, SettingsError
from nextclose.core.fit import Fit, OnDone, Task
from nextclose.core.settings import NetSettings
from nextclose.core.types import Float64s, Params
from nextclose.recipes import Recipe
from nextclose.training.resolve import Engine
from nextclose.windows import Dataset, Scaler, fit_scaler


class FitWatcher:
    """Told how fits come along; this one keeps quiet."""

    def fitted(self, fits: int) -> None:
        """So many more nets are done."""

    def epoch(self, fold: int, seed: int, epoch: int, loss: float) -> None:
        """An epoch's loss, told when all nets are done: one net after the other, its epochs in order."""


@dataclass(frozen=True, kw_only=True, eq=False)
class FittedFold:
    """The nets of one training span."""

    recipe: Recipe
    scaler: Scaler
    fits: tuple[Fit, ...]
    """One a seed, in order."""
    train_shape: tuple[int, int, int]
    """(N, L, F) of the windows that trained, validation windows included."""

    def forecast(self, data: Dataset, windows: slice, engine: Engine) -> Float64s:
        """Each seed's closes for some windows, (S, n, K)."""
        X = self.scaler.x.forward(data.X[windows])
        outputs = (engine.predict(fit.params, X, net=self.recipe.net) for fit in self.fits)
        return np.stack([data.prices(self.scaler.y.backward(output), windows) for output in outputs])


def fit_folds(
    recipe: Recipe,
    data: Dataset,
    spans: Sequence[tuple[int, int]],
    engine: Engine,
    watcher: FitWatcher | None = None,
) -> tuple[FittedFold, ...]:
    """Fit every seed of `recipe` on each span of bars `start`..`stop`-1, all at once.

    Raises
    ------
    BarsError : a span of fewer bars than one window, its target and one more.
    FitError : training diverged or met a value that is not finite.
    """
    watcher = watcher or FitWatcher()
    for start, stop in spans:
        _check_span(recipe, stop - start)
    scalers = [fit_scaler(data, start, stop) for start, stop in spans]
    init = read_init(recipe.net)
    tasks = [
        _task(recipe, data.train_windows(start, stop), scaler, seed, init)
        for (start, stop), scaler in zip(spans, scalers, strict=True)
        for seed in range(recipe.seeds)
    ]
    fits = engine.fit_many(
        data.X, data.y, tasks, net=recipe.net, training=recipe.training, on_done=_in_steps(watcher.fitted)
    )
    folds = []
    for number, (span, scaler) in enumerate(zip(spans, scalers, strict=True)):
        own = fits[number * recipe.seeds : (number + 1) * recipe.seeds]
        _tell(watcher, recipe, number, len(spans), own)
        shape = data.X[data.train_windows(*span)].shape
        folds.append(FittedFold(recipe=recipe, scaler=scaler, fits=own, train_shape=shape))
    return tuple(folds)


def fit_fold(
    recipe: Recipe, data: Dataset, start: int, stop: int, engine: Engine, watcher: FitWatcher | None = None
) -> FittedFold:
    """Fit every seed of `recipe` on bars `start`..`stop`-1; errors as for `fit_folds`."""
    return fit_folds(recipe, data, [(start, stop)], engine, watcher)[0]


def _check_span(recipe: Recipe, sessions: int) -> None:
    needed = recipe.windows.seq_len + recipe.windows.horizon + 1
    if sessions < needed:
        raise BarsError(
            "recipe '{recipe}' needs at least {needed} train sessions (seq_len {seq_len}, horizon {horizon}, and one "
            "more), got {got}. Give an earlier train-start, or more bars.",
            recipe=recipe.name,
            needed=needed,
            seq_len=recipe.windows.seq_len,
            horizon=recipe.windows.horizon,
            got=sessions,
        )


def _task(recipe: Recipe, windows: slice, scaler: Scaler, seed: int, init: Params | None) -> Task:
    """One seed on some windows; the latest of them validate where the recipe holds some out."""
    cut = windows.stop - recipe.training.held_out(windows.stop - windows.start)
    return Task(
        start=windows.start,
        stop=cut,
        val_start=cut,
        val_stop=windows.stop,
        seed=seed,
        init=init,
        x_shift=scaler.x.shift,
        x_scale=scaler.x.scale,
        y_shift=scaler.y.shift,
        y_scale=scaler.y.scale,
    )


def _in_steps(fitted: Callable[[int], None]) -> OnDone:
    """From "so many are done" to "so many more are done"."""
    before = 0

    def on_done(done: int, _total: int) -> None:
        nonlocal before
        if done > before:
            fitted(done - before)
            before = done

    return on_done


def _tell(watcher: FitWatcher, recipe: Recipe, fold: int, folds: int, fits: Sequence[Fit]) -> None:
    """A fold's losses to the watcher. Raises FitError for a fit that failed."""
    for seed, fit in enumerate(fits):
        for epoch, loss in enumerate(fit.losses.tolist()):
            watcher.epoch(fold, seed, epoch, loss)
        if fit.problem is not None:
            raise FitError(
                "recipe '{recipe}', fold {fold} of {folds}, seed {seed}: {problem}",
                recipe=recipe.name,
                fold=fold + 1,
                folds=folds,
                seed=seed,
                problem=fit.problem,
            )


def read_init(net: NetSettings) -> Params | None:
    """Initial weights from a .json file, {"w_x": [[...]], ...} or that under "init"; None for a named scheme.

    An h_0 among them is left out for a net without time.
    """
    init, stateless = net.init, not cell_spec(net.cell).recurrent
    if not init.endswith(".json"):
        return None
    try:
        page = json.loads(Path(init).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise SettingsError("init: no file '{path}'", path=init) from None
    except (ValueError, OSError) as error:
        raise SettingsError("init: '{path}' is no JSON file of weights ({error})", path=init, error=error) from None
    weights = page.get("init", page) if isinstance(page, Mapping) else None
    if not isinstance(weights, Mapping) or "w_y" not in weights:
        raise SettingsError(
            'init: \'{path}\' holds no weights: expected {{"w_x": [[...]], "w_h": [[...]], "w_y": [[...]], ...}}',
            path=init,
        )
    left_out = {"h_0"} if stateless else set()
    return {name: np.asarray(value, dtype=np.float64) for name, value in weights.items() if name not in left_out}
