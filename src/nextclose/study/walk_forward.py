"""Walk-forward: any forecasters, fitted again and again on what was known, asked for every session of a span.

sessions      0 ......................... first origin | targets ......................... last
fold 0        [============ train ===================]  [-- refit_every --]
fold 1        [============ train ======================================]  [-- refit_every --]     expanding
fold 1                      [== train_sessions =========================]  [-- refit_every --]     rolling
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from time import process_time
from typing import TYPE_CHECKING, Any

import numpy as np

from nextclose.bars import load_bars
from nextclose.bars.bars import Bars
from nextclose.baselines import BASELINES
from nextclose.core.errors import SettingsError
from nextclose.core.forecasts import Forecasts
from nextclose.core.lang import Lang
from nextclose.core.results import Judgement
from nextclose.core.settings import Problems
from nextclose.judging.intervals import interval_scale
from nextclose.judging.splits import Fold, Split, make_split, parse_date
from nextclose.recipes import Recipe, for_all_bars, load_recipe, of_bars, with_settings
from nextclose.study.forecaster import Forecaster
from nextclose.study.objects import check_forecaster, name_of, walk_object
from nextclose.study.tables import forecast_table
from nextclose.study.walk import Walked, walk_baseline, walk_recipes
from nextclose.study.watch import Watcher
from nextclose.training.resolve import Engine, resolve_engine

if TYPE_CHECKING:
    import pandas as pd

REFIT_EVERY = 21
"""Sessions that one fit serves where neither the caller nor a recipe says otherwise."""
SEQ_LEN = 4
"""Sessions that the baselines `ar` and `ridge` look back over."""


@dataclass(frozen=True, kw_only=True, eq=False)
class WalkForward:
    """Every forecast that some forecasters made, each from what was known at its origin."""

    bars: Bars
    table: Forecasts
    """One row a (model, origin, step)."""
    folds: Mapping[str, tuple[Fold, ...]]
    """Each model's training spans and the targets that they served, as row numbers of `bars`."""
    fits: Mapping[str, int]
    """Fits of each model: folds times seeds, a recipe's fold that would serve the session after the last bar included."""
    seconds: Mapping[str, float]
    """Process time of each model, fits and forecasts."""

    @property
    def forecasts(self) -> pd.DataFrame:
        """The Forecasts table as a pandas frame."""
        return self.table.to_pandas()

    def judge(self, *, lang: Lang = "en") -> Judgement:
        """Verdicts on every model, with the plainer forecasts beside them."""
        from nextclose.study.judging import judge

        return judge(self.table, bars=self.bars, lang=lang)


def walk_forward(
    source: Any,
    forecasters: Any = "default",
    *,
    first_origin: str | None = None,
    train_start: str | None = None,
    train_end: str | None = None,
    test_start: str | None = None,
    test_end: str | None = None,
    refit_every: int | None = None,
    train_sessions: int | None = None,
    seeds: int | None = None,
    engine: str = "auto",
    watcher: Watcher | None = None,
) -> WalkForward:
    """Forecast every session of a test span, fitting again every few sessions on the past alone.

    Parameters
    ----------
    source : a SOURCE such as "prices.csv" or "sample:AAPL", a table, or Bars.
    forecasters : one or a list of: a recipe's or baseline's name, a Forecaster, a SklearnForecaster, any object with
        fit(bars) and predict(bars), a function of bars; a mapping gives them other names. Recipes are fitted as one
        batch, (fold x seed x recipe); other objects are copied for each fold.
    first_origin : the last session that the first forecast may see; instead of test_start.
    train_start, train_end, test_start, test_end : dates, as for `run`.
    refit_every : sessions that one fit serves, for every forecaster; 0 fits once. A recipe's own, else 21, by default.
    train_sessions : sessions that a fold trains on, the latest (rolling); all since the train span's start by default.
    seeds : nets a recipe, for every recipe.

    Raises
    ------
    UserError : bars, dates, names or objects that cannot be used. FitError : training diverged.
    """
    bars = load_bars(source)
    test_start = _after(bars, first_origin, test_start)
    split = make_split(
        bars.dates, train_start=train_start, train_end=train_end, test_start=test_start, test_end=test_end
    )
    schedule = Schedule(refit_every=refit_every, train_sessions=train_sessions)
    return walk(bars, split, _named(forecasters), schedule, seeds=seeds, engine=engine, watcher=watcher)


