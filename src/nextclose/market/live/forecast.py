"""One shard's forecasts of the session to come, from saved nets: a row a symbol, model and step."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import sqrt
from typing import TYPE_CHECKING, Any

import numpy as np

from nextclose.bars.bars import Bars
from nextclose.baselines import BASELINES
from nextclose.core.errors import NextcloseError, TooFewBarsError
from nextclose.core.evening import FAILURES, Status
from nextclose.core.lang import Text
from nextclose.core.types import Float64s
from nextclose.judging.intervals import interval_scale
from nextclose.market.ledger.tables import HASH_LENGTH, schema_of
from nextclose.market.live.plainer import ahead
from nextclose.market.live.plan import LivePlan
from nextclose.market.live.saved import KEPT, Problem, SavedNets, SavedSymbol, digest_of
from nextclose.market.live.sessions import LiveSplit, fold_to_come
from nextclose.market.live.shard import split_of, too_few
from nextclose.market.live.since import recognise
from nextclose.market.live.status import Standing
from nextclose.market.nets import POOLED_MEAN
from nextclose.recipes import Recipe
from nextclose.study.scores import LEVEL, Scores, next_interval
from nextclose.study.walk import apart
from nextclose.training.fold import closes_of_many
from nextclose.training.resolve import resolve_engine
from nextclose.windows import Dataset, make_dataset
from nextclose.windows.volatility import recall

if TYPE_CHECKING:
    import pyarrow as pa

NO_HASH = ""
Row = dict[str, Any]


@dataclass(frozen=True, kw_only=True, eq=False)
class ShardForecasts:
    """What came of a shard."""

    table: pa.Table
    """Rows of the ledger's kind `forecasts`."""
    statuses: Mapping[Status, int]
    reasons: Mapping[str, Text]
    """Symbol -> why it has no number, of those that count as failures."""
    over: tuple[str, ...]
    """Symbols whose next bar is in the set already."""


@dataclass(kw_only=True, eq=False)
class _Symbol:
    """One symbol on its way."""

    standing: Standing
    saved: SavedSymbol
    problems: dict[str, Problem] = field(default_factory=dict)
    """By model."""
    rows: dict[str, list[Row]] = field(default_factory=dict)
    """By model."""

    @property
    def bars(self) -> Bars:
        """Only of a symbol that has some."""
        assert self.standing.bars is not None
        return self.standing.bars

    @property
    def worst(self) -> Problem | None:
        """What it counts as, where any recipe has no number."""
        every = self.problems.values()
        return next((one for one in every if one.status == "failed"), next(iter(every), None))


def models_of(plan: LivePlan) -> tuple[str, ...]:
    """Recipes, then baselines."""
    pooled = (POOLED_MEAN,) if plan.config.scope == "market" else ()
    return (*(recipe.name for recipe in plan.recipes), *BASELINES, *pooled)


def forecast_shard(plan: LivePlan, found: Sequence[Standing], saved: Mapping[str, SavedSymbol]) -> ShardForecasts:
    """Tomorrow for the symbols of a shard, from what the snapshot holds of them; when that is, is not said yet."""
    recipes = {recipe.name: recipe for recipe in plan.recipes}
    symbols = [_prepared(at, saved.get(at.name, SavedSymbol(name=at.name)), plan) for at in found]
    for recipe in recipes.values():
        _ask(symbols, recipe, plan)
    for symbol in symbols:
        if symbol.standing.status == "ok" and symbol.saved.known is not None:
            _add_plainer(symbol, plan)
    return _told(symbols, plan)


def _prepared(at: Standing, saved: SavedSymbol, plan: LivePlan) -> _Symbol:
    """A symbol with what was saved of it, in today's prices; or why it cannot be asked."""
    models = models_of(plan)
    if at.status != "ok" or at.bars is None:
        problem = Problem(status=at.status, reason=at.reason or Text("no bars"))
        return _Symbol(standing=at, saved=saved, problems=dict.fromkeys(models, problem))
    if saved.volatility is not None and saved.digest == at.bars.sha256:
        recall(at.bars, saved.volatility)
    since = recognise(at.bars, saved.known)
    if since is None:
        why = Text("its history is another than the saved nets know: nextclose market update fits it anew")
        return _Symbol(standing=at, saved=saved, problems=dict.fromkeys(models, Problem(status="failed", reason=why)))
    return _Symbol(standing=at, saved=saved.rescaled(since))


