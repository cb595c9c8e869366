"""One shard of a snapshot: its symbols' new sessions asked, folds that are due fitted, as one batch."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from nextclose.bars.bars import Bars
from nextclose.core.errors import BarsError, NextcloseError, SavedRunError, TooFewBarsError
from nextclose.core.evening import FAILURES, Status
from nextclose.core.lang import Text
from nextclose.market.live.first import RunPast
from nextclose.market.live.packed import pack, unpack
from nextclose.market.live.plainer import fit_baselines
from nextclose.market.live.plan import LIVE, LivePlan
from nextclose.market.live.saved import KEPT, KNOWN, Past, Problem, SavedNets, SavedSymbol
from nextclose.market.live.sessions import LiveSplit
from nextclose.market.live.since import recognise
from nextclose.market.live.status import Standing, standings
from nextclose.market.live.walk import LiveWalk, first_to_ask
from nextclose.market.sets import BarSet
from nextclose.market.shard import OnFits
from nextclose.recipes import Recipe
from nextclose.training.fold import Fitted, FitWatcher, try_all
from nextclose.training.resolve import Engine, resolve_engine
from nextclose.windows.volatility import volatilities


@dataclass(kw_only=True, eq=False)
class _Symbol:
    """One symbol on its way."""

    standing: Standing
    saved: SavedSymbol
    split: LiveSplit | None = None
    walks: dict[str, LiveWalk] = field(default_factory=dict)
    problems: dict[str, Problem] = field(default_factory=dict)
    nets: dict[str, SavedNets] = field(default_factory=dict)
    past: dict[str, Past] = field(default_factory=dict)
    rescaled: float = 1.0
    another: bool = False
    """Whether its history is another than the snapshot knew."""

    @property
    def bars(self) -> Bars:
        """Only of a symbol that has some."""
        assert self.standing.bars is not None
        return self.standing.bars

    @property
    def status(self) -> Status:
        """What it counts as."""
        if self.standing.status != "ok" or not self.problems:
            return self.standing.status
        found = {problem.status for problem in self.problems.values()}
        return "failed" if "failed" in found else next(iter(sorted(found)))


def update_shard(plan: LivePlan, number: int, bars: BarSet, on_fits: OnFits) -> bytes:
    """The file of shard `number` of a snapshot; the same bytes wherever it is computed."""
    config = plan.config
    recipes = {recipe.name: recipe for recipe in plan.recipes}
    engines = {name: resolve_engine(config.engine, recipe) for name, recipe in recipes.items()}
    before = _before(plan, number)
    symbols, run = [], RunPast(plan, number)
    for at in standings(bars.read(plan.shards[number], config.faults), bars, plan.sessions):
        symbols.append(_Symbol(standing=at, saved=before.get(at.name, SavedSymbol(name=at.name))))
    for symbol in symbols:
        if symbol.standing.bars is not None:
            _begin(symbol, plan)
            for name, recipe in recipes.items():
                _attempt(symbol, name, partial(_plan, recipe=recipe, engine=engines[name], run=run, on_fits=on_fits))
    fits = _fit(symbols, plan)
    done = [_concluded(symbol, plan) for symbol in symbols]
    return pack(done, _summary(symbols, fits), weights=plan.pooled is None)


def _before(plan: LivePlan, number: int) -> dict[str, SavedSymbol]:
    """The shard as the snapshot before holds it."""
    if plan.before is None:
        return {}
    name = snapshot_path(Path(), number).name
    return read_saved(plan, number, plan.files) if name in plan.files else {}


def read_saved(plan: LivePlan, number: int, files: Mapping[str, str]) -> dict[str, SavedSymbol]:
    """Name -> what the snapshot holds of the symbols of a shard.

    files : name -> SHA-256. Raises SavedRunError where a file is not as it was written, or another version wrote it.
    """
    live = Path(plan.folder) / LIVE
    path = snapshot_path(live / (plan.before or ""), number)
    problem: Text | str = Text("its hash is another")
    try:
        content = path.read_bytes()
        if hashlib.sha256(content).hexdigest() == files[path.name]:
            return with_pooled(unpack(content, {recipe.name: recipe for recipe in plan.recipes}), plan)
    except Exception as error:
        problem = f"{type(error).__name__}: {error}"
    raise SavedRunError(
        "'{path}' is damaged and cannot be read ({error}). Delete the folder '{live}'; nextclose market update makes it "
        "again from the run.",
        path=path,
        error=problem,
        live=live,
    )


def snapshot_path(folder: Path, number: int) -> Path:
    """Where a shard of a snapshot is."""
    return folder / f"{number:05d}.safetensors"


def with_pooled(symbols: Mapping[str, SavedSymbol], plan: LivePlan) -> dict[str, SavedSymbol]:
    """Symbols with the weights of the whole market's nets, where these lie elsewhere."""
    if plan.pooled is None:
        return dict(symbols)
    found = {}
    for name, symbol in symbols.items():
        nets = {
            recipe: replace(own, nets=replace(own.nets, fits=plan.pooled.folds[recipe][own.number].fits))
            for recipe, own in symbol.nets.items()
        }
        found[name] = replace(symbol, nets=nets)
    return found


