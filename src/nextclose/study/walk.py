"""One model walked through the test span: fitted on each fold's past, asked for each fold's targets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from time import process_time

import numpy as np

from nextclose.bars.bars import Bars
from nextclose.baselines import make_baseline
from nextclose.core.errors import SettingsError, TooFewBarsError
from nextclose.core.fit import Fit
from nextclose.core.results import AttentionMap, LossCurve
from nextclose.core.types import Float64s, Ints
from nextclose.judging.splits import Fold, Split
from nextclose.recipes import Recipe
from nextclose.study.scores import Scores, score
from nextclose.study.watch import Watcher
from nextclose.training.fold import Fitted, FittedFold, FitWatcher, Wanted, closes_by_fold, fit_all, learning_windows
from nextclose.training.resolve import Engine
from nextclose.windows import Dataset, make_dataset
from nextclose.windows.windows import sliding


@dataclass(frozen=True, kw_only=True, eq=False)
class Walked:
    """A model's forecasts over the test span, and the model of the last fold."""

    name: str
    origins: Ints
    """(n,) row numbers of the last bars seen."""
    prices: Float64s
    """(S, n, K) forecast closes by seed; one seed for what has none."""
    tomorrow: Float64s
    """(S, K) the model that the schedule gives for the session after the last bar, on the last bars."""
    trained_stop: int
    """One past the last row that that model was trained on."""
    calibration: Scores
    """(m, K) scores on the first fold's held-out tail. They matured before the first forecast; none where the recipe holds
    nothing out."""
    quantiles: Float64s | None = None
    """(n, K, Q) forecast quantiles of the closes, the mean over seeds; None for a model without."""
    tomorrow_quantiles: Float64s | None = None
    """(K, Q) likewise, beside `tomorrow`."""
    fold: FittedFold | None = None
    """The nets that serve tomorrow; None for what is no recipe."""
    losses: LossCurve | None = None
    attention: AttentionMap | None = None
    pretrained: int = 0
    """Windows that its nets were pre-trained on."""
    shapes: Mapping[str, tuple[int, ...]] | None = None
    final_losses: tuple[float, ...] = ()
    """Each seed's last training loss in those nets."""
    fits: int = 0
    seconds: float = 0.0
    """Process time of all threads, fits and forecasts."""


class _RecipeWatcher(FitWatcher):
    def __init__(self, watcher: Watcher, model: str) -> None:
        self.watcher, self.model = watcher, model

    def fitted(self, fits: int) -> None:
        self.watcher.fitted(self.model, fits)

    def look(self) -> None:
        self.watcher.look()

    def losses(self, fold: int, seed: int, losses: Float64s) -> None:
        self.watcher.losses(self.model, fold, seed, losses)


def walk_recipes(recipes: Sequence[tuple[Recipe, Engine, Watcher]], bars: Bars, split: Split) -> tuple[Walked, ...]:
    """Fit every recipe on every fold of `split`, all as one batch, and forecast every target."""
    walks = [RecipeWalk(recipe, engine, bars, split, watcher) for recipe, engine, watcher in recipes]
    fitted = fit_all([walk.wanted for walk in walks])
    return tuple(walk.walked(nets) for walk, nets in zip(walks, fitted, strict=True))


