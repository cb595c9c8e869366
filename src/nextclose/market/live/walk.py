"""One recipe gone on with on one symbol: which folds are fitted, and what their nets say of the sessions since."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from nextclose.bars.bars import Bars
from nextclose.core.types import Bools, Float64s, Ints
from nextclose.judging.intervals import interval_scale
from nextclose.market.live.saved import KEPT, Past, SavedNets, Waiting, nets_digest, no_waiting
from nextclose.market.live.sessions import LiveSplit
from nextclose.market.spans import MarketFold
from nextclose.recipes import Recipe
from nextclose.study.scores import Scores, score
from nextclose.study.walk import apart, held_out_scores
from nextclose.training.fold import Fitted, FittedFold, FitWatcher, Wanted, closes_by_fold
from nextclose.training.resolve import Engine
from nextclose.windows import Dataset, make_dataset


@dataclass(frozen=True, kw_only=True, eq=False)
class _Part:
    """A fold and what stands for it, when it is there."""

    fold: MarketFold
    saved: SavedNets | None


class LiveWalk:
    """`study.walk.RecipeWalk` gone on with: saved nets where they are there, the others to be fitted.

    bars : all of a symbol, in prices of today. saved : its nets of the snapshot before. past : what they came to.

    Raises BarsError where the recipe's windows cannot be cut of these bars.
    """

    def __init__(
        self,
        recipe: Recipe,
        engine: Engine,
        bars: Bars,
        split: LiveSplit,
        *,
        saved: SavedNets | None,
        past: Past,
        watcher: FitWatcher | None = None,
    ) -> None:
        self.recipe, self.engine, self.bars, self.split, self.past = recipe, engine, bars, split, past
        folds = split.schedule(recipe.refit_every, len(bars), recipe.train_sessions, warm=recipe.training.warm_start)
        self.parts = _parts(folds, saved, warm=recipe.training.warm_start)
        self.folds = [part.fold for part in self.parts if part.saved is None]
        self.data = _data(recipe, bars, None if self.folds else split.first_asked)
        self.wanted = None if not self.folds else self._wanted(saved, watcher or FitWatcher())

    def _wanted(self, saved: SavedNets | None, watcher: FitWatcher) -> Wanted:
        learned = self.split.first_fold(self.recipe.refit_every, self.recipe.train_sessions)
        return Wanted(
            recipe=self.recipe,
            data=self.data,
            spans=[(fold.train_start, fold.train_stop) for fold in self.folds],
            engine=self.engine,
            watcher=watcher,
            before=() if saved is None else saved.nets.fits,
            pretrained_on=(learned.train_start, learned.train_stop),
        )

    def nets(self, fitted: Fitted | None) -> list[SavedNets]:
        """Those of every fold, in order."""
        new = iter(() if fitted is None else fitted.folds)
        return [part.saved or self._keep(part.fold, next(new)) for part in self.parts]

    def _keep(self, fold: MarketFold, nets: FittedFold) -> SavedNets:
        return SavedNets(
            number=fold.number,
            nets=nets,
            trained_until=str(self.bars.dates[fold.train_stop - 1]),
            digest=nets_digest(nets),
        )

    def gone_on(self, nets: Sequence[SavedNets]) -> Past:
        """What is known of the recipe's forecasts when these nets were asked for every session since."""
        asked = [
            (part.fold, own)
            for part, own in zip(self.parts, nets, strict=True)
            if part.fold.last_target >= self.split.first_asked
        ]
        said = [self._said(fold, own) for fold, own in asked]
        origins = np.concatenate([np.empty(0, np.int64), *(rows for rows, _, _ in said)])
        past = self._started(nets)
        if len(origins) == 0:
            return self._scored(past, past.waiting)
        quantiles = past.scores.missed is not None
        later = Waiting(
            origins=self.bars.dates[origins],
            yhat=np.concatenate([yhat for _, yhat, _ in said]),
            ends=np.concatenate([ends for _, _, ends in said if ends is not None]) if quantiles else None,
        )
        return self._scored(past, _joined(past.waiting, later))

    def _started(self, nets: Sequence[SavedNets]) -> Past:
        """The past, begun with what the schedule's first nets held out, where they are fitted here."""
        first = self.split.first_fold(self.recipe.refit_every, self.recipe.train_sessions)
        if not self.folds or first.number != self.folds[0].number:
            return self.past
        span = (self.folds[0].train_start, self.folds[0].train_stop)
        own = next(net for net in nets if net.number == self.folds[0].number)
        held_out = held_out_scores(own.nets, self.data, span, self.engine)
        return replace(self.past, scores=held_out.then(self.past.scores))

    def _said(self, fold: MarketFold, nets: SavedNets) -> tuple[Ints, Float64s, Float64s | None]:
        """Origins (n,), mean closes (n, K) and outer quantiles (n, K, 2) for the targets that a fold serves."""
        data, basis = self.data, nets.basis
        if basis.price != 1.0 or basis.adjusted != 1.0:
            data = _data(self.recipe, basis.of(self.bars), self.split.first_asked)
        first = max(fold.first_target, self.split.first_asked)
        last = min(fold.last_target, len(self.bars) - 1)
        windows = data.test_windows(first, last + self.recipe.windows.horizon - 1, self.split.test_first)
        origins = data.origins(windows)
        rows = np.arange(origins.start, origins.stop)
        if len(rows) == 0:
            return rows, np.empty((0, self.recipe.windows.horizon)), _ends(None, self.recipe)
        closes = closes_by_fold([(nets.nets, windows)], data, self.engine)[0] * basis.price
        forecasts, quantiles = apart(closes, self.recipe)
        return rows, mean_of_seeds(forecasts), _ends(quantiles, self.recipe)

    def _scored(self, past: Past, waiting: Waiting) -> Past:
        """Scores of the forecasts whose sessions have all happened; the others wait on."""
        bars, steps = self.bars, np.arange(1, self.recipe.windows.horizon + 1)
        rows = np.searchsorted(bars.dates, waiting.origins)
        there = bars.dates[np.minimum(rows, len(bars) - 1)] == waiting.origins
        happened = there & (rows + len(steps) < len(bars))
        scores = past.scores
        if happened.any():
            at = rows[happened]
            unit = bars.close[at, None] * interval_scale(bars)[at, None] * np.sqrt(steps)
            ends = None if waiting.ends is None else waiting.ends[happened]
            scores = scores.then(score(waiting.yhat[happened], ends, bars.close[at[:, None] + steps], unit))
        return Past(
            scores=latest(scores),
            asked_until=bars.dates[-1],
            waiting=_where(waiting, there & ~happened),
        )


