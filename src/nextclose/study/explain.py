"""Taking one forecast apart: the window, every step of the net, and the price that comes out."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from nextclose.bars import load_bars
from nextclose.bars.bars import Bars
from nextclose.core.errors import SettingsError
from nextclose.core.explanation import Explanation
from nextclose.engine import unusable
from nextclose.judging.splits import make_split, parse_date
from nextclose.recipes import Recipe, load_recipe, of_bars, with_settings
from nextclose.study.epochs import fit_epochs
from nextclose.study.forecaster import Forecaster, load_of_bars
from nextclose.study.one_window import check_walked, explain_window
from nextclose.study.study import Study
from nextclose.training.fold import FittedFold
from nextclose.training.resolve import resolve_engine
from nextclose.windows import Dataset, make_dataset

TOMORROW = "tomorrow"
"""As a date: the session after the last bar."""


def explain(
    source: str | Path | Any = "sample:AAPL",
    *,
    date: str | None = None,
    recipe: str | None = None,
    epoch: int | None = None,
    settings: Mapping[str, Any] | None = None,
    exchange: str | None = None,
    faults: str = "raise",
) -> Explanation:
    """Walk one window of bars, or of a saved run, through a net's first seed.

    Parameters
    ----------
    source : a SOURCE, or the folder of a saved run or model.
    date : the session to forecast: a date, or 'tomorrow' for the one after the last bar; the last bar by default.
    recipe : which recipe; the tutorial, or the saved run's first.
    epoch : epochs of the recipe's training after which the weights are taken; 0 is the net before training. The recipe's
        own number by default, or the best one where it holds windows out.
    settings : changed settings of the recipe.

    Raises
    ------
    UserError : a date without a window, an unknown recipe, bars or a run that cannot be used.
    """
    if epoch is not None and epoch < 0:
        raise SettingsError("--epoch: expected 0 or more, got {epoch}", epoch=epoch)
    lacks = unusable()
    if lacks is not None:
        raise SettingsError("explain needs the fused engine, which cannot be used here: {lacks}", lacks=lacks)
    folder = Path(source) if isinstance(source, str | Path) else None
    if folder is not None and folder.is_dir():
        fold, bars = _saved(folder, recipe, epoch)
        check_walked(fold.recipe)
        data = make_dataset(bars, fold.recipe.windows)
    else:
        wanted = with_settings(of_bars(load_recipe(recipe or "tutorial")), {**(settings or {}), "seeds": 1})
        bars = load_bars(source, faults=faults, exchange=exchange)
        check_walked(wanted)
        data = make_dataset(bars, wanted.windows)
        fold = _train(wanted, data, bars, epoch)
    return explain_window(fold, data, bars, _window(data, bars, date), epoch=epoch)


def _saved(folder: Path, name: str | None, epoch: int | None) -> tuple[FittedFold, Bars]:
    """The saved nets of a run or model; epoch 0 and others cannot be had from weights alone."""
    if epoch is not None:
        raise SettingsError(
            "--epoch trains anew, so it needs bars: give a SOURCE instead of the saved run '{run}'", run=folder
        )
    saved = load_of_bars(folder)
    models = {model.fold.recipe.name: model for model in saved.fitted} if isinstance(saved, Study) else {}
    if isinstance(saved, Forecaster):
        models = {saved.name: saved.model}
    if name is not None and name not in models:
        raise SettingsError(
            "the run in '{run}' holds no recipe '{recipe}'; it holds {known}",
            run=folder,
            recipe=name,
            known=", ".join(models),
        )
    model = models[name] if name is not None else next(iter(models.values()))
    return model.fold, model.bars


def _train(recipe: Recipe, data: Dataset, bars: Bars, epoch: int | None) -> FittedFold:
    """The recipe's first seed, trained on the default train span for `epoch` epochs."""
    split = make_split(bars.dates)
    span = split.train_start, split.train_stop
    return fit_epochs(recipe, data, span, resolve_engine("auto", recipe), epochs=epoch)


def _window(data: Dataset, bars: Bars, date: str | None) -> int:
    """The window whose first target is the session of `date`; the one after the last bar has a window too."""
    row = len(bars) - 1
    if date == TOMORROW:
        row = len(bars)
    elif date is not None:
        day = parse_date("date", date)
        row = int(np.searchsorted(bars.dates, day))
        if row == len(bars) or bars.dates[row] != day:
            raise SettingsError(
                "--date {date} is no session of these bars, which run from {first} to {last}. Give one that is, or "
                "'tomorrow' for the session after the last.",
                date=day,
                first=bars.dates[0],
                last=bars.dates[-1],
            )
    window = row - 1 - data.first
    if window < 0:
        raise SettingsError(
            "--date {date}: no window of {seq_len} sessions lies before it; the first session that has one is {first}",
            date=date or bars.dates[-1],
            seq_len=data.settings.seq_len,
            first=bars.dates[min(data.first + 1, len(bars) - 1)],
        )
    return window