class RecipeWalk:
    """One recipe's windows and folds; the last fold is the one that serves tomorrow.

    data : other windows than the recipe would cut of the bars, of the same shape. scaled_on : as in `Wanted`.

    Raises SettingsError or TooFewBarsError where the recipe can forecast nothing in the test span.
    """

    def __init__(
        self,
        recipe: Recipe,
        engine: Engine,
        bars: Bars,
        split: Split,
        watcher: Watcher,
        *,
        data: Dataset | None = None,
        scaled_on: tuple[int, int] | None = None,
    ) -> None:
        self.recipe, self.engine, self.split = recipe, engine, split
        self.data = make_dataset(bars, recipe.windows) if data is None else data
        self.span = self.data.test_windows(split.test_first, split.test_last, split.test_first)
        if self.span.stop <= self.span.start:
            raise _no_targets(recipe, self.data, split)
        self.shapes = _shapes(recipe, self.data, split, self.span)
        watcher.shapes(recipe.name, self.shapes)
        self.folds = split.schedule(
            recipe.refit_every, len(bars), recipe.train_sessions, warm=recipe.training.warm_start
        )
        self.wanted = Wanted(
            recipe=recipe,
            data=self.data,
            spans=[(fold.train_start, fold.train_stop) for fold in self.folds],
            engine=engine,
            watcher=_RecipeWatcher(watcher, recipe.name),
            scaled_on=scaled_on,
        )

    def walked(self, fitted: Fitted) -> Walked:
        """Every forecast of the recipe."""
        data, last, began = self.data, fitted.folds[-1], process_time()
        asked = [
            (nets, self._targets(fold))
            for fold, nets in zip(self.folds, fitted.folds, strict=True)
            if fold.first_target <= self.split.test_last
        ]
        *closes, latest = closes_by_fold([*asked, (last, data.latest)], data, self.engine)
        prices, quantiles = apart(np.concatenate(closes, axis=1), self.recipe)
        tomorrow, tomorrow_quantiles = apart(latest, self.recipe)
        origins = data.origins(self.span)
        return Walked(
            name=self.recipe.name,
            origins=np.arange(origins.start, origins.stop),
            prices=prices,
            tomorrow=tomorrow[:, 0],
            trained_stop=self.folds[-1].train_stop,
            calibration=held_out_scores(fitted.folds[0], data, self.wanted.spans[0], self.engine),
            quantiles=quantiles,
            tomorrow_quantiles=None if tomorrow_quantiles is None else tomorrow_quantiles[0],
            fold=last,
            losses=loss_curve(self.recipe.name, fitted.folds[0].fits),
            attention=_attention(last, data, self.span, self.engine),
            pretrained=fitted.pretrained,
            shapes=self.shapes,
            final_losses=tuple(float(fit.losses[-1]) for fit in last.fits),
            fits=self.recipe.seeds * len(self.folds),
            seconds=fitted.seconds + process_time() - began,
        )

    def _targets(self, fold: Fold) -> slice:
        """The windows whose first target the fold serves; their later targets may lie in the folds behind it."""
        last = min(fold.last_target + self.recipe.windows.horizon - 1, self.split.test_last)
        return self.data.test_windows(fold.first_target, last, self.split.test_first)


def apart(closes: Float64s, recipe: Recipe) -> tuple[Float64s, Float64s | None]:
    """Closes by quantile (S, n, K, Q) as each seed's forecasts (S, n, K) and the mean quantiles (n, K, Q), if it has any."""
    forecasts = closes[..., recipe.training.median]
    return forecasts, closes.mean(axis=0) if recipe.training.quantiles else None


def held_out_scores(nets: FittedFold, data: Dataset, span: tuple[int, int], engine: Engine) -> Scores:
    """Scores (m, K) on the tail that nets of a span held out."""
    windows = data.train_windows(*span)
    held_out = nets.held_out
    if held_out is None:
        held_out = nets.recipe.training.held_out(windows.stop - windows.start)
    matured = span[1] - data.settings.horizon - data.first
    tail = slice(windows.stop - held_out, max(min(windows.stop, matured), windows.stop - held_out))
    steps = np.arange(1, data.settings.horizon + 1)
    origins = data.origins(tail)
    rows = np.arange(origins.start, origins.stop)
    forecasts, quantiles = apart(nets.quantile_closes(data, tail, engine), nets.recipe)
    unit = data.close[rows, None] * data.scale[rows, None] * np.sqrt(steps)
    return score(forecasts.mean(axis=0), quantiles, data.close[rows[:, None] + steps], unit)


