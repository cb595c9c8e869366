"""The search behind the `default` recipe: what every candidate does on 50 symbols and on simulated AR(1) bars.

OMP_NUM_THREADS=1 python bench/search_default.py --stage search|validate|test|ar1|five [--only NAME]... [--bars FILE]

    search    fitted from 2013-02 on, walked through 2015
    validate  walked through 2016
    test      2017-01 to 2018-02: `default` beside `first` and `tutorial`, read once when the choice was made
    ar1       information seen on AR(1) bars and on plain walks, beside a fitted AR(1)
    five      what `nextclose run` says of `default` on Samsung, AAPL, IBM, MSFT and GOOG

Every walk refits every 21 sessions on all bars before, as the product does; no bar after the stage's span is read.
A candidate is `first`, the recipe that was chosen by judgement, with the settings that its line changes.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from nextclose.bars.bars import Bars
from nextclose.bars.survey import iter_bars
from nextclose.bench.forecasters import autoregression
from nextclose.bench.simulated import TRAIN, Series, simulate
from nextclose.bench.tally import generator
from nextclose.bench.worlds import Echo, Walk, World
from nextclose.core.forecasts import Forecasts
from nextclose.core.results import ModelRow
from nextclose.core.types import Float64s, Ints
from nextclose.judging.judge import judge
from nextclose.judging.splits import Split
from nextclose.recipes import Recipe, load_recipe, with_settings
from nextclose.study.run import run
from nextclose.study.walk import walk_recipes
from nextclose.study.watch import Watcher
from nextclose.training.resolve import resolve_engine
from nextclose.windows import ewma_volatility

DATA = Path(__file__).resolve().parents[1] / ".." / "shared" / "data"
SYMBOLS, EVERY = 50, 9
"""Every ninth of the 470 symbols with a full history, in alphabetical order, until there are 50."""
SPANS = {
    "search": ("2015-01-01", "2015-12-31"),
    "validate": ("2016-01-01", "2016-12-31"),
    "test": ("2017-01-01", "2018-02-28"),
}
AR1, PHI = {"long": (1_000, 1_000), "short": (800, 200)}, 0.2
"""Train and test sessions of the simulated series, and the share of the last return that comes again."""
WORLDS: dict[str, World] = {"echo": Echo(phi=PHI), "walk": Walk()}
SAMPLES = ("sample:AAPL", "sample:IBM", "sample:MSFT", "sample:GOOG")

FIRST: dict[str, Any] = {
    "features": ["open", "high", "low", "close"], "seq_len": 10, "scaling": "log-ratio-volatility",
    "target": "volatility-return", "context": "before", "cell": "gru", "hidden_size": 8, "bias": True,
    "output_bias": True, "init": "rnn", "zero_head": True, "optimizer": "adam", "lr": 0.003, "weight_decay": 0.001,
    "batch_size": 256, "shuffle": True, "epochs": 60, "validation": 0.2, "patience": 8, "refit_every": 21, "seeds": 5,
}  # fmt: skip
CANDIDATES: dict[str, dict[str, Any]] = {
    "first": {},
    "lr .001": {"lr": 0.001},
    "lr .01": {"lr": 0.01},
    "L 2": {"seq_len": 2},
    "L 3": {"seq_len": 3},
    "L 5": {"seq_len": 5},
    "L 20": {"seq_len": 20},
    "H 4": {"hidden_size": 4},
    "H 16": {"hidden_size": 16},
    "rnn": {"cell": "rnn"},
    "lstm": {"cell": "lstm"},
    "mlp": {"cell": "mlp"},
    "close": {"features": ["close"]},
    "change": {"features": ["change"]},
    "ohlc+change": {"features": ["open", "high", "low", "close", "change"]},
    "wd .01": {"weight_decay": 0.01},
    "adamw .1": {"optimizer": "adamw", "weight_decay": 0.1},
    "val .1": {"validation": 0.1},
    "val .3": {"validation": 0.3},
    "val .4": {"validation": 0.4},
    "patience 3": {"patience": 3},
    "patience 20": {"patience": 20},
    "20 seeds": {"seeds": 20},
    "no val, 20 epochs": {"validation": 0.0, "patience": None, "epochs": 20},
    "H 4, val .3": {"hidden_size": 4, "validation": 0.3},
    "L 3, val .3": {"seq_len": 3, "validation": 0.3},
    "L 5, val .3": {"seq_len": 5, "validation": 0.3},
    "L 5, val .4": {"seq_len": 5, "validation": 0.4},
    "L 5, patience 20": {"seq_len": 5, "patience": 20},
    "L 5, lr .01": {"seq_len": 5, "lr": 0.01},
    "L 5, wd 0": {"seq_len": 5, "weight_decay": 0.0},
    "L 5, batch 64": {"seq_len": 5, "batch_size": 64},
    "L 5, 20 seeds": {"seq_len": 5, "seeds": 20},
    "L 5, 15 epochs": {"seq_len": 5, "epochs": 15, "validation": 0.0, "patience": None},
    "L 5, 40 epochs": {"seq_len": 5, "epochs": 40, "validation": 0.0, "patience": None},
    "change, L 5, val .3": {"features": ["change"], "seq_len": 5, "validation": 0.3},
    "rnn, H 4": {"cell": "rnn", "hidden_size": 4},
    "rnn, H 16": {"cell": "rnn", "hidden_size": 16},
    "rnn, identity": {"cell": "rnn", "activation": "identity"},
    "rnn, val .3": {"cell": "rnn", "validation": 0.3},
    "rnn, val .3, lr .001": {"cell": "rnn", "validation": 0.3, "lr": 0.001},
    "rnn, change": {"cell": "rnn", "features": ["change"]},
    "rnn, L 2, H 4": {"cell": "rnn", "seq_len": 2, "hidden_size": 4},
    "rnn, L 3": {"cell": "rnn", "seq_len": 3},
    "rnn, L 4": {"cell": "rnn", "seq_len": 4},
    "rnn, L 4, wd .01": {"cell": "rnn", "seq_len": 4, "weight_decay": 0.01},
    "rnn, L 4, lr .001": {"cell": "rnn", "seq_len": 4, "lr": 0.001},
    "rnn, L 4, patience 20": {"cell": "rnn", "seq_len": 4, "patience": 20},
    "rnn, L 4, batch 64": {"cell": "rnn", "seq_len": 4, "batch_size": 64},
    "rnn, L 5": {"cell": "rnn", "seq_len": 5},
    "rnn, refit 63": {"cell": "rnn", "refit_every": 63},
    "rnn, refit 250": {"cell": "rnn", "refit_every": 250},
    "rnn, warm": {"cell": "rnn", "warm_start": True},
    "rnn, warm, 10 epochs": {"cell": "rnn", "warm_start": True, "warm_epochs": 10},
    "rnn, no val, 10 epochs": {"cell": "rnn", "validation": 0.0, "patience": None, "epochs": 10},
}


@dataclass(frozen=True, kw_only=True, eq=False)
class Walk50:
    """What one recipe announced on one symbol."""

    symbol: str
    table: Forecasts
    announced: Float64s
    """(n,) log changes in units of the volatility known at the origin."""
    came: Float64s
    """(n,) what came, in that unit."""
    fold: Ints
    """(n,) which fit said it."""


def candidate(name: str) -> Recipe:
    """`default` and `tutorial` as they are shipped; otherwise `first` with one candidate's changes."""
    if name in ("default", "tutorial"):
        return load_recipe(name)
    return with_settings(Recipe.from_settings(name, name, FIRST), CANDIDATES[name])