def _ask(symbols: Sequence[_Symbol], recipe: Recipe, plan: LivePlan) -> None:
    """One recipe's nets of all symbols, in one call of the engine."""
    number = fold_to_come(len(plan.sessions), recipe.refit_every)
    engine = resolve_engine(plan.config.engine, recipe)
    asked: list[tuple[_Symbol, SavedNets, Dataset]] = []
    for symbol in symbols:
        if recipe.name in symbol.problems:
            continue
        nets = symbol.saved.nets.get(recipe.name)
        if nets is None or nets.number != number:
            symbol.problems[recipe.name] = _without_nets(symbol, recipe, plan)
            continue
        try:
            data = make_dataset(nets.basis.of(symbol.bars), recipe.windows, latest=1)
        except NextcloseError as error:
            symbol.problems[recipe.name] = Problem(status="faulty", reason=Text(error.template, **error.values))
            continue
        asked.append((symbol, nets, data))
    closes = closes_of_many([(nets.nets, data, data.latest) for _, nets, data in asked], engine)
    for (symbol, nets, _), own in zip(asked, closes, strict=True):
        _take(symbol, recipe, nets, own * nets.basis.price)


def _without_nets(symbol: _Symbol, recipe: Recipe, plan: LivePlan) -> Problem:
    """Why a symbol that trades has no nets for the session to come."""
    known = symbol.saved.problems.get(recipe.name)
    if known is not None:
        return known
    split = split_of(symbol.bars, plan, goes_on=True)
    fold = split.to_come(recipe.refit_every, recipe.train_sessions)
    if fold.train_stop - split.train_start < split.least:
        error = too_few(split, recipe)
        return Problem(status="too-few-bars", reason=Text(error.template, **error.values))
    return Problem(
        status="failed",
        reason=Text("its bar of {day} came after its nets were due: nextclose market update fits them", day=plan.as_of),
    )


def _take(symbol: _Symbol, recipe: Recipe, nets: SavedNets, closes: Float64s) -> None:
    """The rows of one recipe from its nets' closes (S, 1, K, Q)."""
    prices, quantiles = apart(closes, recipe)
    if not np.isfinite(prices).all():
        reason = Text("its nets' forecast is no finite price")
        symbol.problems[recipe.name] = Problem(status="failed", reason=reason)
        return
    past = symbol.saved.past.get(recipe.name)
    scores = Scores(errors=np.empty((0, recipe.windows.horizon))) if past is None else past.scores
    rows = _rows(symbol.bars, prices[:, 0].mean(axis=0), None if quantiles is None else quantiles[0], scores)
    known = {"fold": nets.number, "trained_until": np.datetime64(nets.trained_until, "D"), "model_hash": nets.digest}
    symbol.rows[recipe.name] = [row | known for row in rows]


def _rows(bars: Bars, yhat: Float64s, quantiles: Float64s | None, scores: Scores) -> list[Row]:
    """One row a step, as `study.live.forecast_tomorrow` has it."""
    last_close, volatility, rows = float(bars.close[-1]), float(interval_scale(bars)[-1]), []
    for step, close in enumerate(yhat.tolist(), start=1):
        own = None if quantiles is None else quantiles[step - 1]
        past = scores.step(step - 1).known()
        lo, hi, p_up = next_interval(close, own, last_close, volatility * sqrt(step), past)
        rows.append({"step": step, "yhat": close, "lo": lo, "hi": hi, "p_up": p_up, "level": LEVEL})
    return rows


def _add_plainer(symbol: _Symbol, plan: LivePlan) -> None:
    """The rows of the baselines; persistence has an interval from its own errors."""
    bars = symbol.bars
    split = split_of(bars, plan, goes_on=True)
    for name in BASELINES:
        saved = symbol.saved.baselines.get(name)
        if saved is None:
            symbol.problems.setdefault(name, _baseline_missing(split, plan.recipes[0]))
            continue
        closes = ahead(name, saved, plan, bars)
        known = {"fold": saved.number, "trained_until": np.datetime64(saved.trained_until, "D")}
        known["model_hash"] = digest_of(np.frombuffer(name.encode(), np.uint8), saved.coefficients)
        if name == "persistence":
            rows = _rows(bars, closes, None, _persistence_scores(bars, split, plan.horizon))
        else:
            rows = [{"step": step, "yhat": close} for step, close in enumerate(closes.tolist(), start=1)]
        symbol.rows[name] = [row | known for row in rows if np.isfinite(row["yhat"])]
    if plan.pooled is not None:
        _add_pooled_mean(symbol, plan)


