"""The search behind `default` fitted to a whole market: candidates on years before both test spans.

OMP_NUM_THREADS=1 python bench/search_market.py [--set sp500|krx]... [--stage search|validate] [--only NAME]... [--seeds N]

    search    sp500: fitted to the end of 2014, forecasts for 2015; krx: to the end of 2020, for 2021
    validate  the year after, fitted on one year more

One fit serves the year; symbols with 250 bars before it; every third symbol of the KRX set. Shown are the skill over all
symbols, sessions being the observations, with its Diebold-Mariano t (below 0 is better than persistence), that of the pooled
mean return, and the t of the candidate against it; `size` is the root mean square of the change announced over that of
the change that came. No bar after the stage's year is read. A candidate is `start` with the settings that its line changes.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from nextclose import engine
from nextclose.bars.bars import Bars
from nextclose.core.types import Float64s, Ints
from nextclose.judging.accuracy_tests import diebold_mariano
from nextclose.judging.metrics import skill
from nextclose.judging.panel import Sessions
from nextclose.market.pooling import hold_out
from nextclose.market.sets import open_set
from nextclose.recipes import Recipe, load_recipe, with_settings
from nextclose.training.fused import pooled_settings, predict
from nextclose.windows import Pool, make_pool

DATA = Path(__file__).resolve().parents[1] / ".." / "shared" / "data"
FILES = {"sp500": ("sp500_2013_2018.parquet", 1), "krx": ("krx_all_2016_2025.parquet", 3)}
YEARS = {"search": {"sp500": 2015, "krx": 2021}, "validate": {"sp500": 2016, "krx": 2022}}
LEAST = 250

START: dict[str, Any] = {"batch_size": 4096, "epochs": 20, "patience": 3, "lr": 0.003}
CANDIDATES: dict[str, dict[str, Any]] = {
    "start": {},
    "lr .001": {"lr": 0.001},
    "lr .01": {"lr": 0.01},
    "H 4": {"hidden_size": 4},
    "H 16": {"hidden_size": 16},
    "H 32": {"hidden_size": 32},
    "gru": {"cell": "gru"},
    "gru, H 16": {"cell": "gru", "hidden_size": 16},
    "L 5": {"seq_len": 5},
    "L 20": {"seq_len": 20},
    "wd .01": {"weight_decay": 0.01},
    "wd .02": {"weight_decay": 0.02},
    "wd .03": {"weight_decay": 0.03},
    "wd .05": {"weight_decay": 0.05},
    "wd .01, val .4": {"weight_decay": 0.01, "validation": 0.4},
    "wd .03, val .4": {"weight_decay": 0.03, "validation": 0.4},
    "wd .1": {"weight_decay": 0.1},
    "adamw .01": {"optimizer": "adamw", "weight_decay": 0.01},
    "batch 1024": {"batch_size": 1024},
    "batch 16384": {"batch_size": 16384},
    "no val, 2 epochs": {"validation": 0.0, "patience": None, "epochs": 2},
    "no val, 5 epochs": {"validation": 0.0, "patience": None, "epochs": 5},
    "val .1": {"validation": 0.1},
    "val .4": {"validation": 0.4},
    "close": {"features": ["close"]},
    "change": {"features": ["change"]},
    "ohlc+volume": {"features": ["open", "high", "low", "close", "volume"]},
}  # fmt: skip


@dataclass(frozen=True, kw_only=True, eq=False)
class Market:
    """The symbols of a stage, cut behind its year."""

    bars: tuple[Bars, ...]
    firsts: tuple[int, ...]
    """The row of each symbol's first session of the year."""


def load(name: str, year: int) -> Market:
    """The symbols with enough bars before a year and some within it."""
    file, every = FILES[name]
    market = open_set(str(DATA / file))
    names = market.scan().names[::every]
    first, end = np.datetime64(f"{year}-01-01", "D"), np.datetime64(f"{year}-12-31", "D")
    bars, firsts = [], []
    for low in range(0, len(names), 64):
        for _, got in market.read(names[low : low + 64], "drop"):
            if not isinstance(got, Bars):
                continue
            cut = got.between(None, end)
            row = int(np.searchsorted(cut.dates, first))
            if row >= LEAST and row < len(cut):
                bars.append(cut)
                firsts.append(row)
    return Market(bars=tuple(bars), firsts=tuple(firsts))


