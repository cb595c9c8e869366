"""Combinations of settings, fitted: some at once, saved as soon as they are done."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nextclose.core.errors import FitError, NextcloseError
from nextclose.core.fit import Fit
from nextclose.core.lang import LANGS
from nextclose.core.sweep import SweepCell
from nextclose.study.sweep_files import SweepStore
from nextclose.study.sweep_plan import SweepPlan
from nextclose.study.walk import RecipeWalk, Walked
from nextclose.study.watch import OnlyFits, Watcher
from nextclose.training.fold import Fitted, try_all

NO_LOSSES = np.empty((0, 0))


@dataclass(frozen=True, kw_only=True)
class Wish:
    """A combination that somebody wants."""

    number: int
    """Its place in the grid, or the first try that asked for it."""
    settings: Mapping[str, Any]
    name: str


def get_cells(wishes: Sequence[Wish], plan: SweepPlan, store: SweepStore, watcher: Watcher) -> list[SweepCell]:
    """The combinations in order: read where they are saved, else all of them fitted together and the missing ones saved.

    All are fitted where one is missing, so that what a net is fitted beside is the same after a kill.
    """
    saved = [store.read(wish.number, wish.name) for wish in wishes]
    if all(cell is not None for cell in saved):
        for wish in wishes:
            watcher.fitted(wish.name, plan.fits(plan.variant(wish.settings)))
        return [cell for cell in saved if cell is not None]
    fitted = _fit([wish.settings for wish in wishes], plan, watcher)
    cells = []
    for wish, own, (cell, seconds) in zip(wishes, saved, fitted, strict=True):
        if own is None:
            store.write(wish.number, cell, seconds)
        cells.append(own or cell)
    store.timed()
    return cells


def grid_cells(
    plan: SweepPlan, at_once: int, store: SweepStore, watcher: Watcher, done: Callable[[Sequence[SweepCell]], None]
) -> list[SweepCell]:
    """Every combination of the grid, `at_once` of them together; `done` is told of them as they come."""
    cells: list[SweepCell] = []
    for first in range(0, len(plan.combinations), at_once):
        some = plan.combinations[first : first + at_once]
        wishes = [
            Wish(number=first + place, settings=settings, name=plan.variant(settings).name)
            for place, settings in enumerate(some)
        ]
        cells += get_cells(wishes, plan, store, watcher)
        done(cells)
    return cells


def _fit(tried: Sequence[Mapping[str, Any]], plan: SweepPlan, watcher: Watcher) -> list[tuple[SweepCell, float]]:
    """Each combination and the seconds that it took; one whose training fails stops no other."""
    recipes = [plan.variant(settings) for settings in tried]
    walks = [RecipeWalk(recipe, plan.engine_of(recipe), plan.bars, plan.split, OnlyFits(watcher)) for recipe in recipes]
    fitted = try_all([walk.wanted for walk in walks])
    return [_cell(walk, nets, settings) for walk, nets, settings in zip(walks, fitted, tried, strict=True)]


def _cell(walk: RecipeWalk, fitted: Fitted | NextcloseError, settings: Mapping[str, Any]) -> tuple[SweepCell, float]:
    if isinstance(fitted, Fitted):
        walked = walk.walked(fitted)
        if np.isfinite(walked.prices).all():
            return _good(walked, fitted.folds[0].fits, settings), walked.seconds
        fitted = FitError("recipe '{recipe}': its forecasts are not finite. Lower lr.", recipe=walked.name)
    if not isinstance(fitted, FitError):
        raise fitted
    return _failed(walk.recipe.name, settings, fitted), 0.0


def _good(walked: Walked, first: Sequence[Fit], settings: Mapping[str, Any]) -> SweepCell:
    assert walked.losses is not None
    kept = [float(fit.val_losses[fit.best_epoch]) if len(fit.val_losses) else np.nan for fit in first]
    return SweepCell(
        name=walked.name,
        settings=settings,
        losses=walked.losses.losses,
        val_losses=walked.losses.val_losses,
        validation=np.array(kept),
        final_losses=np.array(walked.final_losses),
        origins=walked.origins,
        prices=walked.prices,
    )


def _failed(name: str, settings: Mapping[str, Any], error: FitError) -> SweepCell:
    return SweepCell(
        name=name,
        settings=settings,
        losses=NO_LOSSES,
        val_losses=NO_LOSSES,
        validation=np.empty(0),
        final_losses=np.empty(0),
        origins=np.empty(0, dtype=np.int64),
        prices=np.empty((0, 0, 0)),
        problem={lang: error.message(lang) for lang in LANGS},
    )
