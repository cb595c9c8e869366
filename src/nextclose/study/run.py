"""A run: bars -> forecasts of every model -> verdicts -> tomorrow."""

from __future__ import annotations

import datetime as dt
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from nextclose.bars import Bars, load_bars
from nextclose.baselines import BASELINES
from nextclose.core.errors import BarsError, SettingsError
from nextclose.core.lang import LANGS, Lang, Text
from nextclose.core.results import Ladder
from nextclose.judging.splits import make_split
from nextclose.recipes import LADDER, Recipe, check_names, load_recipe, with_settings
from nextclose.study.conclude import conclude
from nextclose.study.ladder import climb
from nextclose.study.plan import Plan, split_dates
from nextclose.study.pretraining import with_twins
from nextclose.study.series import SeriesPlan, check_alone, run_series
from nextclose.study.series_study import SeriesStudy
from nextclose.study.spans import choose_dates
from nextclose.study.study import Study
from nextclose.study.walk import Walked, walk_baseline, walk_recipes
from nextclose.study.watch import OnlyFits, Watcher
from nextclose.training.masked_windows import check_pretrain_bars
from nextclose.training.resolve import resolve_engine
from nextclose.windows.features import feature_matrix
from nextclose.windows.series import make_series

DEFAULT_SOURCE = "sample:AAPL"
DEFAULT_RECIPES = ("tutorial", "default")
REFIT_EVERY = 21
"""Sessions that one fit of a baseline serves."""


def run(
    source: Any = None,
    *,
    recipes: Sequence[str] = DEFAULT_RECIPES,
    train_start: str | None = None,
    train_end: str | None = None,
    test_start: str | None = None,
    test_end: str | None = None,
    refit_every: int | None = None,
    train_sessions: int | None = None,
    seeds: int | None = None,
    engine: str = "auto",
    exchange: str | None = None,
    faults: str = "raise",
    settings: Mapping[str, Any] | None = None,
    ladder: bool | None = None,
    lang: Lang = "en",
    refresh: bool = False,
    today: dt.date | None = None,
    watcher: Watcher | None = None,
) -> Study | SeriesStudy:
    """Forecast a stock's next close with some recipes, and judge them against repeating the last close.

    A recipe that has a series of its own (`trigonometric`) runs alone, on that series.

    Parameters
    ----------
    source : a SOURCE such as "prices.csv" or "sample:AAPL", a table, or Bars; sample:AAPL without any.
    recipes : names; "ladder" stands for its five rungs.
    train_start, train_end, test_start, test_end : dates; without them the spans that a recipe brings along where the
        bars cover them, else the last 250 sessions (or the last fifth) are the test and everything before trains.
    refit_every : sessions that one fit serves, for every recipe and baseline; 0 fits once.
    train_sessions : sessions that a fold trains on, the latest (a rolling span); without it all since the train span's
        start (an expanding one).
    seeds : nets a recipe, for every recipe.
    engine : fused, torch, or auto, which takes the fused one wherever it can fit a recipe.
    settings : changed settings of every recipe, by name.
    ladder : climb the ladder beside the recipes; by default where `tutorial` is among them.
    today : the day on which the bars are said to be old or not; the clock's by default.
    watcher : told of the progress.

    Raises
    ------
    UserError : bars, dates, names or settings that cannot be met.
    FitError : training diverged.
    """
    if lang not in LANGS:
        raise SettingsError("unknown language '{lang}': expected en or ko", lang=lang)
    chosen = with_twins(
        choose_recipes(
            recipes, seeds=seeds, refit_every=refit_every, train_sessions=train_sessions, settings=settings or {}
        )
    )
    dates = {"train_start": train_start, "train_end": train_end, "test_start": test_start, "test_end": test_end}
    watcher = watcher or Watcher()
    if any(recipe.series for recipe in chosen):
        given = _given(
            SOURCE=source, **dates, refit_every=refit_every, train_sessions=train_sessions, exchange=exchange,
            faults=None if faults == "raise" else faults, ladder=ladder or None, refresh=refresh or None,
        )  # fmt: skip
        return _run_series(check_alone(chosen, given), engine, lang, watcher)
    bars = load_bars(DEFAULT_SOURCE if source is None else source, faults=faults, exchange=exchange, refresh=refresh)
    plan = _plan(bars, chosen, dates, engine=engine, ladder=ladder, lang=lang)
    plan = replace(
        plan,
        today=today or plan.today,
        plain_every=REFIT_EVERY if refit_every is None else refit_every,
        plain_sessions=train_sessions,
    )
    watcher.planned(plan)
    return _execute(plan, watcher)


