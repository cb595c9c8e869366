"""What a run of `nextclose bench market` measures, and how often."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from nextclose.bench.many import cores
from nextclose.bench.market_sets import KRX, BenchSet, choose_set, find_set
from nextclose.core.errors import SettingsError
from nextclose.core.suggest import did_you_mean

Part = Literal["parity", "pipeline", "memory", "growth"]
PARTS: tuple[Part, ...] = ("parity", "pipeline", "memory", "growth")
RECIPE = "tutorial"


@dataclass(frozen=True, kw_only=True)
class Task:
    """One market run."""

    set: BenchSet
    refit_every: int = 21
    seeds: int = 3
    workers: int = 2
    symbols: Sequence[str] = ()
    """Only these; all of the set without any."""
    top: int | None = None
    """Only so many, those most traded."""
    epochs: int | None = None
    """Instead of the recipe's."""

    def wishes(self) -> dict[str, Any]:
        """What is asked of it, as the fields of `Wishes`."""
        return {
            "source": self.set.source, "recipes": [RECIPE], "refit_every": self.refit_every, "seeds": self.seeds,
            "test_start": self.set.test_start, "symbols": list(self.symbols), "top_by_value": self.top,
            "settings": {} if self.epochs is None else {"epochs": self.epochs},
        }  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class MarketPlan:
    """One run of the bench."""

    set: BenchSet
    larger: BenchSet | None = None
    """The set whose memory is set beside; None where there is none."""
    rounds: int = 3
    """Of the whole pipeline, each between two measurements of the bare fits."""
    share: int = 4
    """The bare fits of a round are those of every share-th symbol, in another round of the next ones."""
    checked: int = 3
    """Symbols of the parity check."""
    sample: int = 6
    """Fits of the PyTorch loop in each round."""
    base: int = 64
    """Symbols of the runs that have more folds or more seeds."""
    symbols: tuple[int, ...] = (64, 128, 192, 256)
    refits: tuple[int, ...] = (70, 35, 21, 14)
    """Sessions that one fit serves."""
    seeds: tuple[int, ...] = (1, 2, 4, 8)
    epochs: int | None = None
    """Instead of the recipe's, in every part."""
    memory_epochs: int = 1
    """Of the runs that are watched for memory alone: fewer epochs change their time, not their memory."""
    only: Part | None = None
    """One part alone; parity comes first all the same."""

    def wants(self, part: Part) -> bool:
        """Whether the run measures `part`."""
        return self.only in (None, part)

    def task(self, **changes: Any) -> Task:
        """The market run, with changes."""
        made = Task(set=self.set, workers=min(2, cores()), epochs=self.epochs)
        return replace(made, **changes)


def make_market_plan(rounds: int, source: str | None, only: str | None, folder: Path) -> MarketPlan:
    """The plan of the command line's options; a simulated set is written to `folder` where no real one lies.

    Raises
    ------
    SettingsError : an unknown part.
    """
    part = _part(only)
    return MarketPlan(
        set=choose_set(source, folder), larger=find_set(*KRX) if source is None else None, rounds=rounds, only=part
    )


def _part(only: str | None) -> Part | None:
    for part in PARTS:
        if only == part:
            return part
    if only is None:
        return None
    raise SettingsError(
        "unknown part '{only}': expected one of {known}.{hint}",
        only=only, known=", ".join(PARTS), hint=did_you_mean(only, PARTS),
    )  # fmt: skip
