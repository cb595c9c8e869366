"""What a run tells whoever watches it."""

from __future__ import annotations

from collections.abc import Mapping

from nextclose.core.results import DataSummary, SplitDates
from nextclose.core.series import SeriesData
from nextclose.core.types import Float64s
from nextclose.study.plan import Planned


class Watcher:
    """Told of a run's progress; this one keeps quiet. Subclass it and override what is of interest."""

    def planned(self, plan: Planned) -> None:
        """Everything is settled and nothing is fitted yet; an error raised here stops the run."""

    def started(self, data: DataSummary, split: SplitDates, fits: int) -> None:
        """Bars are read and the split is made; `fits` nets will be fitted."""

    def series(self, data: SeriesData, fits: int) -> None:
        """The same for a recipe that has a series of its own instead of bars."""

    def shapes(self, model: str, shapes: Mapping[str, tuple[int, ...]]) -> None:
        """The windows of a recipe's first fold are cut."""

    def fitted(self, model: str, fits: int) -> None:
        """So many more fits of a recipe are done."""

    def look(self) -> None:
        """Called many times a second while nets are fitted; what is raised here stops them."""

    def losses(self, model: str, fold: int, seed: int, losses: Float64s) -> None:
        """A fit's loss by epoch, (epochs run,), told when all fits are done: a recipe's one after the other."""

    def judging(self) -> None:
        """Every forecast is made."""


class OnlyFits(Watcher):
    """Passes on how many fits are done, and nothing of their inside."""

    def __init__(self, watcher: Watcher) -> None:
        self.watcher = watcher

    def fitted(self, model: str, fits: int) -> None:
        """Pass it on."""
        self.watcher.fitted(model, fits)

    def look(self) -> None:
        """Pass it on."""
        self.watcher.look()
