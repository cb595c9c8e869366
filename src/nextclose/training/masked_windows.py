"""The windows that a net is pre-trained on: of its own train span, or of every symbol of a file up to its end."""

from __future__ import annotations

import numpy as np

from nextclose.bars.bars import Bars
from nextclose.bars.survey import iter_bars
from nextclose.bars.symbols import split_path
from nextclose.core.errors import SettingsError, UserError
from nextclose.core.types import Float64s
from nextclose.recipes import Recipe
from nextclose.windows import Dataset, Scaler, fit_scaler, make_dataset


def masked_windows(recipe: Recipe, data: Dataset, train: slice, scaler: Scaler) -> Float64s:
    """Scaled windows (N, L, F) that end no later than the last of `train`.

    Those of `data` itself, or of each symbol in `pretrain_bars`, scaled by what that symbol was up to then.

    Raises
    ------
    SettingsError : a file without such windows. SourceError : no such file.
    """
    path = recipe.training.pretrain_bars
    if not path:
        return scaler.x.forward(data.X[train])
    end = data.dates[data.origins(train).stop - 1]
    parts = [
        own for _, bars in iter_bars(path) if isinstance(bars, Bars) and (own := _of(bars, recipe, end)) is not None
    ]
    if not parts:
        raise SettingsError(
            "pretrain_bars: no symbol of '{path}' has windows of {seq_len} sessions up to {end}, where pre-training ends",
            path=path,
            seq_len=recipe.windows.seq_len,
            end=end,
        )
    return np.concatenate(parts)


def check_pretrain_bars(recipe: Recipe) -> None:
    """Raise SettingsError where `pretrain_bars` is no file."""
    path = recipe.training.pretrain_bars
    if path and not split_path(path)[0].is_file():
        raise SettingsError("pretrain_bars: no file '{path}'. Expected a .csv or .parquet file of bars.", path=path)


def _of(bars: Bars, recipe: Recipe, end: np.datetime64) -> Float64s | None:
    """One symbol's windows; None where it has too few bars by then, or lacks a feature."""
    known = bars.between(None, end)
    try:
        data = make_dataset(known, recipe.windows)
    except UserError:
        return None
    return fit_scaler(data, 0, len(known)).x.forward(data.X)
