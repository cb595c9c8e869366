"""One simulated series: what the judge says of forecasts on it, as yes or no."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from nextclose.bench.forecasters import TWENTY, Fitted, Forecaster
from nextclose.bench.simulated import Series, simulate
from nextclose.bench.worlds import World
from nextclose.core.results import ModelRow
from nextclose.core.types import Bools, Float64s
from nextclose.judging.judge import judge
from nextclose.judging.multiple import holm
from nextclose.judging.verdict import ALPHA

SAYS = "no better than a constant drift"
"""Words of the sentence that a model gets which does no more than a constant."""


class Experiment(Protocol):
    """A frozen value that can be sent to another process."""

    @property
    def name(self) -> str:
        """Names its random numbers."""

    def once(self, rng: np.random.Generator) -> Bools:
        """A series and its answers, (rows, questions); rows and questions are the same for every series."""


@dataclass(frozen=True, kw_only=True)
class Alone:
    """Each forecaster in a table of its own; questions: beats, worse, seen, seen without the guard, wanders."""

    world: World
    sessions: int
    forecasters: tuple[Forecaster, ...]

    @property
    def name(self) -> str:
        """World and sessions."""
        return f"{self.world.name} {self.sessions}"

    def once(self, rng: np.random.Generator) -> Bools:
        """(forecasters, 5)."""
        series, closes = _series(self.world, self.sessions, self.forecasters, rng)
        return np.array([_answers(_judged(series, [model], [yhat])[0]) for model, yhat in closes])


@dataclass(frozen=True, kw_only=True)
class Family:
    """Many forecasters in one table; questions: does any beat, is any seen, would any be without the guard."""

    world: World
    sessions: int
    forecasters: tuple[Forecaster, ...] = TWENTY

    @property
    def name(self) -> str:
        """World and sessions."""
        return f"family {self.world.name} {self.sessions}"

    def once(self, rng: np.random.Generator) -> Bools:
        """(1, 3)."""
        series, closes = _series(self.world, self.sessions, self.forecasters, rng)
        rows = _judged(series, *zip(*closes, strict=True))
        plain = holm([row.cw.pvalue for row in rows])
        beats = any(row.verdict == "beats persistence" for row in rows)
        return np.array([[beats, any(row.information == "seen" for row in rows), min(plain) < ALPHA]])


@dataclass(frozen=True, kw_only=True)
class Drifting:
    """Each forecaster alone and beside the train mean; questions: beats, seen, claims either, and says it is a drift."""

    world: World
    sessions: int
    forecasters: tuple[Forecaster, ...]
    mean: Fitted

    @property
    def name(self) -> str:
        """World and sessions."""
        return f"{self.world.name} {self.sessions}"

    def once(self, rng: np.random.Generator) -> Bools:
        """(1 + 2 forecasters, 4): the mean itself, then each forecaster beside it and alone."""
        series, closes = _series(self.world, self.sessions, (self.mean, *self.forecasters), rng)
        (mean, steady), *others = closes
        rows = [_judged(series, [mean], [steady])[0]]
        for model, yhat in others:
            rows.append(_judged(series, [model, mean], [yhat, steady])[0])
            rows.append(_judged(series, [model], [yhat])[0])
        return np.array([_claims(row) for row in rows])


def _series(
    world: World, sessions: int, forecasters: Sequence[Forecaster], rng: np.random.Generator
) -> tuple[Series, list[tuple[str, Float64s]]]:
    """A series and every forecaster's closes; each has random numbers of its own."""
    own, *theirs = rng.spawn(1 + len(forecasters))
    series = simulate(world, sessions, own)
    return series, [(one.name, one.forecast(series, draws)) for one, draws in zip(forecasters, theirs, strict=True)]


def _judged(series: Series, models: Sequence[str], closes: Sequence[Float64s]) -> tuple[ModelRow, ...]:
    """The judge's own rows, in the order of `models`."""
    return judge(series.table(dict(zip(models, closes, strict=True))), contests=False).models


def _answers(row: ModelRow) -> tuple[bool, ...]:
    return (
        row.verdict == "beats persistence",
        row.verdict == "worse than persistence",
        row.information == "seen",
        row.cw.pvalue < ALPHA,
        row.wanders,
    )


def _claims(row: ModelRow) -> tuple[bool, ...]:
    beats, seen = row.verdict == "beats persistence", row.information == "seen"
    return beats, seen, beats or seen, (beats or seen) and SAYS in row.sentence