def walk_baseline(
    name: str,
    seq_len: int,
    bars: Bars,
    split: Split,
    *,
    refit_every: int,
    train_sessions: int | None = None,
    horizon: int = 1,
) -> Walked:
    """The same for one of the plainer forecasts; its windows always may look back before the test span.

    A later step whose target lies behind the test span is NaN.
    """
    ohlc = np.stack([bars.open, bars.high, bars.low, bars.close], axis=1)
    baseline = make_baseline(name, seq_len)
    needs = baseline.needs
    if len(bars) <= needs:
        raise TooFewBarsError(
            "{name}: {got} bars are too few for a window of {needed} and its target",
            name=name,
            got=len(bars),
            needed=needs,
        )
    windows = sliding(ohlc, needs)
    began = process_time()
    folds = split.schedule(refit_every, len(bars), train_sessions)
    origins, prices, fitted = [], [], None
    for fold in folds:
        fitted = baseline.fit(ohlc[fold.train_start : fold.train_stop], horizon)
        rows = np.arange(max(fold.first_target - 1, needs - 1), min(fold.last_target, split.test_last))
        if len(rows):
            origins.append(rows)
            prices.append(fitted.ahead(windows[rows - needs + 1], horizon))
    assert fitted is not None
    rows, closes = np.concatenate(origins), np.concatenate(prices)
    closes[rows[:, None] + np.arange(1, horizon + 1) > split.test_last] = np.nan
    return Walked(
        name=name,
        origins=rows,
        prices=closes[None],
        tomorrow=fitted.ahead(windows[-1:], horizon),
        trained_stop=folds[-1].train_stop,
        calibration=Scores(errors=np.empty((0, horizon))),
        seconds=process_time() - began,
    )


def _shapes(recipe: Recipe, data: Dataset, split: Split, span: slice) -> dict[str, tuple[int, ...]]:
    """Of the first fold; windows that validate stand apart where they have a span of their own."""
    first = split.folds(recipe.refit_every, recipe.train_sessions)[0]
    parts = {"train": data.train_windows(first.train_start, first.train_stop)}
    if recipe.validates_from is not None:
        parts["train"], parts["val"] = learning_windows(recipe, data, (first.train_start, first.train_stop))
    parts["test"] = span
    return {
        f"{name}_{part}": array[windows].shape
        for part, windows in parts.items()
        for name, array in (("X", data.X), ("y", data.y))
    }


def loss_curve(name: str, fits: Sequence[Fit]) -> LossCurve:
    """A fold's training losses, each seed filled with NaN behind its early stop."""
    width = max(len(fit.losses) for fit in fits)
    pad = [(fit.losses, fit.val_losses) for fit in fits]
    losses = np.stack([np.pad(train, (0, width - len(train)), constant_values=np.nan) for train, _ in pad])
    held_out = any(len(val) for _, val in pad)
    val_losses = (
        np.stack([np.pad(val, (0, width - len(val)), constant_values=np.nan) for _, val in pad])
        if held_out
        else np.empty((len(pad), 0))
    )
    return LossCurve(model=name, losses=losses, val_losses=val_losses)


def _attention(fold: FittedFold, data: Dataset, span: slice, engine: Engine) -> AttentionMap | None:
    """Where the fold's nets look, if they have attention, in the last window and over those of the test span."""
    if fold.recipe.net.decoder != "attention" or engine.attention is None:
        return None
    X = fold.scaler.x.forward(np.concatenate([data.X[span], data.X[data.latest]]))
    seen = [engine.attention(fit.params, X, net=fold.recipe.net, outputs=data.settings.outputs) for fit in fold.fits]
    weights = np.mean(seen, axis=0)
    return AttentionMap(
        model=fold.recipe.name,
        window=tuple(str(date) for date in data.dates[-data.settings.seq_len :]),
        tomorrow=weights[-1],
        average=weights[:-1].mean(axis=0),
    )


def _no_targets(recipe: Recipe, data: Dataset, split: Split) -> SettingsError:
    if data.first >= split.test_last:
        return SettingsError(
            "recipe '{recipe}' has no window before {last}, where the test span ends: its features begin too late. The first "
            "window that has all of them ends on {first}.",
            recipe=recipe.name,
            last=data.dates[split.test_last],
            first=data.dates[data.first],
        )
    return SettingsError(
        "recipe '{recipe}' can forecast nothing in the test span {first}..{last}: {sessions} sessions, but its windows "
        "need {needed}. Give a longer test span.",
        recipe=recipe.name,
        first=data.dates[split.test_first],
        last=data.dates[split.test_last],
        sessions=split.test_last - split.test_first + 1,
        needed=recipe.windows.seq_len + recipe.windows.horizon,
    )