def mean_of_seeds(closes: Float64s) -> Float64s:
    """(S, n, K) -> (n, K), added seed by seed whatever n is, as over a whole test span."""
    total = closes[0].copy()
    for one in closes[1:]:
        total += one
    mean: Float64s = total / len(closes)
    return mean


def latest(scores: Scores) -> Scores:
    """As many as an interval rests on."""
    return Scores(errors=scores.errors[-KEPT:], missed=None if scores.missed is None else scores.missed[-KEPT:])


def first_to_ask(bars: Bars, after: np.datetime64, horizon: int) -> int:
    """The row of the first target after a date, NaT being before all; no more than an interval rests on."""
    row = 0 if np.isnat(after) else int(np.searchsorted(bars.dates, after, side="right"))
    return max(row, len(bars) - KEPT - horizon)


def _data(recipe: Recipe, bars: Bars, first_asked: int | None) -> Dataset:
    """The recipe's windows: all, or those whose targets are asked for and the latest."""
    count = None if first_asked is None else len(bars) - first_asked + 1
    return make_dataset(bars, recipe.windows, latest=count)


def _parts(folds: Sequence[MarketFold], saved: SavedNets | None, *, warm: bool) -> tuple[_Part, ...]:
    """The folds that are asked or fitted; with a warm start those before the saved one are behind us."""
    if saved is not None and warm:
        folds = [fold for fold in folds if fold.number >= saved.number]
    known = {} if saved is None else {saved.number: saved}
    return tuple(_Part(fold=fold, saved=known.get(fold.number)) for fold in folds)


def _ends(quantiles: Float64s | None, recipe: Recipe) -> Float64s | None:
    """The outer ones, (n, K, Q) -> (n, K, 2)."""
    if not recipe.training.quantiles:
        return None
    return no_waiting(recipe.windows.horizon, quantiles=True).ends if quantiles is None else quantiles[..., [0, -1]]


def _joined(one: Waiting, other: Waiting) -> Waiting:
    ends = None if one.ends is None or other.ends is None else np.concatenate([one.ends, other.ends])
    return Waiting(
        origins=np.concatenate([one.origins, other.origins]), yhat=np.concatenate([one.yhat, other.yhat]), ends=ends
    )


def _where(waiting: Waiting, keep: Bools) -> Waiting:
    return Waiting(
        origins=waiting.origins[keep],
        yhat=waiting.yhat[keep],
        ends=None if waiting.ends is None else waiting.ends[keep],
    )