@dataclass(frozen=True, kw_only=True, eq=False)
class Test:
    """The year's forecasts to be made: rows of a pool."""

    rows: Ints
    change: Float64s
    """(n,) that came."""
    volatility: Float64s
    sessions: Sessions
    mean: float
    """The mean return over all symbols before the year."""


def make_test(pool: Pool, market: Market) -> Test:
    rows = np.concatenate(
        [
            np.arange(begin + first - 1, stop - 1)
            for begin, stop, first in zip(pool.starts[:-1], pool.starts[1:], market.firsts, strict=True)
        ]
    )
    days = pool.dates[rows + 1]
    rows = rows[np.argsort(days, kind="stable")]
    close = np.concatenate([own.close for own in market.bars])
    before = np.concatenate([own.close[1:first] / own.close[: first - 1] - 1.0
                             for own, first in zip(market.bars, market.firsts, strict=True)])  # fmt: skip
    return Test(
        rows=rows,
        change=close[rows + 1] / close[rows] - 1.0,
        volatility=pool.unit[rows, 0],
        sessions=Sessions.of_days(pool.dates[rows + 1].astype(np.int64)),
        mean=float(before.mean()),
    )


def announced(recipe: Recipe, pool: Pool, market: Market, test: Test, seeds: int) -> Float64s:
    """The mean change that some seeds announce, (n,)."""
    spans = [(0, first) for first in market.firsts]
    rows = pool.train_rows(spans)
    train, held_out, _ = hold_out(rows, pool.target_dates(rows), recipe.training.validation)
    windows = pool.fitted(spans, recipe.training.dtype)
    said = np.zeros(len(test.rows))
    for seed in range(seeds):
        fit = engine.fit_pooled(
            windows, train, held_out=held_out if len(held_out) else None, seed=seed,
            **pooled_settings(recipe.net, recipe.training),
        )  # fmt: skip
        print(
            f"      seed {seed}: best epoch {fit.best_epoch}, loss {fit.losses[-1]:.5f} {fit.val_losses[-1:]}",
            flush=True,
        )
        for low in range(0, len(test.rows), 1 << 16):
            part = slice(low, low + (1 << 16))
            output = predict(fit.params, windows.take(test.rows[part])[0].astype(np.float64), net=recipe.net)[:, 0]
            said[part] += (np.exp(output * test.volatility[part]) - 1.0) / seeds
    return said


def show(name: str, said: Float64s, test: Test, seconds: float) -> None:
    error, mean = test.change - said, test.change - test.mean
    against = diebold_mariano(error, test.change, sessions=test.sessions)
    rival = diebold_mariano(error, mean, sessions=test.sessions)
    size = float(np.sqrt(np.mean(said**2) / np.mean(test.change**2)))
    print(
        f"    {name:20} {skill(error, test.change):+.5f}  t {against.statistic:+.2f}   mean {skill(mean, test.change):+.5f}  "
        f"t {rival.statistic:+.2f}   size {size:.3f}   {seconds:.0f} s",
        flush=True,
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Print a line a candidate."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--set", action="append", choices=tuple(FILES))
    parser.add_argument("--stage", choices=tuple(YEARS), default="search")
    parser.add_argument("--only", action="append", choices=tuple(CANDIDATES))
    parser.add_argument("--seeds", type=int, default=2)
    wished = parser.parse_args(arguments)
    for name in wished.set or FILES:
        market = load(name, YEARS[wished.stage][name])
        print(f"{name} {YEARS[wished.stage][name]}: {len(market.bars)} symbols", flush=True)
        pools: dict[Any, Pool] = {}
        for candidate in wished.only or CANDIDATES:
            recipe = with_settings(load_recipe("default"), START | CANDIDATES[candidate])
            if recipe.windows not in pools:
                pools = {recipe.windows: make_pool(market.bars, recipe.windows)}
            pool = pools[recipe.windows]
            test, began = make_test(pool, market), time.perf_counter()
            show(candidate, announced(recipe, pool, market, test, wished.seeds), test, time.perf_counter() - began)


if __name__ == "__main__":
    main()