def fifty(source: Path, end: str) -> list[Bars]:
    """The symbols of a file that are searched on, without a bar after `end`."""
    everyone = {symbol: bars for symbol, bars in iter_bars(str(source)) if isinstance(bars, Bars)}
    longest = max(len(bars) for bars in everyone.values())
    full = sorted(symbol for symbol, bars in everyone.items() if len(bars) == longest)
    return [everyone[symbol].between(None, np.datetime64(end)) for symbol in islice(full, 0, SYMBOLS * EVERY, EVERY)]


def walk(recipe: Recipe, bars: Bars, split: Split) -> Walk50:
    """Every forecast of the test span: the mean of the seeds."""
    (walked,) = walk_recipes([(recipe, resolve_engine("fused", recipe), Watcher())], bars, split)
    origins, yhat = walked.origins, walked.prices.mean(axis=0)[:, 0]
    last, y = bars.close[origins], bars.close[origins + 1]
    unit = ewma_volatility(bars.close)[origins]
    table = Forecasts.make(
        {
            "symbol": bars.symbol,
            "model": recipe.name,
            "origin": bars.dates[origins],
            "target_date": bars.dates[origins + 1],
            "yhat": yhat,
            "last_close": last,
            "y": y,
        }
    )
    return Walk50(
        symbol=bars.symbol,
        table=table,
        announced=np.log(yhat / last) / unit,
        came=np.log(y / last) / unit,
        fold=(origins + 1 - split.test_first) // (recipe.refit_every or len(bars)),
    )


