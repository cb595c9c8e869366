"""What a run is about to do: bars, split, recipes, engine."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from nextclose.bars.bars import Bars
from nextclose.core.lang import Lang
from nextclose.core.results import SplitDates
from nextclose.judging.splits import Split
from nextclose.recipes import Recipe
from nextclose.training.resolve import Engine, tell_engines


class Planned(Protocol):
    """What a run is about to do, as far as a watcher has to know it."""

    def folder(self) -> Path:
        """Where the study is saved unless the user says otherwise."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Plan:
    """Everything that decides a study's numbers."""

    bars: Bars
    split: Split
    recipes: tuple[Recipe, ...]
    engines: Mapping[Recipe, Engine]
    """What fits each recipe and rung."""
    lang: Lang
    today: dt.date
    with_ladder: bool
    rungs: tuple[Recipe, ...] = ()
    """The ladder's recipes that are fitted beside `recipes`."""
    plain_every: int = 21
    """Sessions that one fit of a baseline serves."""
    plain_sessions: int | None = None
    """Latest sessions that a baseline's fold trains on; None for all."""

    def fits(self, recipe: Recipe) -> int:
        """Nets that `recipe` will fit."""
        folds = self.split.schedule(
            recipe.refit_every, len(self.bars), recipe.train_sessions, warm=recipe.training.warm_start
        )
        return recipe.seeds * len(folds)

    def config(self) -> dict[str, Any]:
        """What decides the numbers of a study, as plain values."""
        split = self.split
        return {
            "symbol": self.bars.symbol,
            "sha256": self.bars.sha256,
            "split": [split.train_start, split.train_stop, split.test_first, split.test_last],
            "recipes": {recipe.name: recipe.settings() for recipe in self.recipes},
            "baselines": {"refit_every": self.plain_every, "train_sessions": self.plain_sessions},
            "ladder": self.with_ladder,
            "engine": tell_engines(self.engines)[0],
        }

    def folder(self) -> Path:
        """Where the study is saved unless the user says otherwise: runs/<symbol>-<hash of config>."""
        digest = hashlib.sha256(json.dumps(self.config(), sort_keys=True).encode()).hexdigest()
        name = re.sub(r"[^\w.-]", "_", self.bars.symbol)
        return Path("runs") / f"{name}-{digest[:8]}"


def split_dates(plan: Plan) -> SplitDates:
    """The split and the folds of the recipe that is refitted most, as dates."""
    dates, split = plan.bars.dates, plan.split
    often = max(plan.recipes, key=lambda recipe: len(split.folds(recipe.refit_every)))
    folds = split.folds(often.refit_every, often.train_sessions)
    return SplitDates(
        train_start=str(dates[split.train_start]),
        train_end=str(dates[split.train_stop - 1]),
        test_start=str(dates[split.test_first]),
        test_end=str(dates[split.test_last]),
        train_sessions=split.train_stop - split.train_start,
        test_sessions=split.test_last - split.test_first + 1,
        refit_every=often.refit_every or None,
        rolling=often.train_sessions,
        folds=tuple(
            (
                str(dates[fold.train_start]),
                str(dates[fold.train_stop - 1]),
                str(dates[fold.first_target]),
                str(dates[fold.last_target]),
            )
            for fold in folds
        ),
        notes=tuple(note.render(plan.lang) for note in split.notes),
    )
