"""One experiment: the choices fitted on the desk's bars and held against what came, before any verdict."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from nextclose.core.results import LossCurve
from nextclose.core.types import Float64s
from nextclose.engine.carried import predict_carried
from nextclose.judging.bootstrap import skill_interval
from nextclose.judging.metrics import rmse
from nextclose.judging.row import skill_of_sums
from nextclose.judging.splits import Split
from nextclose.lab.bent import Bent, bend
from nextclose.lab.choices import Choices
from nextclose.lab.desk import Desk
from nextclose.lab.diverged import told_plainly
from nextclose.lab.work import turn
from nextclose.study.walk import RecipeWalk, Walked
from nextclose.study.watch import Watcher
from nextclose.training.fold import FittedFold, closes_of, fit_all


@dataclass(frozen=True, kw_only=True, eq=False)
class Experiment:
    """What came of some choices."""

    choices: Choices
    split: Split
    bent: Bent
    fold: FittedFold
    """Every seed's net, and the scaler."""
    walked: Walked
    """Its origins are rows of the desk's bars, in the order of time; its prices are those that count: of every seed, or of
    the best one alone."""
    prices: Float64s
    """(S, n) every seed's forecast closes."""
    losses: LossCurve
    y: Float64s
    """(n,) the closes that came."""
    last_close: Float64s
    """(n,)"""
    best: int
    """The seed whose forecasts err least on the test span."""

    @property
    def yhat(self) -> Float64s:
        """(n,) the forecast that counts."""
        return np.asarray(self.walked.prices[:, :, 0].mean(axis=0))

    @property
    def lost(self) -> Float64s:
        """(n,) squared errors over the last close."""
        return np.asarray(((self.y - self.yhat) / self.last_close) ** 2)

    @property
    def base(self) -> Float64s:
        """(n,) those of repeating the last close."""
        return np.asarray(((self.y - self.last_close) / self.last_close) ** 2)

    @property
    def skill(self) -> float:
        """1 - sum of `lost` / sum of `base`."""
        return skill_of_sums(self.lost, self.base)

    def interval(self) -> tuple[float, float]:
        """90 % interval of the skill."""
        return skill_interval(self.lost, self.base)

    @property
    def ratio(self) -> float:
        """Price RMSE over that of repeating the last close; NaN where that makes no error."""
        return float(self._over_naive(self.yhat))

    def ratios(self) -> Float64s:
        """(S,) the same of each seed."""
        return self._over_naive(self.prices)

    def _over_naive(self, prices: Float64s) -> Float64s:
        """(..., n) -> (...)"""
        naive = rmse(self.y, self.last_close)
        errors = np.sqrt(np.mean((self.y - prices) ** 2, axis=-1))
        return np.asarray(errors / naive if naive > 0.0 else np.full_like(errors, np.nan))


class Asking(Watcher):
    """Asks, while nets are fitted, whether anybody still wants them."""

    def __init__(self, check: Callable[[], None]) -> None:
        self.check = check

    def look(self) -> None:
        """As often as the engine looks up."""
        self.check()


def experiment(desk: Desk, choices: Choices, check: Callable[[], None] = lambda: None) -> Experiment:
    """Fit every seed on the train span and forecast the test span.

    Parameters
    ----------
    check : called between pieces of work and while nets are fitted; what it raises ends the experiment.

    Raises
    ------
    SettingsError, BarsError : as `nextclose.run`; SettingsError too for what would take too long.
    DivergedError : what `nextclose.run` says of a net that diverged, and the losses up to there.
    """
    recipe, split = choices.recipe, desk.split(choices)
    engine = desk.engine(recipe)
    bent = bend(desk.dataset(recipe.windows), choices, split)
    walk = RecipeWalk(recipe, engine, desk.bars, split, Asking(check), data=bent.data, scaled_on=bent.scaled_on)
    with turn(recipe, walk.shapes["X_train"][0], check), told_plainly(recipe):
        walked = walk.walked(fit_all([walk.wanted])[0])
    check()
    fold, losses = walked.fold, walked.losses
    assert fold is not None
    assert losses is not None
    if choices.carried:
        walked = replace(walked, prices=_carried(fold, bent, walk.span))
    origins = bent.rows[walked.origins]
    sort = np.argsort(origins)
    origins, prices = origins[sort], walked.prices[:, sort]
    y, last_close = desk.bars.close[origins + 1], desk.bars.close[origins]
    best = int(np.argmin(np.sum(((y - prices[:, :, 0]) / last_close) ** 2, axis=1)))
    counting = prices[best : best + 1] if choices.switches["pick"] == "best" else prices
    return Experiment(
        choices=choices,
        split=split,
        bent=bent,
        fold=fold,
        walked=replace(walked, origins=origins, prices=counting),
        prices=prices[:, :, 0],
        losses=losses,
        y=y,
        last_close=last_close,
        best=best,
    )


def _carried(fold: FittedFold, bent: Bent, windows: slice) -> Float64s:
    """Each seed's closes (S, n, 1) where no window's state is reset."""
    net, X = fold.recipe.net, fold.scaler.x.forward(bent.data.X[windows])
    said = [predict_carried(fit.params, X, cell=net.cell, activation=net.activation) for fit in fold.fits]
    return closes_of(np.stack(said), fold.scaler, bent.data, windows)[..., 0]
