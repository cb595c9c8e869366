"""From what a user asks of a market to a run's configuration: spans, symbols and shards."""

from __future__ import annotations

import glob
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from nextclose.bars.checks import FAULTS
from nextclose.core.errors import SettingsError, SourceError
from nextclose.core.lang import LANGS, Lang
from nextclose.core.settings import FEATURES, Problems
from nextclose.core.suggest import did_you_mean
from nextclose.core.types import Dates
from nextclose.market.config import SHARD_SIZE, MarketConfig, Scope, versions
from nextclose.market.sets import BarSet, Scan, fingerprint, open_set
from nextclose.market.spans import choose_spans, market_sessions
from nextclose.recipes import LADDER, Recipe, for_all_bars, load_recipe, market_recipe, of_bars
from nextclose.study.pretraining import with_twins
from nextclose.study.run import DEFAULT_RECIPES, REFIT_EVERY
from nextclose.training.fused import unpooled
from nextclose.training.resolve import Tell, resolve_engine
from nextclose.windows.features import own_columns

MIN_BARS = 250
"""About a year of bars before the test span."""
ENDED = 20
"""A symbol whose last bar lies this many sessions before the set's has ended early."""
SCOPES: tuple[Scope, ...] = ("symbol", "market")


@dataclass(frozen=True, kw_only=True)
class Wishes:
    """What `nextclose market run` is asked for."""

    source: str
    recipes: Sequence[str] = DEFAULT_RECIPES
    scope: str = "symbol"
    train_start: str | None = None
    train_end: str | None = None
    test_start: str | None = None
    test_end: str | None = None
    refit_every: int | None = None
    train_sessions: int | None = None
    seeds: int | None = None
    engine: str = "auto"
    faults: str = "drop"
    symbols: Sequence[str] = ()
    min_bars: int = MIN_BARS
    top_by_value: int | None = None
    max_failures: int | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    shard_size: int = SHARD_SIZE
    lang: Lang = "en"
    command: str = ""


def make_config(wishes: Wishes, tell: Tell | None = None) -> MarketConfig:
    """Look at the set and settle everything that decides the numbers.

    Raises
    ------
    SourceError : no bars there.
    SettingsError : symbols, dates, recipes or settings that cannot be met.
    """
    _check(wishes)
    recipes = _recipes(wishes)
    engines = {_engine(wishes, recipe, tell) for recipe in recipes}
    bars = open_set(wishes.source)
    scan = bars.scan()
    sessions = market_sessions(scan.dates, scan.counts)
    spans = choose_spans(
        sessions, train_start=wishes.train_start, train_end=wishes.train_end, test_start=wishes.test_start,
        test_end=wishes.test_end,
    )  # fmt: skip
    values = bars.traded(np.datetime64(spans.test_start, "D"))
    names, skipped = _filtered(wishes, scan, values)
    problems = {name: error for name, error in zip(scan.names, scan.problems, strict=True) if error is not None}
    size = wishes.shard_size
    return MarketConfig(
        source=_absolute(wishes.source),
        source_sha256=fingerprint(bars.files),
        scope="market" if wishes.scope == "market" else "symbol",
        recipes={recipe.name: {"summary": recipe.summary, "settings": recipe.settings()} for recipe in recipes},
        engine=engines.pop() if len(engines) == 1 else wishes.engine,
        spans=spans,
        refit_every=REFIT_EVERY if wishes.refit_every is None else wishes.refit_every,
        faults=wishes.faults,
        min_bars=wishes.min_bars,
        shards=tuple(tuple(names[first : first + size]) for first in range(0, len(names), size)),
        values={name: values[name] for name in names if name in values},
        problems={name: {lang: problems[name].message(lang) for lang in LANGS} for name in names if name in problems},
        renamed={name: symbol for name, symbol in zip(scan.names, scan.symbols, strict=True) if name != symbol},
        unnamed=scan.unnamed,
        skipped=skipped,
        ended_early=_ended_early(scan, sessions),
        in_set=len(scan.names),
        max_failures=wishes.max_failures,
        lang=wishes.lang,
        command=wishes.command,
        versions=versions(),
    )


def check_source(config: MarketConfig) -> BarSet:
    """The set of a run that goes on. Raises SettingsError where its files have changed since."""
    bars = open_set(config.source)
    if fingerprint(bars.files) != config.source_sha256:
        raise SettingsError(
            "'{source}' has changed since this run began, and half of a run on other bars would be worth nothing. Put the "
            "files back, or start a new run.",
            source=config.source,
        )
    return bars