def span(bars: Bars, first: str) -> Split:
    """Train before `first`, test from it to the last bar."""
    row = int(np.searchsorted(bars.dates, np.datetime64(first)))
    return Split(train_start=0, train_stop=row, test_first=row, test_last=len(bars) - 1)


def moves(walked: Walk50) -> float:
    """Size of what is left of the announced changes when each fold's mean is taken out: 0 for a constant output."""
    count = np.bincount(walked.fold)
    mean = np.bincount(walked.fold, walked.announced) / count
    return rms(walked.announced - mean[walked.fold]) / rms(walked.came)


def rms(values: Float64s) -> float:
    return float(np.sqrt(np.mean(values**2)))


def on_symbols(names: Sequence[str], stage: str, source: Path) -> None:
    """A row a candidate."""
    first, end = SPANS[stage]
    market = fifty(source, end)
    print(f"{len(market)} symbols, {stage}: {first} to {market[0].dates[-1]}; size and moves: medians over the symbols")
    print(
        f"{'':26} {'median':>8} {'mean':>8} {'pooled':>8}  >= 0   size  moves  {'DM t':>6} {'CW t':>6}  {'up':>5}  seconds"
    )
    for name in names:
        recipe, began = candidate(name), time.perf_counter()
        walks = [walk(recipe, bars, span(bars, first)) for bars in market]
        print(f"{name:26} {summary(walks)}  {time.perf_counter() - began:7.1f}", flush=True)


def summary(walks: Sequence[Walk50]) -> str:
    """Skills by symbol, the volatility-scaled pooled skill, sizes, and the tests clustered by session."""
    judged = judge(Forecasts.concat([one.table for one in walks]), contests=False)
    skills = np.array([row.skill for row in judged.symbols])
    sizes = [
        rms(one.table.yhat / one.table.last_close - 1.0) / rms(one.table.y / one.table.last_close - 1.0)
        for one in walks
    ]
    pooled = 1.0 - sum(np.sum((one.came - one.announced) ** 2) for one in walks) / sum(
        np.sum(one.came**2) for one in walks
    )
    row = judged.models[0]
    return (
        f"{np.median(skills):+8.4f} {skills.mean():+8.4f} {pooled:+8.4f}  {np.mean(skills >= 0.0):4.0%} "
        f"{np.median(sizes):6.3f} {np.median([moves(one) for one in walks]):6.3f}  "
        f"{row.dm.statistic:+6.2f} {row.cw.statistic:+6.2f}  {row.directional_accuracy:5.1%}"
    )


