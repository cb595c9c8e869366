"""`nextclose bench judge`: how often the judge is wrong where the truth is known."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Executor
from typing import Any

from nextclose.baselines.train_mean import TrainMean
from nextclose.bench.experiments import Alone, Drifting, Family
from nextclose.bench.forecasters import ALONE, NETS, Fitted, Noise, Repeats, autoregression, ready
from nextclose.bench.judge_plan import JudgePlan
from nextclose.bench.judge_results import Cell, Conclusion, DriftRow, FamilyRow, PowerRow, Row, conclude
from nextclose.bench.rates import rate
from nextclose.bench.tally import Tick, tally, workers
from nextclose.bench.worlds import DRIFT, NULLS, Echo, World
from nextclose.core.errors import NextcloseError

AIMS = {(0.15, 1_000): 0.90}
"""(coefficient, sessions) -> share of series in which a fitted AR(1) must be seen to carry information."""


def run_judge_bench(plan: JudgePlan, processes: int, tick: Tick) -> Iterator[tuple[str, Any]]:
    """The parts of a run by name, each as soon as it is there; the same for any number of processes, bit for bit.

    tick : told what is being counted, and how far it is.
    """
    yield "plan", plan
    rows: list[Row] = []
    _compile(plan)
    with workers(processes) as pool:
        for name, part in _parts(plan, pool, tick):
            rows += part
            yield name, part
    yield "conclusion", conclude(rows)


def judge_error(conclusion: Conclusion) -> NextcloseError:
    """What to say of a run with a row that is not as it should be."""
    return NextcloseError(
        "the judge fails {failed} of {checks} checks: {names}",
        failed=len(conclusion.failed), checks=conclusion.checks, names=", ".join(conclusion.failed),
    )  # fmt: skip


def _compile(plan: JudgePlan) -> None:
    """Compile the engine before several processes would do it at once."""
    if any(plan.wants(part) for part in ("walk", "garch", "jumps")):
        for name in NETS:
            ready(name)


def _parts(plan: JudgePlan, pool: Executor | None, tick: Tick) -> Iterator[tuple[str, tuple[Row, ...]]]:
    for world in NULLS:
        if plan.wants(world.name):  # type: ignore[arg-type]
            yield world.name, tuple(cell for n in plan.sessions for cell in _cells(world, n, plan, pool, tick))
    if plan.wants("families"):
        yield "families", tuple(_family(world, n, plan, pool, tick) for world in NULLS for n in plan.sessions)
    if plan.wants("power"):
        yield "power", tuple(_power(phi, n, plan, pool, tick) for n in plan.sessions for phi in plan.coefficients)
    if plan.wants("drift"):
        yield "drift", tuple(row for n in plan.sessions for row in _drift(n, plan, pool, tick))


def _cells(world: World, sessions: int, plan: JudgePlan, pool: Executor | None, tick: Tick) -> Iterator[Cell]:
    experiment = Alone(world=world, sessions=sessions, forecasters=ALONE)
    counts = tally(experiment, plan.series, pool, tick)
    for forecaster, row in zip(ALONE, counts.tolist(), strict=True):
        beats, worse, seen, unguarded, wanders = (rate(value, plan.series) for value in row)
        yield Cell(
            world=world.name,
            sessions=sessions,
            forecaster=forecaster.name,
            beats=beats,
            seen=seen,
            unguarded=unguarded,
            worse=worse,
            wanders=wanders,
            passed=not (beats.too_high or seen.too_high),
        )


def _family(world: World, sessions: int, plan: JudgePlan, pool: Executor | None, tick: Tick) -> FamilyRow:
    experiment = Family(world=world, sessions=sessions)
    [row] = tally(experiment, plan.fewer, pool, tick).tolist()
    beats, seen, unguarded = (rate(value, plan.fewer) for value in row)
    return FamilyRow(
        world=world.name,
        sessions=sessions,
        models=len(experiment.forecasters),
        beats=beats,
        seen=seen,
        unguarded=unguarded,
        passed=not (beats.too_high or seen.too_high),
    )


def _power(phi: float, sessions: int, plan: JudgePlan, pool: Executor | None, tick: Tick) -> PowerRow:
    """A fitted AR(1) and the true coefficient; at 0 nothing can be known, so it is one more cell of false rates."""
    series = plan.series if phi == 0.0 else plan.fewer
    forecasters = (autoregression(1), Repeats(phi=phi))
    experiment = Alone(world=Echo(phi=phi), sessions=sessions, forecasters=forecasters)
    counts = tally(experiment, series, pool, tick)
    fitted, true = ([rate(value, series) for value in row] for row in counts.tolist())
    beats, seen, aim = fitted[0], fitted[2], AIMS.get((phi, sessions))
    passed = None if aim is None else not seen.falls_short(aim)
    return PowerRow(
        phi=phi,
        sessions=sessions,
        seen=seen,
        beats=beats,
        true_seen=true[2],
        true_beats=true[0],
        aim=aim,
        passed=not (beats.too_high or seen.too_high) if phi == 0.0 else passed,
    )


def _drift(sessions: int, plan: JudgePlan, pool: Executor | None, tick: Tick) -> Iterator[DriftRow]:
    mean = Fitted(name="train-mean", baseline=TrainMean())
    noisy = Noise(name="train mean and noise", size=0.02, around_mean=True)
    experiment = Drifting(world=DRIFT, sessions=sessions, forecasters=(noisy, autoregression(4)), mean=mean)
    counts = tally(experiment, plan.fewer, pool, tick)
    names = [(mean.name, False), *((one.name, beside) for one in experiment.forecasters for beside in (True, False))]
    for (name, beside), row in zip(names, counts.tolist(), strict=True):
        beats, seen, claims, said = row
        unsaid = rate(claims - said, claims)
        yield DriftRow(
            forecaster=name,
            sessions=sessions,
            beside=beside,
            beats=rate(beats, plan.fewer),
            seen=rate(seen, plan.fewer),
            unsaid=unsaid,
            passed=None if name == mean.name else not unsaid.too_high,
        )
