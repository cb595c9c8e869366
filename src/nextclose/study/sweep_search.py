"""A search: optuna's TPE sampler asks for settings, and is told their validation losses.

A round of tries is asked for before any of it is told, so that it is fitted at once. A search that goes on begins with a
fresh sampler that asks the same questions, and is told what the files hold.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from math import floor, log10
from typing import TYPE_CHECKING, Any

import numpy as np

from nextclose.core.sweep import Span, SweepCell
from nextclose.study.sweep_files import SweepStore
from nextclose.study.sweep_fit import Wish, get_cells
from nextclose.study.sweep_plan import SweepPlan
from nextclose.study.watch import Watcher

if TYPE_CHECKING:
    import optuna

SEED = 0
"""Of the sampler."""
DIGITS = 3
"""Significant digits of a number that is drawn from a range."""


def search_cells(
    plan: SweepPlan, at_once: int, store: SweepStore, watcher: Watcher, done: Callable[[Sequence[SweepCell]], None]
) -> tuple[list[SweepCell], list[str]]:
    """Every combination that was tried, once, and the combination of each try."""
    study, space = _make_study(), _distributions(plan)
    cells: dict[str, SweepCell] = {}
    tried: list[str] = []
    assert plan.tries is not None
    while len(tried) < plan.tries:
        trials = [study.ask(space) for _ in range(min(at_once, plan.tries - len(tried)))]
        wishes = [_wish(plan, len(tried) + place, trial) for place, trial in enumerate(trials)]
        fresh = {wish.name: wish for wish in reversed(wishes) if wish.name not in cells}
        wanted = sorted(fresh.values(), key=lambda wish: wish.number)
        cells |= {cell.name: cell for cell in get_cells(wanted, plan, store, watcher)}
        for trial, wish in zip(trials, wishes, strict=True):
            _tell(study, trial, cells[wish.name])
        tried += [wish.name for wish in wishes]
        done(list(cells.values()))
    return list(cells.values()), tried


def rounded(value: float) -> float:
    """A number in `DIGITS` significant digits, so that it can be read and typed again."""
    return value if value == 0.0 else round(value, DIGITS - 1 - floor(log10(abs(value))))


def _make_study() -> optuna.Study:
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # `constant_liar` is called experimental: tries of a round keep apart by it
        sampler = optuna.samplers.TPESampler(seed=SEED, constant_liar=True)
    return optuna.create_study(sampler=sampler, direction="minimize")


def _distributions(plan: SweepPlan) -> dict[str, Any]:
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    space: dict[str, Any] = {}
    for name, values in plan.axes.items():
        if not isinstance(values, Span):
            space[name] = CategoricalDistribution(tuple(range(len(values))))
        elif values.whole:
            space[name] = IntDistribution(int(values.low), int(values.high), log=values.log)
        else:
            space[name] = FloatDistribution(values.low, values.high, log=values.log)
    return space


def _wish(plan: SweepPlan, number: int, trial: optuna.Trial) -> Wish:
    settings = {name: _value(values, trial.params[name]) for name, values in plan.axes.items()}
    return Wish(number=number, settings=settings, name=plan.variant(settings).name)


def _value(values: tuple[Any, ...] | Span, drawn: Any) -> Any:
    """What was drawn as a setting: the category of a number, a whole number, or one that is rounded."""
    if not isinstance(values, Span):
        return values[drawn]
    return int(drawn) if values.whole else min(max(rounded(float(drawn)), values.low), values.high)


def _tell(study: optuna.Study, trial: optuna.Trial, cell: SweepCell) -> None:
    import optuna

    if cell.problem is None and np.isfinite(cell.validation).all():
        study.tell(trial, float(np.mean(cell.validation)))
    else:
        study.tell(trial, state=optuna.trial.TrialState.FAIL)