def _plan(
    bars: Bars,
    chosen: tuple[Recipe, ...],
    dates: Mapping[str, str | None],
    *,
    engine: str,
    ladder: bool | None,
    lang: Lang,
) -> Plan:
    """The recipes on the bars, with the spans asked for or a recipe's own; refuses what the bars lack, before any work."""
    check_length(bars, chosen)
    for recipe in chosen:
        check_pretrain_bars(recipe)
        feature_matrix(bars, recipe.windows.features)
    spans = choose_dates(chosen, bars.dates, dates)
    split = make_split(bars.dates, **spans.dates)
    with_ladder = ladder if ladder is not None else any(recipe.name == LADDER[0] for recipe in spans.recipes)
    rungs = _missing_rungs(spans.recipes) if with_ladder else ()
    fitted = (*spans.recipes, *rungs)
    return Plan(
        bars=bars,
        split=replace(split, notes=(*spans.notes, *split.notes)),
        recipes=spans.recipes,
        engines={recipe: resolve_engine(engine, recipe, partial(_wait, lang)) for recipe in fitted},
        lang=lang,
        today=dt.date.today(),
        with_ladder=with_ladder,
        rungs=rungs,
    )


def _given(**options: object) -> list[str]:
    """The options that are not None, as the command line calls them."""
    names = [name for name, value in options.items() if value is not None]
    return [name if name.isupper() else "--" + name.replace("_", "-") for name in names]


def _run_series(recipe: Recipe, engine: str, lang: Lang, watcher: Watcher) -> SeriesStudy:
    series = make_series(recipe.series or "")
    chosen = resolve_engine(engine, recipe, partial(_wait, lang))
    return run_series(SeriesPlan(recipe=recipe, series=series, engine=chosen, lang=lang), watcher)


def _wait(lang: Lang, line: Text) -> None:
    """Say what a first run on a machine waits for, beside whatever the run prints."""
    print(line.render(lang), file=sys.stderr, flush=True)


def _execute(plan: Plan, watcher: Watcher) -> Study:
    total = sum(plan.fits(recipe) for recipe in (*plan.recipes, *plan.rungs))
    watcher.started(plan.bars.summary(), split_dates(plan), total)
    told: list[tuple[Recipe, Watcher]] = [(recipe, watcher) for recipe in plan.recipes]
    told += [(rung, OnlyFits(watcher)) for rung in plan.rungs]
    done = walk_recipes([(recipe, plan.engines[recipe], heard) for recipe, heard in told], plan.bars, plan.split)
    walked = {recipe.name: model for recipe, model in zip(plan.recipes, done, strict=False)}
    rungs = {rung.name: model for rung, model in zip(plan.rungs, done[len(plan.recipes) :], strict=True)}
    seq_len = plan.recipes[0].windows.seq_len
    plain = {name: _walk_baseline(name, seq_len, plan) for name in BASELINES}
    ladder = _climb(plan, {**walked, **rungs}) if plan.with_ladder else None
    watcher.judging()
    return conclude(plan, walked, plain, ladder)


def _walk_baseline(name: str, seq_len: int, plan: Plan) -> Walked:
    return walk_baseline(
        name,
        seq_len,
        plan.bars,
        plan.split,
        refit_every=plan.plain_every,
        train_sessions=plan.plain_sessions,
        horizon=max(recipe.windows.horizon for recipe in plan.recipes),
    )


def check_length(bars: Bars, recipes: Sequence[Recipe]) -> None:
    """Every recipe needs a window with its targets to train on, and one more target to test."""
    for recipe in recipes:
        needed = recipe.windows.seq_len + recipe.windows.horizon + 1
        if len(bars) < needed:
            raise BarsError(
                "{symbol}: {got} bars are too few for recipe '{recipe}', which needs at least {needed} (seq_len {seq_len}, "
                "horizon {horizon}, and one more). Use more bars or a smaller seq_len.",
                symbol=bars.symbol,
                got=len(bars),
                recipe=recipe.name,
                needed=needed,
                seq_len=recipe.windows.seq_len,
                horizon=recipe.windows.horizon,
            )


def choose_recipes(
    names: Sequence[str],
    *,
    seeds: int | None,
    refit_every: int | None,
    settings: Mapping[str, Any],
    train_sessions: int | None = None,
) -> tuple[Recipe, ...]:
    """The recipes of a run, each name once, with what the caller changed in all of them."""
    expanded = [rung for name in names for rung in (LADDER if name == "ladder" else (name,))]
    if not expanded:
        raise SettingsError("a run needs at least one recipe")
    asked = {"seeds": seeds, "refit_every": refit_every, "train_sessions": train_sessions}
    changes = dict(settings) | {name: value for name, value in asked.items() if value is not None}
    plain = [load_recipe(name) for name in dict.fromkeys(expanded)]
    for recipe in plain:
        check_names(recipe, settings)
    return tuple(with_settings(recipe, changes) for recipe in plain)


def _missing_rungs(chosen: Sequence[Recipe]) -> tuple[Recipe, ...]:
    """The ladder's recipes that the run does not fit anyway."""
    own = {recipe.name: recipe for recipe in chosen}
    rungs = [load_recipe(name) for name in LADDER]
    return tuple(rung for rung in rungs if (one := own.get(rung.name)) is None or one != replace(rung, seeds=one.seeds))


def _climb(plan: Plan, walked: Mapping[str, Walked]) -> Ladder | None:
    seq_len = load_recipe(LADDER[0]).windows.seq_len
    ridge = walk_baseline("ridge", seq_len, plan.bars, plan.split, refit_every=0)
    return climb({**walked, "ridge": ridge}, plan.bars, plan.lang)
