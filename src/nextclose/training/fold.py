"""One recipe fitted on one training span: a net a seed, and the scaler that they share."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from nextclose.core.errors import BarsError, SettingsError
from nextclose.core.fit import Fit
from nextclose.core.types import Float64s, Params
from nextclose.recipes import Recipe
from nextclose.training.resolve import Engine
from nextclose.windows import Dataset, Scaler, fit_scaler


class FitWatcher:
    """Told of every epoch and every finished net; this one keeps quiet."""

    def epoch(self, seed: int, epoch: int, loss: float) -> None:
        """After each epoch."""

    def fitted(self, seed: int) -> None:
        """After each net."""


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


def fit_fold(
    recipe: Recipe,
    data: Dataset,
    start: int,
    stop: int,
    engine: Engine,
    watcher: FitWatcher | None = None,
) -> FittedFold:
    """Fit every seed of `recipe` on bars `start`..`stop`-1.

    Raises
    ------
    BarsError : fewer bars than one window, its target and one more.
    FitError : training diverged.
    """
    needed = recipe.windows.seq_len + recipe.windows.horizon + 1
    if stop - start < needed:
        raise BarsError(
            "recipe '{recipe}' needs at least {needed} train sessions (seq_len {seq_len}, horizon {horizon}, and one "
            "more), got {got}. Give an earlier train-start, or more bars.",
            recipe=recipe.name,
            needed=needed,
            seq_len=recipe.windows.seq_len,
            horizon=recipe.windows.horizon,
            got=stop - start,
        )
    watcher = watcher or FitWatcher()
    scaler = fit_scaler(data, start, stop)
    windows = data.train_windows(start, stop)
    X, y = scaler.x.forward(data.X[windows]), scaler.y.forward(data.y[windows])
    held_out = recipe.training.held_out(len(X))
    validation = (X[len(X) - held_out :], y[len(X) - held_out :]) if held_out else None
    init = read_init(recipe.net.init)
    fits = []
    for seed in range(recipe.seeds):
        fits.append(
            engine.fit(
                X[: len(X) - held_out],
                y[: len(X) - held_out],
                net=recipe.net,
                training=recipe.training,
                seed=seed,
                init=init,
                validation=validation,
                on_epoch=partial(watcher.epoch, seed),
            )
        )
        watcher.fitted(seed)
    return FittedFold(recipe=recipe, scaler=scaler, fits=tuple(fits), train_shape=X.shape)


def read_init(init: str) -> Params | None:
    """Initial weights from a .json file, {"w_x": [[...]], ...} or that under "init"; None for a named scheme."""
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
    return {name: np.asarray(value, dtype=np.float64) for name, value in weights.items()}