def on_simulated(
    names: Sequence[str], worlds: Sequence[World], spans: Sequence[tuple[int, int]], series: int, refit: int | None
) -> None:
    """Shares of simulated series on which information is seen."""
    for train, test in spans:
        for world in worlds:
            print(f"{world.name}: {test:,} sessions after {train:,}, {series} series")
            print(f"{'':26}   seen  {'beats':>6} {'median skill':>12}   size  seconds")
            print_seen("fitted AR(1)", simulated(world, train, test, series), fitted)
            for name in names:
                recipe = candidate(name)
                recipe = recipe if refit is None else replace(recipe, refit_every=refit)
                print_seen(name, simulated(world, train, test, series), lambda one, r=recipe: walked_closes(r, one))


def simulated(world: World, train: int, test: int, series: int) -> Iterator[Series]:
    """The same series for every candidate."""
    for number in range(series):
        drawn = simulate(world, train + test - TRAIN, generator(f"search {world.name} {train} {test}", number))
        yield replace(drawn, train=train)


def fitted(series: Series) -> Float64s:
    return autoregression(1).forecast(series, np.random.default_rng(0))


def walked_closes(recipe: Recipe, series: Series) -> Float64s:
    n = len(series.bars)
    split = Split(train_start=0, train_stop=series.train, test_first=series.train, test_last=n - 1)
    return walk(recipe, series.bars, split).table.yhat


def print_seen(name: str, drawn: Iterable[Series], forecast: Callable[[Series], Float64s]) -> None:
    began = time.perf_counter()
    rows = [judge(one.table({name: forecast(one)}), contests=False).models[0] for one in drawn]
    seen = np.mean([row.information == "seen" for row in rows])
    beats = np.mean([row.verdict == "beats persistence" for row in rows])
    skill = np.median([row.skill for row in rows])
    size = np.median([row.shift.size for row in rows if row.shift is not None])
    print(
        f"{name:26} {seen:6.1%}  {beats:6.1%} {skill:+12.4f} {size:6.3f}  {time.perf_counter() - began:7.1f}",
        flush=True,
    )


def on_five(samsung: Path) -> None:
    """The default split and refits of `nextclose run`."""
    print(f"{'':26} {'test span':>24}  skill (90 % interval)          size  direction  always up  verdict; information")
    for source in (str(samsung), *SAMPLES):
        study = run(source, recipes=["default"], ladder=False)
        row = study.models[0]
        print(f"{study.data.symbol:26} {study.split.test_start} to {study.split.test_end}  {told(row)}", flush=True)


def told(row: ModelRow) -> str:
    size = f"{row.shift.size:6.3f}" if row.shift is not None else "     -"
    return (
        f"{row.skill:+.4f} ({row.skill_lo:+.4f} to {row.skill_hi:+.4f})   {size}  {row.directional_accuracy:9.1%}  "
        f"{row.always_up:9.1%}  {row.verdict}; {row.information}"
    )


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--stage", choices=(*SPANS, "ar1", "five"), required=True)
    options.add_argument("--only", action="append", metavar="NAME", help="a candidate; all of them unless said")
    options.add_argument("--bars", type=Path, default=DATA / "sp500_2013_2018.parquet")
    options.add_argument("--samsung", type=Path, default=DATA / "samsung_005930_2019_2023.parquet")
    options.add_argument("--series", type=int, default=300, help="simulated series a row")
    options.add_argument("--span", choices=AR1, help="of the simulated series; both unless said")
    options.add_argument("--world", choices=("echo", "walk"), help="of the simulated series; both unless said")
    options.add_argument("--refit", type=int, help="sessions that a fit serves on simulated series, to be quick")
    chosen = options.parse_args()
    if chosen.stage == "five":
        on_five(chosen.samsung)
    elif chosen.stage == "ar1":
        spans = [AR1[chosen.span]] if chosen.span else list(AR1.values())
        worlds = [WORLDS[chosen.world]] if chosen.world else list(WORLDS.values())
        on_simulated(chosen.only or ["default", "first"], worlds, spans, chosen.series, chosen.refit)
    elif chosen.stage == "test":
        on_symbols(chosen.only or ["default", "first", "tutorial"], "test", chosen.bars)
    else:
        on_symbols(chosen.only or list(CANDIDATES), chosen.stage, chosen.bars)


if __name__ == "__main__":
    main()