def walk(
    bars: Bars,
    split: Split,
    forecasters: Mapping[str, Any],
    schedule: Schedule,
    *,
    seeds: int | None = None,
    engine: str = "auto",
    watcher: Watcher | None = None,
) -> WalkForward:
    """Forecasters by name through the folds of `split`; parameters and errors as for `walk_forward`."""
    recipes = {
        name: schedule.of_recipe(thing, seeds, engine) for name, thing in forecasters.items() if _is_recipe(thing)
    }
    told = [(recipe, fitting, watcher or Watcher()) for recipe, fitting in recipes.values()]
    walked = dict(zip(recipes, walk_recipes(told, bars, split), strict=True))
    horizon = max((recipe.windows.horizon for recipe, _ in recipes.values()), default=1)
    parts = [
        _part(name, thing, bars, split, schedule, walked.get(name), horizon) for name, thing in forecasters.items()
    ]
    return WalkForward(
        bars=bars,
        table=Forecasts.concat([part.table for part in parts]),
        folds={name: schedule.folds(split, recipes[name][0] if name in recipes else None) for name in forecasters},
        fits={name: part.fits for name, part in zip(forecasters, parts, strict=True)},
        seconds={name: part.seconds for name, part in zip(forecasters, parts, strict=True)},
    )


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """How often is fitted, and on how much."""

    refit_every: int | None = None
    train_sessions: int | None = None

    def __post_init__(self) -> None:
        problems = Problems()
        if self.refit_every is not None:
            problems.at_least("refit_every", self.refit_every, 0)
        if self.train_sessions is not None:
            problems.at_least("train_sessions", self.train_sessions, 2)
        problems.raise_any()

    def of_recipe(self, thing: Any, seeds: int | None, engine: str) -> tuple[Recipe, Engine]:
        """A recipe on this schedule, and what fits it."""
        asked = {"refit_every": self.refit_every, "train_sessions": self.train_sessions, "seeds": seeds}
        changes = {name: value for name, value in asked.items() if value is not None}
        if isinstance(thing, Forecaster):
            return with_settings(thing.recipe, changes), thing.engine
        known = thing if isinstance(thing, Recipe) else load_recipe(thing)
        recipe = for_all_bars(of_bars(known), changes)
        return recipe, resolve_engine(engine, recipe)

    def folds(self, split: Split, recipe: Recipe | None) -> tuple[Fold, ...]:
        """The folds of a recipe, or of anything else."""
        if recipe is not None:
            return split.folds(recipe.refit_every, recipe.train_sessions)
        return split.folds(self.every, self.train_sessions)

    @property
    def every(self) -> int:
        """Sessions that one fit of what is no recipe serves."""
        return REFIT_EVERY if self.refit_every is None else self.refit_every


@dataclass(frozen=True, kw_only=True, eq=False)
class _Part:
    table: Forecasts
    fits: int
    seconds: float


def _part(
    name: str, thing: Any, bars: Bars, split: Split, schedule: Schedule, walked: Walked | None, horizon: int
) -> _Part:
    """One model's rows."""
    if walked is None and isinstance(thing, str):
        walked = walk_baseline(
            thing,
            SEQ_LEN,
            bars,
            split,
            refit_every=schedule.every,
            train_sessions=schedule.train_sessions,
            horizon=horizon,
        )
    if walked is not None:
        table = forecast_table(walked, bars, interval_scale(bars))
        named = table.replace(model=np.full(len(table), name, dtype=object))
        return _Part(table=named, fits=walked.fits, seconds=walked.seconds)
    folds, began = schedule.folds(split, None), process_time()
    table = walk_object(thing, bars, folds, name=name)
    return _Part(table=table, fits=len(folds), seconds=process_time() - began)


def is_ours(thing: Any) -> bool:
    """Whether it is a recipe, a baseline or a Forecaster, by name or itself; raises SettingsError for an unknown name."""
    if isinstance(thing, str) and thing not in BASELINES:
        of_bars(load_recipe(thing))
    return isinstance(thing, str | Recipe | Forecaster)


def _is_recipe(thing: Any) -> bool:
    return isinstance(thing, Recipe | Forecaster) or (isinstance(thing, str) and thing not in BASELINES)


def _named(forecasters: Any) -> dict[str, Any]:
    """Forecasters by name. Raises SettingsError for two of one name, none, or what is no forecaster."""
    if isinstance(forecasters, Mapping):
        named = [(str(name), thing) for name, thing in forecasters.items()]
    else:
        several = (
            forecasters if isinstance(forecasters, Sequence) and not isinstance(forecasters, str) else [forecasters]
        )
        named = [(thing if isinstance(thing, str) else name_of(thing), thing) for thing in several]
    names = [name for name, _ in named]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice or not names:
        raise SettingsError(
            "expected forecasters of different names, got {names}: give a mapping from name to forecaster",
            names=", ".join(twice) or "none",
        )
    for _, thing in named:
        if not is_ours(thing):
            check_forecaster(thing)
    return dict(named)


def _after(bars: Bars, first_origin: str | None, test_start: str | None) -> str | None:
    """The date of the first target."""
    if first_origin is None:
        return test_start
    if test_start is not None:
        raise SettingsError("first_origin and test_start say the same: give one of them")
    day = parse_date("first-origin", first_origin)
    row = int(np.searchsorted(bars.dates, day, side="right"))
    if not 0 < row < len(bars):
        raise SettingsError(
            "first_origin {date}: expected a date from {first} to before {last}, the bars' first and last",
            date=day,
            first=bars.dates[0],
            last=bars.dates[-1],
        )
    return str(bars.dates[row])