def _add_pooled_mean(symbol: _Symbol, plan: LivePlan) -> None:
    """The close times one and the mean return of all symbols."""
    assert plan.pooled is not None
    number = fold_to_come(len(plan.sessions), plan.config.refit_every)
    mean = plan.pooled.means[number]
    row = {"step": 1, "yhat": float(symbol.bars.close[-1] * (1.0 + mean)), "fold": number}
    symbol.rows[POOLED_MEAN] = [row | {"model_hash": digest_of(mean)}]


def _baseline_missing(split: LiveSplit, recipe: Recipe) -> Problem:
    error: TooFewBarsError = too_few(split, recipe)
    return Problem(status="too-few-bars", reason=Text(error.template, **error.values))


def _persistence_scores(bars: Bars, split: LiveSplit, horizon: int) -> Scores:
    """(m, K) of repeating the last close since the test span began; NaN where a step has not happened."""
    rows = np.arange(max(split.test_first - 1, len(bars) - 1 - KEPT - horizon, 0), len(bars) - 1)
    unit, steps = bars.close[rows] * interval_scale(bars)[rows], np.arange(1, horizon + 1)
    targets = rows[:, None] + steps
    y = np.where(targets < len(bars), bars.close[np.minimum(targets, len(bars) - 1)], np.nan)
    return Scores(errors=(y - bars.close[rows, None]) / (unit[:, None] * np.sqrt(steps)))


def _told(symbols: Sequence[_Symbol], plan: LivePlan) -> ShardForecasts:
    rows: list[Row] = []
    for symbol in symbols:
        rows += _ledger_rows(symbol, plan)
    statuses: Counter[Status] = Counter()
    reasons = {}
    for symbol in symbols:
        worst = symbol.worst
        status: Status = "ok" if worst is None else worst.status
        statuses[status] += 1
        if worst is not None and status in FAILURES:
            reasons[_called(symbol, plan)] = worst.reason
    return ShardForecasts(
        table=_table(rows),
        statuses=statuses,
        reasons=reasons,
        over=tuple(_called(symbol, plan) for symbol in symbols if symbol.standing.later),
    )


def _ledger_rows(symbol: _Symbol, plan: LivePlan) -> list[Row]:
    """Every model's rows of a symbol; one without a number where there is none."""
    bars, found = symbol.standing.bars, []
    same: Row = {
        "symbol": _called(symbol, plan),
        "origin": plan.day,
        "data_hash": NO_HASH if bars is None else bars.sha256[:HASH_LENGTH],
    }
    for model in models_of(plan):
        own = symbol.rows.get(model)
        if own:
            last = {"last_close": float(symbol.bars.close[-1]), "status": "ok"}
            found += [same | {"model": model} | last | row for row in own]
        else:
            problem = symbol.problems.get(model) or symbol.worst
            reason = Text("it has no nets") if problem is None else problem.reason
            words = {"reason": reason.render("en"), "reason_ko": reason.render("ko")}
            status = "failed" if problem is None else problem.status
            found.append(same | {"model": model, "step": 1, "status": status} | words)
    return found


def _called(symbol: _Symbol, plan: LivePlan) -> str:
    """As we write it."""
    name = symbol.standing.name
    if symbol.standing.bars is not None:
        return symbol.standing.bars.symbol
    return plan.config.renamed.get(name, name)


def _table(rows: Sequence[Row]) -> pa.Table:
    """The ledger's columns; what a row lacks is null."""
    import pyarrow as pa

    schema = schema_of("forecasts")
    columns = []
    for column in schema:
        values = [row.get(column.name) for row in rows]
        if pa.types.is_date(column.type):
            values = [None if value is None else np.datetime64(value, "D").astype(object) for value in values]
        elif pa.types.is_floating(column.type):
            values = [None if value is None or np.isnan(value) else value for value in values]
        columns.append(pa.array(values, column.type))
    return pa.table(columns, schema=schema)