def _begin(symbol: _Symbol, plan: LivePlan) -> None:
    """Its spans, and whether its history is what was known."""
    saved, bars = symbol.saved, symbol.bars
    since = recognise(bars, saved.known)
    if since is None:
        symbol.another = bool(saved.nets)
        symbol.saved = saved.forgotten()
    elif since.price != 1.0 or since.adjusted != 1.0:
        symbol.rescaled = since.price
        symbol.saved = saved.rescaled(since)
    symbol.split = split_of(bars, plan, goes_on=symbol.standing.status == "ok")


def split_of(bars: Bars, plan: LivePlan, *, goes_on: bool) -> LiveSplit:
    """A symbol's spans; nothing is asked for yet."""
    spans, dates = plan.config.spans, bars.dates
    start = int(np.searchsorted(dates, np.datetime64(spans.train_start, "D")))
    stop = int(np.searchsorted(dates, np.datetime64(spans.train_end, "D"), side="right"))
    return LiveSplit(
        train_start=start,
        train_stop=max(start, stop),
        test_first=int(np.searchsorted(dates, np.datetime64(spans.test_start, "D"))),
        test_last=len(dates) - 1,
        dates=dates,
        sessions=plan.sessions,
        least=plan.config.min_bars,
        first_asked=len(dates),
        goes_on=goes_on,
    )


def _attempt(symbol: _Symbol, recipe: str, work: Any) -> None:
    """Do `work`; whatever one symbol of thousands meets must stop none of the others."""
    try:
        work(symbol)
    except TooFewBarsError as error:
        symbol.problems[recipe] = Problem(status="too-few-bars", reason=Text(error.template, **error.values))
    except BarsError as error:
        symbol.problems[recipe] = Problem(status="faulty", reason=Text(error.template, **error.values))
    except NextcloseError as error:
        symbol.problems[recipe] = Problem(status="failed", reason=Text(error.template, **error.values))
    except MemoryError:
        raise
    except Exception as error:
        reason = Text("it cannot be computed ({kind}: {error})", kind=type(error).__name__, error=str(error))
        symbol.problems[recipe] = Problem(status="failed", reason=reason)


def _plan(symbol: _Symbol, *, recipe: Recipe, engine: Engine, run: RunPast, on_fits: OnFits) -> None:
    assert symbol.split is not None
    bars, horizon = symbol.bars, recipe.windows.horizon
    past = symbol.saved.past.get(recipe.name) or run.of(bars, recipe)
    split = replace(symbol.split, first_asked=first_to_ask(bars, past.asked_until, horizon))
    walk = LiveWalk(
        recipe, engine, bars, split, saved=symbol.saved.nets.get(recipe.name), past=past, watcher=_Counts(on_fits)
    )
    if not walk.parts and split.goes_on:
        raise too_few(split, recipe)
    symbol.walks[recipe.name] = walk


