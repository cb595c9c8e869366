"""What a live step works on: the run, the sessions so far, the symbols' shards, and which folds are due."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from nextclose.core.types import Dates
from nextclose.market.config import SHARD_SIZE, MarketConfig
from nextclose.market.nets import PooledNets
from nextclose.recipes import Recipe

LIVE = "live"
"""The folder in a run's folder."""


@dataclass(frozen=True, kw_only=True, eq=False)
class LivePlan:
    """Everything that decides what a shard of a snapshot holds, beside the bars and the snapshot before."""

    folder: str
    """Of the run."""
    config: MarketConfig
    as_of: str
    """The last session whose bars are known."""
    later: tuple[str, ...]
    """Sessions since the run's test span, `as_of` among them where there is one."""
    joined: tuple[str, ...]
    """Names that came into the set since the run, in the order in which they came."""
    before: str | None = None
    """The folder of the snapshot before; None for the first."""
    files: Mapping[str, str] = field(default_factory=dict)
    """Of that snapshot: name -> SHA-256."""
    pooled: PooledNets | None = field(default=None, repr=False)
    """Scope market: the nets of every fold so far."""

    @cached_property
    def recipes(self) -> tuple[Recipe, ...]:
        """The run's, put together once."""
        return self.config.chosen()

    @property
    def horizon(self) -> int:
        """Sessions that the baselines look ahead: as many as any recipe."""
        return max(recipe.windows.horizon for recipe in self.recipes)

    @cached_property
    def sessions(self) -> Dates:
        """(T,) since the test span began."""
        return np.array((*self.config.spans.sessions, *self.later), dtype="datetime64[D]")

    @property
    def day(self) -> np.datetime64:
        """`as_of` as a date."""
        return np.datetime64(self.as_of, "D")

    @property
    def shards(self) -> tuple[tuple[str, ...], ...]:
        """The run's, and behind them those of the names that came since: a name never changes its shard."""
        return (*self.config.shards, *chunks(self.joined))


def chunks(names: Sequence[str]) -> tuple[tuple[str, ...], ...]:
    """Names in shards."""
    return tuple(tuple(names[first : first + SHARD_SIZE]) for first in range(0, len(names), SHARD_SIZE))


def joined(config: MarketConfig, known: Sequence[str], names: Sequence[str]) -> tuple[str, ...]:
    """The names that are no part of the run, those that were known before first; none where a run was narrowed."""
    if config.skipped:
        return ()
    there = {name for shard in config.shards for name in shard} | set(known)
    return (*known, *sorted(name for name in names if name not in there))


def due(config: MarketConfig, sessions: int, before: Mapping[str, int]) -> dict[str, int]:
    """Recipe -> the number of the fold that serves the session to come, where it is another than before."""
    numbers = {recipe.name: sessions // recipe.refit_every if recipe.refit_every else 0 for recipe in config.chosen()}
    return {name: number for name, number in numbers.items() if before.get(name) != number}
