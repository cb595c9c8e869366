"""Where a live run begins: with the scores that the run's own test span left behind."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from nextclose.bars.bars import Bars
from nextclose.judging.intervals import interval_scale
from nextclose.market.keep import forecasts_path
from nextclose.market.live.plan import LivePlan
from nextclose.market.live.saved import Past, nothing_yet
from nextclose.market.live.walk import latest
from nextclose.market.tables import arrays_of, from_parquet
from nextclose.recipes import Recipe
from nextclose.study.scores import score

Columns = Mapping[str, npt.NDArray[Any]]


class RunPast:
    """A shard's forecasts in the run, read when a symbol is asked for that nothing else is known of."""

    def __init__(self, plan: LivePlan, number: int) -> None:
        self.path = forecasts_path(Path(plan.folder), number) if number < len(plan.config.shards) else None

    def of(self, bars: Bars, recipe: Recipe) -> Past:
        """What the recipe's forecasts of a symbol came to in the run; nothing, where it was left out."""
        quantiles = bool(recipe.training.quantiles)
        past = nothing_yet(recipe.windows.horizon, quantiles=quantiles)
        rows = self._rows.get((bars.symbol, recipe.name))
        return past if rows is None else _past(rows, bars, recipe, past)

    @cached_property
    def _rows(self) -> dict[tuple[str, str], Columns]:
        """(symbol, model) -> its rows."""
        if self.path is None:
            return {}
        columns = arrays_of(from_parquet(self.path))
        symbol, model = columns["symbol"], columns["model"]
        edges = np.flatnonzero((symbol[1:] != symbol[:-1]) | (model[1:] != model[:-1])) + 1
        parts = np.split(np.arange(len(symbol)), edges) if len(symbol) else []
        return {
            (str(symbol[part[0]]), str(model[part[0]])): {name: column[part] for name, column in columns.items()}
            for part in parts
        }


def _past(rows: Columns, bars: Bars, recipe: Recipe, past: Past) -> Past:
    """Scores (m, K) of the forecasts whose origin is among the bars still."""
    steps = np.arange(1, recipe.windows.horizon + 1)
    order = np.lexsort((rows["step"], rows["origin"])).reshape(-1, len(steps))
    origins = rows["origin"][order[:, 0]]
    at = np.searchsorted(bars.dates, origins)
    there = bars.dates[np.minimum(at, len(bars) - 2)] == origins
    order, at = order[there], at[there]
    if len(at) == 0:
        return past
    unit = rows["last_close"][order[:, :1]] * interval_scale(bars)[at, None] * np.sqrt(steps)
    levels = recipe.training.quantiles
    ends = np.stack([rows[f"q{level:g}"][order] for level in (levels[0], levels[-1])], axis=-1) if levels else None
    scores = score(rows["yhat"][order], ends, rows["y"][order], unit)
    return Past(scores=latest(scores), asked_until=bars.dates[at[-1] + 1], waiting=past.waiting)
