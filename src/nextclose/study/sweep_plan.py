"""What a sweep is about to do: bars, split, a recipe, and what is changed in it."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from nextclose.bars import Bars, load_bars
from nextclose.core.errors import SettingsError
from nextclose.core.lang import LANGS, Lang
from nextclose.core.sweep import Alternatives, Span, combination_name
from nextclose.judging.splits import Split, make_split
from nextclose.recipes import Recipe, load_recipe, of_bars, with_settings
from nextclose.recipes.alternatives import MOST, check_combinations, combinations, corners, read_alternatives
from nextclose.recipes.recipe import SPANS
from nextclose.study.conclude import versions
from nextclose.study.plan import Plan, split_dates
from nextclose.study.run import REFIT_EVERY, check_length
from nextclose.study.spans import choose_dates
from nextclose.study.sweep_manifest import SweepManifest
from nextclose.study.walk import RecipeWalk
from nextclose.study.watch import Watcher
from nextclose.training.fold import check_spans
from nextclose.training.masked_windows import check_pretrain_bars
from nextclose.training.resolve import Engine, Tell, resolve_engine, tell_engines

FITS_A_CORE = 8
"""Fits for each core of the machine that are computed before the combinations are saved: a kill loses at most these."""
ROUND = 5
"""Tries that a search asks for at once."""
INSTALL = 'pip install -c constraints.txt -e ".[search]"'
UNIT = ("target", "horizon", "strategy", "context", "loss", "quantiles", "validation", "train_sessions")
"""Settings that change what a validation loss measures, or on which sessions."""
NEAR = 30
"""Sessions by which seq_len may differ: each takes a window away, and with it a share of one that is held out."""


@dataclass(frozen=True, kw_only=True, eq=False)
class SweepPlan:
    """Everything that decides a sweep's numbers."""

    bars: Bars
    split: Split
    recipe: Recipe
    """With what is fixed in all combinations."""
    axes: Alternatives
    """What differs."""
    tries: int | None
    """Of a search; None fits the whole grid."""
    engine: str
    """The engine that was asked for."""
    refit_every: int
    """Sessions that one fit of a baseline serves."""
    train_sessions: int | None
    """Latest sessions that a baseline's fold trains on; None for all."""
    lang: Lang
    tell: Tell | None = None

    @cached_property
    def combinations(self) -> list[dict[str, Any]]:
        """Of the grid, in order; empty for a search."""
        grid = {name: values for name, values in self.axes.items() if isinstance(values, tuple)}
        return [] if self.tries is not None else combinations(grid)

    def variant(self, settings: Mapping[str, Any]) -> Recipe:
        """The recipe with these settings, under the combination's name."""
        changed = with_settings(self.recipe, settings)
        return Recipe.from_settings(combination_name(self.recipe.name, settings), changed.summary, changed.settings())

    def engine_of(self, recipe: Recipe) -> Engine:
        """What fits a combination."""
        return resolve_engine(self.engine, recipe, self.tell)

    def fits(self, recipe: Recipe) -> int:
        """Nets that a combination fits."""
        return recipe.seeds * len(
            self.split.schedule(
                recipe.refit_every, len(self.bars), recipe.train_sessions, warm=recipe.training.warm_start
            )
        )

    @cached_property
    def manifest(self) -> SweepManifest:
        """What decides the numbers, as plain values."""
        split, typical = self.split, [self.variant(one) for one in self.combinations or corners(self.axes)]
        engines = {recipe: self.engine_of(recipe) for recipe in typical}
        chosen, reason = tell_engines(engines)
        fits = max(self.fits(recipe) for recipe in typical)
        return SweepManifest(
            lang=self.lang,
            data=self.bars.summary(),
            split=split_dates(_as_plan(self)),
            rows=(split.train_start, split.train_stop, split.test_first, split.test_last),
            recipe=self.recipe.name,
            summary=self.recipe.summary,
            settings=self.recipe.settings(),
            axes={name: _written(values) for name, values in self.axes.items()},
            tries=self.tries,
            files=_hashes(typical),
            baselines={"refit_every": self.refit_every, "train_sessions": self.train_sessions},
            engine={"chosen": chosen, "reason": reason.render(self.lang)},
            at_once=ROUND if self.tries is not None else max(FITS_A_CORE * (os.cpu_count() or 1) // fits, 1),
            versions=versions(engines.values()),
        )

    def folder(self) -> Path:
        """Where the sweep is saved unless the user says otherwise: sweeps/<symbol>-<recipe>-<hash>."""
        digest = hashlib.sha256(json.dumps(self.manifest.deciding(), sort_keys=True).encode()).hexdigest()
        return Path("sweeps") / "-".join([re.sub(r"[^\w.-]", "_", self.bars.symbol), self.recipe.name, digest[:8]])


def plan_sweep(
    source: Any = "sample:AAPL",
    *,
    recipe: str = "default",
    settings: Mapping[str, Any],
    search: int | None = None,
    seeds: int | None = None,
    train_start: str | None = None,
    train_end: str | None = None,
    test_start: str | None = None,
    test_end: str | None = None,
    refit_every: int | None = None,
    train_sessions: int | None = None,
    engine: str = "auto",
    exchange: str | None = None,
    faults: str = "raise",
    lang: Lang = "en",
    refresh: bool = False,
    tell: Tell | None = None,
) -> SweepPlan:
    """Settle everything, fit nothing; parameters and errors as for `study.sweep.sweep`."""
    if lang not in LANGS:
        raise SettingsError("unknown language '{lang}': expected en or ko", lang=lang)
    asked = {"seeds": seeds, "refit_every": refit_every, "train_sessions": train_sessions}
    options = {name: value for name, value in asked.items() if value is not None}
    base, axes = _choose(recipe, settings, options, search)
    bars = load_bars(source, faults=faults, exchange=exchange, refresh=refresh)
    check_length(bars, [base])
    given = {"train_start": train_start, "train_end": train_end, "test_start": test_start, "test_end": test_end}
    spans = choose_dates([base], bars.dates, given)
    split = make_split(bars.dates, **spans.dates)
    plan = SweepPlan(
        bars=bars,
        split=replace(split, notes=(*spans.notes, *split.notes)),
        recipe=spans.recipes[0],
        axes=axes,
        tries=search,
        engine=engine,
        refit_every=REFIT_EVERY if refit_every is None else refit_every,
        train_sessions=train_sessions,
        lang=lang,
        tell=tell,
    )
    _check_windows(plan)
    return plan


def check_optuna() -> None:
    """Raise SettingsError where optuna, which draws the tries, is not installed."""
    try:
        import optuna  # noqa: F401
    except ImportError:
        raise SettingsError("--search needs optuna, which is not installed: {install}", install=INSTALL) from None


def comparable(recipe: Recipe, axes: Alternatives) -> bool:
    """Whether the validation losses of all combinations are in one unit and of the same sessions."""
    unit = UNIT if recipe.windows.target != "price" else (*UNIT, "scaling")
    head = axes.get("head", ())
    every_step = isinstance(head, tuple) and "every-step" in head
    lengths = axes.get("seq_len", (0,))
    shortest, longest = (min(lengths), max(lengths)) if isinstance(lengths, tuple) else (lengths.low, lengths.high)
    moves = {"refit_every"} if recipe.validation_start is not None else set()
    return not {*unit, *moves} & set(axes) and not every_step and longest - shortest <= NEAR


def _choose(
    name: str, settings: Mapping[str, Any], options: Mapping[str, Any], search: int | None
) -> tuple[Recipe, Alternatives]:
    """The recipe with what is fixed, and what differs."""
    twice = sorted(set(options) & set(settings))
    if twice:
        raise SettingsError("{names}: given twice, as an option and as a setting", names=", ".join(twice))
    found = read_alternatives(settings, search=search is not None)
    fixed = {key: values[0] for key, values in found.items() if isinstance(values, tuple) and len(values) == 1}
    axes = {key: values for key, values in found.items() if key not in fixed}
    if not axes:
        raise SettingsError(
            "a sweep needs a setting with several values, such as --set lr=0.01,0.003; with one of each it is "
            "nextclose run"
        )
    moved = [key for key in axes if key in (*SPANS, "horizon")]
    if moved:
        raise SettingsError(
            "{names}: all combinations are judged on one split and the same steps, so give one value",
            names=", ".join(moved),
        )
    own = of_bars(load_recipe(name))
    if search is None:
        grid = combinations({key: values for key, values in axes.items() if isinstance(values, tuple)})
        check_combinations(own, [fixed | dict(options) | one for one in grid])
    base = with_settings(own, _fitting(own, fixed | dict(options), axes))
    if search is not None:
        _check_search(base, axes, search)
    return base, axes


def _fitting(own: Recipe, fixed: Mapping[str, Any], axes: Alternatives) -> dict[str, Any]:
    """What is fixed, with the first value of each axis beside it where the fixed part alone is no recipe."""
    try:
        with_settings(own, fixed)
    except SettingsError:
        first = corners(axes)[0]
        return {**fixed, **first}
    return dict(fixed)


def _check_search(recipe: Recipe, axes: Alternatives, tries: int) -> None:
    if not 1 <= tries <= MOST:
        raise SettingsError("--search: expected 1 to {most} tries, got {got}", most=f"{MOST:,}", got=f"{tries:,}")
    check_optuna()
    check_combinations(recipe, corners(axes))
    if not comparable(recipe, axes):
        unit = [name for name in axes if not comparable(recipe, {name: axes[name]})]
        raise SettingsError(
            "a search compares validation losses, which {names} would change in unit or sessions: keep it fixed, or fit a "
            "grid without --search",
            names=", ".join(unit),
        )
    if recipe.training.validation == 0.0:
        raise SettingsError(
            "recipe '{recipe}' holds nothing out, and a search may not look at the test span: hold out the latest fifth of "
            "the train windows with --set validation=0.2",
            recipe=recipe.name,
        )


def _check_windows(plan: SweepPlan) -> None:
    """Every window that a combination asks for is there, before anything is written."""
    seen: set[Any] = set()
    for settings in plan.combinations or corners(plan.axes):
        recipe = plan.variant(settings)
        key = (recipe.windows, recipe.train_sessions, recipe.training.batch_size, recipe.training.pretrain_bars)
        if key in seen:
            continue
        seen.add(key)
        check_length(plan.bars, [recipe])
        check_pretrain_bars(recipe)
        check_spans(RecipeWalk(recipe, plan.engine_of(recipe), plan.bars, plan.split, Watcher()).wanted)


def _hashes(recipes: Iterable[Recipe]) -> dict[str, str]:
    """The files that settings name, and what is in them."""
    named = {recipe.net.init for recipe in recipes} | {recipe.training.pretrain_bars for recipe in recipes}
    paths = sorted(name for name in named if name and Path(name).is_file())
    return {path: hashlib.sha256(Path(path).read_bytes()).hexdigest() for path in paths}


def _as_plan(plan: SweepPlan) -> Plan:
    """The run of the one recipe, for the words on its split."""
    return Plan(
        bars=plan.bars, split=plan.split, recipes=(plan.recipe,), engines={}, lang=plan.lang, today=dt.date.min,
        with_ladder=False,
    )  # fmt: skip


def _written(values: Sequence[Any] | Span) -> Any:
    if isinstance(values, Span):
        return {"low": values.low, "high": values.high, "whole": values.whole}
    return [list(value) if isinstance(value, tuple) else value for value in values]
