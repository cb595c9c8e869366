"""One net for the whole market: every symbol's windows pooled, fitted at each refit, a file a refit."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from functools import cached_property
from pathlib import Path

import numpy as np

from nextclose import engine
from nextclose.bars.bars import Bars
from nextclose.core.errors import BarsError, FitError, NextcloseError
from nextclose.core.fit import Fit
from nextclose.core.types import Dates, Float64s, Ints
from nextclose.market.config import MarketConfig
from nextclose.market.nets import (
    PooledFold,
    PooledNets,
    load_fold,
    load_means,
    mean_returns,
    pooled_fits,
    save_fold,
    save_means,
)
from nextclose.market.sets import open_set
from nextclose.market.spans import MarketSplit, fold_starts
from nextclose.market.symbol import Member, train_member
from nextclose.market.watch import Pulse
from nextclose.recipes import Recipe
from nextclose.training.fused import pooled_settings
from nextclose.windows import Pool, join_parts, pool_part


def fit_market(
    config: MarketConfig, folder: Path, threads: int, pulse: Pulse, *, also: Path | None = None
) -> PooledNets:
    """Every recipe's nets for every refit, those that are not kept in `folder` yet fitted now.

    also : another folder, whose nets count as well.

    Raises
    ------
    BarsError : no symbol can be used.
    FitError : training diverged.
    """
    members = _Members(config)
    work = _Fits(folder=folder, also=also, threads=threads, pulse=pulse, total=pooled_fits(config))
    pulse.begin("pooling")
    folds = {recipe.name: _fit_recipe(recipe, members, config, work) for recipe in config.chosen()}
    means = load_means(folder)
    if means is None or len(means) < len(fold_starts(config.sessions, config.refit_every)):
        means = _means(members.every, config)
        save_means(folder, means)
    return PooledNets(folds=folds, means=means)


class _Members:
    """The symbols that are learnt from, read when they are first asked for."""

    def __init__(self, config: MarketConfig) -> None:
        self.config = config

    @cached_property
    def every(self) -> Sequence[Member]:
        """In the order of the shards. Raises BarsError where there is none."""
        bars, members = open_set(self.config.source), []
        for names in self.config.shards:
            for _, got in bars.read(names, self.config.faults):
                with suppress(NextcloseError):
                    members += [train_member(got, self.config)] if isinstance(got, Bars) else []
        if not members:
            raise BarsError("none of {count} symbols has bars where they are needed", count=self.config.symbols)
        return members

    def pool(self, recipe: Recipe) -> tuple[Sequence[MarketSplit], Pool]:
        """The symbols that have the recipe's features, and their windows."""
        splits, parts = [], []
        for member in self.every:
            with suppress(BarsError):
                parts.append(pool_part(member.bars, recipe.windows))
                splits.append(member.split)
        if not parts:
            raise BarsError("none of {count} symbols has bars where they are needed", count=self.config.symbols)
        return splits, join_parts(parts, recipe.windows)


class _Fits:
    """How many pooled fits are done, and where they are kept."""

    def __init__(self, *, folder: Path, also: Path | None, threads: int, pulse: Pulse, total: int) -> None:
        self.folder, self.also, self.threads, self.pulse, self.total = folder, also, threads, pulse, total
        self.kept = self.fitted = 0

    def load(self, recipe: str, number: int) -> PooledFold | None:
        """What is kept of a refit."""
        found = load_fold(self.folder, recipe, number)
        return load_fold(self.also, recipe, number) if found is None and self.also is not None else found

    def on_batch(self, done: int, total: int) -> None:
        """So many updates of a fit are done."""
        share = (self.kept + self.fitted + done / max(total, 1)) / self.total
        self.pulse.move(pooled=share, fits=self.fitted)


def _fit_recipe(recipe: Recipe, members: _Members, config: MarketConfig, work: _Fits) -> tuple[PooledFold, ...]:
    folds: list[PooledFold] = []
    pooled: tuple[Sequence[MarketSplit], Pool] | None = None
    for number in range(len(fold_starts(config.sessions, recipe.refit_every))):
        fold = work.load(recipe.name, number)
        if fold is None:
            splits, pool = pooled = pooled or members.pool(recipe)
            spans = [_span(split, recipe, number) for split in splits]
            fold = _fit_fold(recipe, pool, spans, folds[-1].fits if folds else None, work)
            save_fold(work.folder, recipe.name, number, fold)
        else:
            work.kept += recipe.seeds
        folds.append(fold)
    return tuple(folds)


def _span(split: MarketSplit, recipe: Recipe, number: int) -> tuple[int, int]:
    """A symbol's bars that a refit trains on."""
    first = int(np.searchsorted(split.dates, fold_starts(split.sessions, recipe.refit_every)[number]))
    stop = split.train_stop if number == 0 else first
    start = split.train_start if recipe.train_sessions is None else max(split.train_start, stop - recipe.train_sessions)
    return start, stop


def _fit_fold(
    recipe: Recipe, pool: Pool, spans: Sequence[tuple[int, int]], before: Sequence[Fit] | None, work: _Fits
) -> PooledFold:
    rows = pool.train_rows(spans)
    rows, held_out, cut = hold_out(rows, pool.target_dates(rows), recipe.training.validation)
    windows = pool.fitted(spans, recipe.training.dtype)
    warm = recipe.training.warm_start and before is not None
    training = recipe.training
    if warm and training.warm_epochs is not None:
        training = replace(training, epochs=training.warm_epochs, warm_epochs=None)
    fits = []
    for seed in range(recipe.seeds):
        settings = pooled_settings(recipe.net, training)
        if warm and before is not None:
            settings["init"] = before[seed].params
        try:
            fits.append(
                engine.fit_pooled(
                    windows, rows, held_out=held_out if len(held_out) else None, seed=seed, threads=work.threads,
                    on_batch=work.on_batch, **settings,
                )
            )  # fmt: skip
        except FitError as error:
            raise FitError(
                "recipe '{recipe}' on the whole market, seed {seed}: {problem}",
                recipe=recipe.name,
                seed=seed,
                problem=error,
            ) from error
        work.fitted += 1
        work.on_batch(0, 1)
    return PooledFold(fits=tuple(fits), held_out_from=cut)


def hold_out(rows: Ints, targets: Dates, share: float) -> tuple[Ints, Ints, np.datetime64]:
    """Windows that train, windows whose target lies in the latest share of the sessions, and the first session of those."""
    sessions = np.unique(targets)
    held = min(round(len(sessions) * share), len(sessions) - 1)
    if held == 0:
        return rows, rows[:0], np.datetime64("NaT", "D")
    cut = sessions[-held]
    return rows[targets < cut], rows[targets >= cut], cut


def _means(members: Sequence[Member], config: MarketConfig) -> Float64s:
    """The mean return of all symbols that was known at each refit of the baselines."""
    returns = np.concatenate([_train_returns(member) for member in members])
    dates = np.concatenate([member.bars.dates[member.split.train_start + 1 :] for member in members])
    days, place = np.unique(dates, return_inverse=True)
    starts = fold_starts(config.sessions, config.refit_every).copy()
    starts[0] = np.datetime64(config.spans.train_end, "D") + 1
    total = np.bincount(place, weights=returns, minlength=len(days)).astype(np.float64)
    count = np.bincount(place, minlength=len(days)).astype(np.float64)
    return mean_returns(total, count, days, starts)


def _train_returns(member: Member) -> Float64s:
    close = member.bars.close[member.split.train_start :]
    returns: Float64s = close[1:] / close[:-1] - 1.0
    return returns
