"""Nets of the whole market in a live run: the run's own, and those of refits since, in RUN/live."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from nextclose.core.errors import SavedRunError
from nextclose.market.config import MarketConfig
from nextclose.market.live.plan import LIVE, LivePlan
from nextclose.market.nets import PooledFold, PooledNets, load_fold, load_means
from nextclose.market.pooling import fit_market
from nextclose.market.spans import fold_starts
from nextclose.market.watch import MarketWatcher, Pulse


class _Quiet(Pulse):
    """Tells the watcher alone: the run's heartbeat stays what it was when it finished."""

    def _beat(self) -> None:
        pass


def with_nets(plan: LivePlan, threads: int, watcher: MarketWatcher) -> tuple[LivePlan, int]:
    """The plan with the nets of every fold up to the session to come, and how many were fitted now."""
    if plan.config.scope != "market":
        return plan, 0
    run, config = Path(plan.folder), _extended(plan)
    pulse = _Quiet(run, config, watcher)
    nets = fit_market(config, run / LIVE, threads, pulse, also=run)
    return replace(plan, pooled=nets), pulse.now.fits


def with_saved_nets(plan: LivePlan) -> LivePlan:
    """The same, of a snapshot that is there. Raises SavedRunError where nets of it are gone."""
    if plan.config.scope != "market":
        return plan
    run, config = Path(plan.folder), _extended(plan)
    folds = {
        recipe.name: tuple(
            _fold(run, recipe.name, number) for number in range(len(fold_starts(config.sessions, recipe.refit_every)))
        )
        for recipe in config.chosen()
    }
    means = load_means(run / LIVE)
    if means is None:
        raise _gone(run)
    return replace(plan, pooled=PooledNets(folds=folds, means=means))


def _extended(plan: LivePlan) -> MarketConfig:
    """The run as if its test span went on to the session to come, whose date nobody needs to know."""
    sessions = (*(str(day) for day in plan.sessions), str(plan.day + np.timedelta64(1, "D")))
    return replace(plan.config, spans=replace(plan.config.spans, test_end=plan.as_of, sessions=sessions))


def _fold(run: Path, recipe: str, number: int) -> PooledFold:
    found = load_fold(run, recipe, number) or load_fold(run / LIVE, recipe, number)
    if found is None:
        raise _gone(run)
    return found


def _gone(run: Path) -> SavedRunError:
    return SavedRunError(
        "'{run}' lacks nets that its snapshot was made with. Delete the folder '{live}'; nextclose market update makes it "
        "again from the run.",
        run=run,
        live=run / LIVE,
    )
