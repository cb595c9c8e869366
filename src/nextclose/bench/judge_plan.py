"""What a run of `nextclose bench judge` simulates, and how much of it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Literal

from nextclose.bench.simulated import TRAIN
from nextclose.bench.tally import SEED
from nextclose.core.errors import SettingsError
from nextclose.core.suggest import did_you_mean

JudgePart = Literal["walk", "garch", "jumps", "families", "power", "drift"]
JUDGE_PARTS: tuple[JudgePart, ...] = ("walk", "garch", "jumps", "families", "power", "drift")
SERIES = 10_000
_FEWER = 5
"""Families, power and drift take one series where a cell of the worlds takes this many."""


@dataclass(frozen=True, kw_only=True)
class JudgePlan:
    """One run."""

    series: int = SERIES
    """Series a cell of the three worlds without anything to know."""
    fewer: int = SERIES // _FEWER
    """Series a row of the families, of drift, and of power where there is something to find."""
    sessions: tuple[int, ...] = (250, 1_000)
    """Test sessions of a series."""
    train: int = TRAIN
    """Sessions before them, from which forecasters learn."""
    coefficients: tuple[float, ...] = (0.0, 0.05, 0.10, 0.15, 0.20, 0.25)
    """Of the AR(1) worlds."""
    seed: int = SEED
    """Of all random numbers."""
    only: JudgePart | None = None
    """One part alone."""

    def wants(self, part: JudgePart) -> bool:
        """Whether the run holds `part`."""
        return self.only in (None, part)


def make_judge_plan(series: int, only: str | None) -> JudgePlan:
    """The plan of the command line's options. Raises SettingsError for an unknown part."""
    fewer = max(series // _FEWER, 1)
    for part in JUDGE_PARTS:
        if only == part:
            return JudgePlan(series=series, fewer=fewer, only=part)
    if only is not None:
        raise SettingsError(
            "unknown part '{only}': expected one of {known}.{hint}",
            only=only, known=", ".join(JUDGE_PARTS), hint=did_you_mean(only, JUDGE_PARTS),
        )  # fmt: skip
    return JudgePlan(series=series, fewer=fewer)


def processes() -> int:
    """One a core."""
    return os.cpu_count() or 1
