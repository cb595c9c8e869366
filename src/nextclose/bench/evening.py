"""`nextclose bench evening`: the evenings of a whole market, step by step, and the API over what they leave.

A market run ends some sessions before its set does. Each evening is four commands, timed from start to end: the new
bars into the set, the sessions and the folds that are due, the forecasts, the truths. On the first evening every net
is fitted again.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nextclose.bench.aims import Aim
from nextclose.bench.evening_flow import Flow, Step, collect, go_on, make_flow, prepare
from nextclose.bench.evening_parity import check_evening
from nextclose.bench.evening_rate import refit_rate
from nextclose.bench.evening_serve import Served, measure_serving
from nextclose.bench.evening_year import Year, measure_year
from nextclose.bench.many import cores
from nextclose.bench.market_sets import KRX, choose_set, find_set

WEEKDAYS = "24/5"
"""The calendar of simulated bars."""
PREDICT, SCORE, ANSWER = 10.0, 10.0, 0.01
"""Aims: seconds of predict and of score on two cores, and of 99 answers in 100, each less than this."""


@dataclass(frozen=True, kw_only=True)
class EveningPlan:
    """How much is measured."""

    source: str
    """A file of a market's bars."""
    name: str
    simulated: bool = False
    recipe: str = "default"
    seeds: int = 3
    refit_every: int = 63
    """Sessions; the run's test span is one shorter than it, so that a refit is due on the first evening."""
    evenings: int = 4
    settings: tuple[str, ...] = ()
    """Changed settings of the recipe, KEY=VALUE."""
    year: int = 250
    """Evenings that stand in a ledger when it is scored once more."""
    checked: int = 4
    """Symbols of the parity check."""
    requests: int = 500
    """A second."""
    seconds: float = 20.0
    """Of requests."""

    @property
    def tested(self) -> int:
        """Sessions of the run's test span."""
        return self.refit_every - 1


@dataclass(frozen=True, kw_only=True)
class EveningSteps:
    """One evening."""

    session: str
    data: Step
    update: Step
    predict: Step
    score: Step

    @property
    def fits(self) -> int:
        """Nets that were fitted."""
        return int(self.update.said["fits"])

    @property
    def forecasts(self) -> int:
        """Symbols that have numbers."""
        return int(self.predict.said["statuses"].get("ok", 0))


@dataclass(frozen=True, kw_only=True)
class Evenings:
    """All of them."""

    set: str
    simulated: bool
    symbols: int
    workers: int
    recipe: str
    steps: tuple[EveningSteps, ...]


def run_evening_bench(plan: EveningPlan, tick: Callable[[str], None]) -> Iterator[tuple[str, Any]]:
    """The parts of a run by name; after a red parity check there is no other."""
    from nextclose.bench.machine import describe_machine

    yield "machine", describe_machine()
    with tempfile.TemporaryDirectory() as made:
        workers = min(2, cores())
        flow = make_flow(
            plan.source, Path(made), evenings=plan.evenings, tested=plan.tested, workers=workers,
            exchange=WEEKDAYS if plan.simulated else "",
        )  # fmt: skip
        tick("market run")
        prepare(
            flow, recipe=plan.recipe, seeds=plan.seeds, refit_every=plan.refit_every, settings=plan.settings
        )  # fmt: skip
        tick("parity")
        parity = check_evening(plan.recipe, plan.settings, plan.checked, flow)
        yield "parity", parity
        if not parity.passed:
            return
        evenings = measure_evenings(plan, flow, tick)
        yield "evenings", evenings
        tick("bare fits")
        rate = refit_rate(flow, evenings.steps[0].fits, evenings.steps[0].update)
        yield "rate", rate
        tick("API")
        served = measure_serving(flow, rate=plan.requests, seconds=plan.seconds)
        yield "served", served
        tick("year")
        year = measure_year(flow, plan.year)
        yield "year", year
        yield "aims", evening_aims(evenings, served, year)


def measure_evenings(plan: EveningPlan, flow: Flow, tick: Callable[[str], None]) -> Evenings:
    """Every evening, its steps one after the other."""
    found = []
    for session in map(str, flow.sessions[1:]):
        tick(session)
        found.append(
            EveningSteps(
                session=session,
                data=collect(flow, session),
                update=go_on(flow, "update", session),
                predict=go_on(flow, "predict", session),
                score=go_on(flow, "score", session),
            )
        )
    return Evenings(
        set=plan.name, simulated=plan.simulated, symbols=int(found[0].data.said["symbols"]), workers=flow.workers,
        recipe=plan.recipe, steps=tuple(found),
    )  # fmt: skip


def evening_aims(evenings: Evenings, served: Served, year: Year) -> tuple[Aim, ...]:
    """The aims beside what was reached; the slowest evening counts, and that of a ledger that is a year old."""
    predict = max(one.predict.wall for one in evenings.steps)
    score = max(year.score.wall, *(one.score.wall for one in evenings.steps))
    return (
        Aim(quantity="predict", where=evenings.set, aim=PREDICT, reached=predict, met=predict < PREDICT),
        Aim(quantity="score", where=evenings.set, aim=SCORE, reached=score, met=score < SCORE),
        Aim(quantity="answer", where=evenings.set, aim=ANSWER, reached=served.p99, met=served.p99 < ANSWER),
    )


def make_evening_plan(source: str | None, folder: Path) -> EveningPlan:
    """The plan on a set of bars: the KRX set where it lies, else a simulated one, written to `folder`."""
    chosen = choose_set(source, folder) if source is not None else find_set(*KRX) or choose_set(None, folder)
    return EveningPlan(source=chosen.source, name=chosen.name, simulated=chosen.simulated)
