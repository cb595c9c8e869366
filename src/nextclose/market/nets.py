"""Nets that are fitted to a whole market: a file a recipe and refit, and what each symbol takes from them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from nextclose.bars.bars import Bars
from nextclose.core.fit import Fit
from nextclose.core.types import Dates, Float64s
from nextclose.judging.splits import Fold
from nextclose.market.config import MarketConfig
from nextclose.market.files import write_bytes, write_text
from nextclose.market.spans import MarketFold, MarketSplit, fold_starts
from nextclose.recipes import Recipe
from nextclose.study.scores import Scores
from nextclose.study.walk import Walked
from nextclose.training.fold import Fitted, FittedFold, Wanted, check_spans
from nextclose.windows import Dataset, fit_scaler

POOLED_MEAN = "pooled-mean"
"""The constant that a pooled net must beat: the mean return over all symbols and sessions of the train span."""
FOLDER, MEANS = "nets", "means.json"


class Walk(Protocol):
    """A recipe on a symbol: its windows, and the folds that nets are wanted for."""

    recipe: Recipe
    data: Dataset

    @property
    def folds(self) -> Sequence[Fold]:
        """In order."""

    @property
    def wanted(self) -> Wanted | None:
        """The same as a fit would want it; None where no fold is."""


@dataclass(frozen=True, kw_only=True, eq=False)
class PooledFold:
    """What was fitted to all symbols up to one refit."""

    fits: tuple[Fit, ...]
    """One a seed."""
    held_out_from: np.datetime64
    """The first target date that was held out to stop early; NaT where nothing was."""


@dataclass(frozen=True, kw_only=True, eq=False)
class PooledNets:
    """Every recipe's nets by refit, and the mean return that was known at each refit of the baselines."""

    folds: Mapping[str, Sequence[PooledFold]]
    means: Float64s

    def fitted(self, walk: Walk) -> Fitted:
        """A symbol's folds: the market's nets with the symbol's own scaler. Raises TooFewBarsError where it has no window."""
        if walk.wanted is not None:
            check_spans(walk.wanted)
        own = self.folds[walk.recipe.name]
        return Fitted(folds=tuple(_fold(walk, fold, own) for fold in walk.folds), seconds=0.0)


def _fold(walk: Walk, fold: object, nets: Sequence[PooledFold]) -> FittedFold:
    assert isinstance(fold, MarketFold)
    data, pooled = walk.data, nets[fold.number]
    windows = data.train_windows(fold.train_start, fold.train_stop)
    targets = data.dates[data.first + windows.start + 1 : data.first + windows.stop + 1]
    return FittedFold(
        recipe=walk.recipe,
        scaler=fit_scaler(data, fold.train_start, fold.train_stop),
        fits=pooled.fits,
        train_shape=data.X[windows].shape,
        held_out=int(np.count_nonzero(targets >= pooled.held_out_from)),
    )


def pooled_mean_walk(bars: Bars, split: MarketSplit, means: Float64s, refit_every: int) -> Walked:
    """A symbol's forecasts by the mean return of all symbols: yhat = close * (1 + mean)."""
    folds = split.folds(refit_every)
    rows = np.concatenate([np.arange(max(fold.first_target - 1, 0), fold.last_target) for fold in folds])
    factor = 1.0 + np.concatenate(
        [np.full(fold.last_target - max(fold.first_target - 1, 0), means[fold.number]) for fold in folds]
    )
    return Walked(
        name=POOLED_MEAN,
        origins=rows,
        prices=(bars.close[rows] * factor)[None, :, None],
        tomorrow=np.array([[bars.close[-1] * (1.0 + means[-1])]]),
        trained_stop=folds[-1].train_stop,
        calibration=Scores(errors=np.empty((0, 1))),
    )


def save_fold(folder: Path, recipe: str, number: int, fold: PooledFold) -> None:
    """Keep what was fitted up to one refit; it is there at once or not at all."""
    from safetensors.numpy import save

    weights = {
        f"seed{seed}.{name}": np.ascontiguousarray(array)
        for seed, fit in enumerate(fold.fits)
        for name, array in fit.params.items()
    }
    page = {
        "held_out_from": str(fold.held_out_from),
        "losses": json.dumps([fit.losses.tolist() for fit in fold.fits]),
        "val_losses": json.dumps([fit.val_losses.tolist() for fit in fold.fits]),
        "best_epochs": json.dumps([fit.best_epoch for fit in fold.fits]),
    }
    write_bytes(_path(folder, recipe, number), save(weights, metadata=page))


def load_fold(folder: Path, recipe: str, number: int) -> PooledFold | None:
    """What `save_fold` kept, or None."""
    from safetensors import safe_open

    path = _path(folder, recipe, number)
    if not path.is_file():
        return None
    with safe_open(path, framework="np") as file:
        page = file.metadata()
        weights = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  it is no mapping
    losses, val_losses, best = (json.loads(page[name]) for name in ("losses", "val_losses", "best_epochs"))
    fits = tuple(
        Fit(
            params={
                name.removeprefix(f"seed{seed}."): array
                for name, array in weights.items()
                if name.startswith(f"seed{seed}.")
            },
            losses=np.array(losses[seed]),
            val_losses=np.array(val_losses[seed]),
            best_epoch=best[seed],
        )
        for seed in range(len(losses))
    )
    return PooledFold(fits=fits, held_out_from=np.datetime64(page["held_out_from"], "D"))


def save_means(folder: Path, means: Float64s) -> None:
    """Keep the mean returns, to the last bit."""
    write_text(folder / FOLDER / MEANS, json.dumps([mean.hex() for mean in means.tolist()]))


def load_means(folder: Path) -> Float64s | None:
    """What `save_means` kept, or None."""
    path = folder / FOLDER / MEANS
    if not path.is_file():
        return None
    return np.array([float.fromhex(mean) for mean in json.loads(path.read_text(encoding="utf-8"))])


def pooled_fits(config: MarketConfig) -> int:
    """Nets that a run fits to the whole market."""
    if config.scope != "market":
        return 0
    return sum(recipe.seeds * len(fold_starts(config.sessions, recipe.refit_every)) for recipe in config.chosen())


def _path(folder: Path, recipe: str, number: int) -> Path:
    return folder / FOLDER / recipe / f"{number:04d}.safetensors"


def mean_returns(total: Float64s, count: Float64s, dates: Dates, until: Dates) -> Float64s:
    """The mean of all returns dated before each of `until`, from their sums and numbers by date."""
    ends = np.searchsorted(dates, until)
    sums, counts = np.concatenate([[0.0], np.cumsum(total)]), np.concatenate([[0.0], np.cumsum(count)])
    means: Float64s = sums[ends] / np.maximum(counts[ends], 1.0)
    return means
