"""One shard: some symbols read, fitted, forecast and judged; it depends on nothing but the configuration."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from time import process_time

from nextclose.bars.bars import Bars
from nextclose.baselines import BASELINES
from nextclose.core.errors import NextcloseError, SettingsError, TooFewBarsError, UserError
from nextclose.core.forecasts import Forecasts
from nextclose.core.types import Bools, Ints
from nextclose.market.config import MarketConfig
from nextclose.market.judged import forecast_rows, shard_tables
from nextclose.market.nets import PooledNets, pooled_mean_walk
from nextclose.market.sets import BarSet
from nextclose.market.symbol import EXPECTED, NO_TEST, TOO_SHORT, LeftOutError, Member, admit, kind_of
from nextclose.market.tables import to_parquet
from nextclose.recipes import Recipe
from nextclose.study.walk import RecipeWalk, Walked, walk_baseline
from nextclose.study.watch import Watcher
from nextclose.training.fold import Fitted, try_all
from nextclose.training.resolve import Engine, resolve_engine

OnFits = Callable[[int], None]
"""Told how many more fits are done."""


@dataclass(frozen=True, kw_only=True)
class ShardResult:
    """What came of a shard, ready to be kept."""

    number: int
    files: Mapping[str, bytes]
    """Table -> its Parquet file."""
    used: int
    left_out: int
    failed: int
    """Of those left out: not for want of bars."""
    fits: int
    seconds: float
    """Process time of the fits."""
    cpu: float
    """Process time of all."""


@dataclass(kw_only=True, eq=False)
class Entry:
    """A symbol on its way through a shard; an error leaves it out, and stops nothing."""

    name: str
    """As the set writes it."""
    bars: Bars | None = None
    member: Member | None = None
    walks: list[RecipeWalk] = field(default_factory=list)
    walked: list[Walked] = field(default_factory=list)
    """Recipes, then baselines."""
    rows: list[tuple[Forecasts, Ints, Bools]] = field(default_factory=list)
    """Each model's forecasts, their folds, and whether every model made them."""
    error: NextcloseError | None = None

    def attempt(self, work: Callable[[Entry], None]) -> None:
        """Do `work`, unless something failed before."""
        if self.error is None:
            try:
                work(self)
            except NextcloseError as error:
                self.error = error
            except MemoryError:
                raise
            except Exception as error:  # whatever one symbol of thousands meets must stop none of the others
                self.error = NextcloseError(
                    "it cannot be computed ({kind}: {error})", kind=type(error).__name__, error=error
                )

    @property
    def admitted(self) -> Member:
        """The member; only of an entry without an error."""
        assert self.member is not None
        return self.member


def compute_shard(
    config: MarketConfig,
    number: int,
    bars: BarSet,
    *,
    nets: PooledNets | None = None,
    threads: int = 1,
    on_fits: OnFits | None = None,
) -> ShardResult:
    """Shard `number` of a run; the same bytes wherever it is computed.

    nets : those of the whole market, where one net is fitted to all symbols; without them each symbol is fitted here.
    """
    began = process_time()
    recipes = config.chosen()
    engines = {recipe: resolve_engine(config.engine, recipe) for recipe in recipes}
    entries = [_entry(name, got, config) for name, got in bars.read(config.shards[number], config.faults)]
    watcher = _Counts(on_fits)
    for entry in entries:
        entry.attempt(partial(_plan, engines=engines, watcher=watcher))
    seconds, fits = _fit(entries, threads) if nets is None else _take(entries, nets)
    for entry in entries:
        entry.attempt(partial(_add_plainer, recipes=recipes, config=config, nets=nets))
        entry.attempt(partial(_tabulate, config=config))
    left_out = [entry.error for entry in entries if entry.error is not None]
    tables = shard_tables(entries, config, number)
    return ShardResult(
        number=number,
        files={name: to_parquet(table) for name, table in tables.items()},
        used=len(entries) - len(left_out),
        left_out=len(left_out),
        failed=sum(kind_of(error) not in EXPECTED for error in left_out),
        fits=fits,
        seconds=seconds,
        cpu=process_time() - began,
    )


class _Counts(Watcher):
    """Passes on how many more fits are done."""

    def __init__(self, on_fits: OnFits | None) -> None:
        self.on_fits = on_fits

    def fitted(self, model: str, fits: int) -> None:
        """Pass it on."""
        if self.on_fits is not None:
            self.on_fits(fits)


def _entry(name: str, got: Bars | UserError, config: MarketConfig) -> Entry:
    if not isinstance(got, Bars):
        return Entry(name=name, error=got)
    entry = Entry(name=name, bars=got)
    entry.attempt(lambda own: setattr(own, "member", admit(got, config)))
    return entry


def _plan(entry: Entry, engines: Mapping[Recipe, Engine], watcher: Watcher) -> None:
    bars, split = entry.admitted.bars, entry.admitted.split
    try:
        entry.walks = [RecipeWalk(recipe, engine, bars, split, watcher) for recipe, engine in engines.items()]
    except SettingsError as error:
        raise LeftOutError.of(error, NO_TEST) from error
    except TooFewBarsError as error:
        raise LeftOutError.of(error, TOO_SHORT) from error


def _fit(entries: Sequence[Entry], threads: int) -> tuple[float, int]:
    """Every symbol's nets as one batch, and their forecasts; process seconds and number of the fits."""
    planned = [(entry, walk) for entry in entries for walk in entry.walks if entry.error is None]
    fitted = try_all([walk.wanted for _, walk in planned], threads)
    seconds, fits = 0.0, 0
    for (entry, walk), got in zip(planned, fitted, strict=True):
        if isinstance(got, Fitted):
            seconds, fits = seconds + got.seconds, fits + sum(len(fold.fits) for fold in got.folds)
            entry.attempt(partial(_walk, walk=walk, nets=got))
        else:
            entry.error = entry.error or (LeftOutError.of(got, TOO_SHORT) if isinstance(got, TooFewBarsError) else got)
    return seconds, fits


def _take(entries: Sequence[Entry], nets: PooledNets) -> tuple[float, int]:
    """Forecasts of each symbol from the nets of the whole market."""
    for entry in entries:
        for walk in entry.walks:
            entry.attempt(partial(_walk, walk=walk, nets=nets))
    return 0.0, 0


def _walk(entry: Entry, walk: RecipeWalk, nets: Fitted | PooledNets) -> None:
    try:
        entry.walked.append(walk.walked(nets.fitted(walk) if isinstance(nets, PooledNets) else nets))
    except TooFewBarsError as error:
        raise LeftOutError.of(error, TOO_SHORT) from error


def _tabulate(entry: Entry, config: MarketConfig) -> None:
    entry.rows = forecast_rows(entry, config)


def _add_plainer(entry: Entry, recipes: Sequence[Recipe], config: MarketConfig, nets: PooledNets | None) -> None:
    """The forecasts of the baselines."""
    bars, split, first = entry.admitted.bars, entry.admitted.split, recipes[0]
    horizon = max(recipe.windows.horizon for recipe in recipes)
    for name in BASELINES:
        entry.walked.append(
            walk_baseline(
                name, first.windows.seq_len, bars, split, refit_every=config.refit_every,
                train_sessions=first.train_sessions, horizon=horizon,
            )
        )  # fmt: skip
    if nets is not None:
        entry.walked.append(pooled_mean_walk(bars, split, nets.means, config.refit_every))