def too_few(split: LiveSplit, recipe: Recipe) -> TooFewBarsError:
    """Why no net is fitted yet."""
    fold = split.to_come(recipe.refit_every, recipe.train_sessions)
    return TooFewBarsError(
        "{count} bars before the last refit; at least {least} are asked for (--min-bars)",
        count=max(fold.train_stop - split.train_start, 0),
        least=split.least,
    )


class _Counts(FitWatcher):
    """Passes on how many more fits are done."""

    def __init__(self, on_fits: OnFits) -> None:
        self.on_fits = on_fits

    def fitted(self, fits: int) -> None:
        """Pass it on."""
        self.on_fits(fits)


def _fit(symbols: Sequence[_Symbol], plan: LivePlan) -> int:
    """Every symbol's due nets as one batch, and what their forecasts come to; the number of the fits."""
    planned = [(symbol, walk) for symbol in symbols for walk in symbol.walks.values()]
    due = [walk.wanted for _, walk in planned if walk.wanted is not None]
    fitted = iter(try_all(due, 1) if plan.pooled is None else ())
    fits = 0
    for symbol, walk in planned:
        got: Fitted | NextcloseError | None = None
        if walk.wanted is not None and plan.pooled is None:
            got = next(fitted)
            fits += sum(len(fold.fits) for fold in got.folds) if isinstance(got, Fitted) else 0
        _attempt(symbol, walk.recipe.name, partial(_walk, walk=walk, got=got, plan=plan))
    return fits


def _walk(symbol: _Symbol, *, walk: LiveWalk, got: Fitted | NextcloseError | None, plan: LivePlan) -> None:
    if isinstance(got, NextcloseError):
        raise got
    if plan.pooled is not None and walk.folds:
        got = plan.pooled.fitted(walk)
    nets = walk.nets(got)
    symbol.past[walk.recipe.name] = walk.gone_on(nets)
    if nets:
        symbol.nets[walk.recipe.name] = nets[-1]


def _concluded(symbol: _Symbol, plan: LivePlan) -> SavedSymbol:
    """What the snapshot holds of a symbol; what could not be gone on with stays as it was."""
    saved, standing = symbol.saved, symbol.standing
    if standing.bars is None or symbol.split is None:
        return saved
    baselines = dict(saved.baselines)
    if standing.status == "ok":
        baselines = fit_baselines(plan, standing.bars, symbol.split, baselines)
    return SavedSymbol(
        name=saved.name,
        known=replace(standing.bars[-KNOWN:], extra={}, findings=()),
        digest=standing.bars.sha256,
        volatility=np.stack(volatilities(standing.bars), axis=1)[-KEPT - plan.horizon - 1 :],
        nets={**saved.nets, **symbol.nets},
        past={**saved.past, **symbol.past},
        baselines=baselines,
        problems=symbol.problems,
    )


def _summary(symbols: Sequence[_Symbol], fits: int) -> dict[str, Any]:
    """What was done, as JSON can hold it."""
    reasons = {}
    for symbol in symbols:
        if symbol.status in FAILURES:
            why = symbol.standing.reason or next(problem.reason for problem in symbol.problems.values())
            reasons[symbol.saved.name] = {"en": why.render("en"), "ko": why.render("ko")}
    return {
        "fits": fits,
        "statuses": dict(sorted(Counter(symbol.status for symbol in symbols).items())),
        "rescaled": {symbol.saved.name: symbol.rescaled for symbol in symbols if symbol.rescaled != 1.0},
        "refitted": [symbol.saved.name for symbol in symbols if symbol.another],
        "reasons": reasons,
    }