def _check(wishes: Wishes) -> None:
    problems = Problems()
    problems.one_of("--scope", wishes.scope, SCOPES)
    problems.one_of("--faults", wishes.faults, FAULTS)
    problems.at_least("--min-bars", wishes.min_bars, 1)
    problems.at_least("--shard-size", wishes.shard_size, 1)
    if wishes.top_by_value is not None:
        problems.at_least("--top-by-value", wishes.top_by_value, 1)
    if wishes.max_failures is not None:
        problems.at_least("--max-failures", wishes.max_failures, 0)
    if wishes.scope == "market" and wishes.engine == "torch":
        problems.add("--scope market is fitted by the fused engine alone; leave --engine out")
    problems.raise_any()


def _engine(wishes: Wishes, recipe: Recipe, tell: Tell | None) -> str:
    """What fits a recipe. Raises SettingsError for one that cannot be fitted here, or not to a whole market at once."""
    if wishes.scope != "market":
        return resolve_engine(wishes.engine, recipe, tell).chosen
    if recipe.windows.outputs < recipe.windows.horizon:
        raise SettingsError(
            "--scope market forecasts each session directly, got strategy=recursive for recipe '{recipe}'. Use --scope symbol.",
            recipe=recipe.name,
        )
    lacks: object = unpooled(recipe.net, recipe.training)
    if lacks is None:
        try:
            return resolve_engine("fused", recipe, tell).chosen
        except SettingsError as error:
            lacks = error.values["lacks"]
    raise SettingsError(
        "--scope market is fitted by the fused engine alone, which cannot fit recipe '{recipe}': {lacks}. Use "
        "--scope symbol.",
        recipe=recipe.name,
        lacks=lacks,
    )


def _recipes(wishes: Wishes) -> tuple[Recipe, ...]:
    """The recipes, each name once, with what the caller changed in all of them."""
    names = [rung for name in wishes.recipes for rung in (LADDER if name == "ladder" else (name,))]
    if not names:
        raise SettingsError("a run needs at least one recipe")
    asked = {"seeds": wishes.seeds, "refit_every": wishes.refit_every, "train_sessions": wishes.train_sessions}
    changes = dict(wishes.settings) | {name: value for name, value in asked.items() if value is not None}
    load = market_recipe if wishes.scope == "market" else load_recipe
    recipes = tuple(for_all_bars(of_bars(load(name)), changes) for name in dict.fromkeys(names))
    for recipe in recipes:
        _check_features(recipe)
        if recipe.training.pretrain_bars:
            raise SettingsError(
                "pretrain_bars: a market run pre-trains each symbol's net on its own bars, so leave pretrain_bars out"
            )
    return with_twins(recipes)


def _check_features(recipe: Recipe) -> None:
    """Raise SettingsError for a feature that not all bars have: of a market's files no further column is read."""
    own = own_columns(recipe.windows.features)
    if own:
        raise SettingsError(
            "features: a market run reads no column '{name}' of its files.{hint} It takes {known}; columns of your own are "
            "for nextclose run, one symbol at a time.",
            name=own[0],
            hint=did_you_mean(own[0], FEATURES),
            known=", ".join(FEATURES),
        )


def _filtered(wishes: Wishes, scan: Scan, values: Mapping[str, float]) -> tuple[list[str], dict[str, int]]:
    """The names that are left, sorted by symbol, and how many each filter took out."""
    names, skipped = [name for _, name in sorted(zip(scan.symbols, scan.names, strict=True))], {}
    if wishes.symbols:
        by_symbol = dict(zip(scan.symbols, scan.names, strict=True)) | {name: name for name in scan.names}
        unknown = [symbol for symbol in wishes.symbols if symbol not in by_symbol]
        if unknown:
            raise SourceError(
                "'{source}' holds no symbol '{symbol}'.{hint} It holds {count}.",
                source=wishes.source,
                symbol=unknown[0],
                hint=did_you_mean(unknown[0], scan.symbols),
                count=len(scan.symbols),
            )
        wanted = {by_symbol[symbol] for symbol in wishes.symbols}
        skipped["symbols"] = len(names) - len(wanted)
        names = [name for name in names if name in wanted]
    if wishes.top_by_value is not None:
        if not values:
            raise SettingsError("--top-by-value: the set has no volumes before the test span, so nothing can be ranked")
        ranked = sorted(names, key=lambda name: (-values.get(name, -1.0), name))[: wishes.top_by_value]
        skipped["top-by-value"] = len(names) - len(ranked)
        names = [name for name in names if name in set(ranked)]
    return names, skipped


def _ended_early(scan: Scan, sessions: Dates) -> int:
    """Symbols whose bars end long before the set's: without any, only survivors are in it."""
    late = sessions[max(len(sessions) - 1 - ENDED, 0)]
    return int(np.count_nonzero(scan.last < late))


def _absolute(source: str) -> str:
    """From anywhere; of a glob, what stands for itself in the folder that it starts from is no pattern."""
    if Path(source).exists() or Path(source).is_absolute():
        return str(Path(source).absolute())
    return str(Path(glob.escape(str(Path.cwd()))) / source)
