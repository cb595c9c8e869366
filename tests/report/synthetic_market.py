"""A market made of random numbers, as its pages are given it."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
from tests.conftest import walk_bars

from nextclose.core.forecasts import Forecasts
from nextclose.core.results import RivalRow
from nextclose.judging.judge import judge
from nextclose.report.market_view import (
    ChartData,
    ChartModel,
    FaultCount,
    LeftOut,
    MarketView,
    SessionSums,
    SymbolColumns,
)

NAN = float("nan")
RECIPES = {"tutorial": 0.03, "default": 0.0008}
BASELINES = {"persistence": 0.0, "drift": 1e-4, "pooled-mean": 2e-4, "ridge": 5e-4}
SPAN = 120
"""Sessions of a market by default."""
VERDICTS = np.array(["beats persistence", "worse than persistence", "no difference found"], dtype=object)


def make_view(*, symbols=60, sessions=SPAN, lang="en", noise=None, names=None, **changed) -> MarketView:
    """A market of `symbols` symbols; the model rows come from a judged table of three walks."""
    noise = RECIPES | BASELINES if noise is None else noise
    rng = np.random.default_rng(5)
    names = tuple(names or (f"{number:06d}" for number in range(symbols)))
    S = len(names)
    value = np.exp(rng.normal(21.0, 2.0, S))
    volatility = np.exp(rng.normal(-3.6, 0.4, S))
    models, contests = judged(tuple(noise.items()), sessions, lang) if S else ((), ())
    dates = walk_bars(sessions, seed=0, start="2021-01-04").dates
    columns = {name: columns_of(rng, value, size, sessions) for name, size in noise.items() if name != "persistence"}
    view = MarketView(
        lang=lang, source="data/krx_all.parquet", train_start="2016-01-04", train_end="2020-12-30", test_start=str(dates[0]),
        test_end=str(dates[-1]), sessions=sessions, scope="symbol",
        recipes={name: {"summary": "s", "lr": 0.005 * (1 + i), "memory": True, "features": ["close"]}
                 for i, name in enumerate(noise) if name in RECIPES},
        seeds=3, refit_every=21, folds=max(sessions // 21, 1), symbols=names, value=value, volatility=volatility,
        left_out=(
            LeftOut(symbol="900001", kind="too-short", reason="12 bars, 120 needed"),
            LeftOut(symbol="900002", kind="too-short", reason="80 bars, 120 needed"),
            LeftOut(symbol="900003", kind="strange", reason="for a reason of its own"),
        ),
        ended_early=0,
        faults=(
            FaultCount(kind="suspended", severity="note", action="dropped", text="a suspended day", rows=1200, symbols=40),
            FaultCount(kind="missing", severity="error", action="dropped", text="a price is missing", rows=3, symbols=2),
        ),
        models=models, contests=contests,
        rivals=tuple(
            RivalRow(model=model, rival=rival, step=1, n=120, skill=-0.001, rival_skill=0.0009, statistic=sign * 2.0,
                     pvalue_better=0.02 if sign < 0 else 0.98, pvalue_worse=0.98 if sign < 0 else 0.02)
            for model in noise if model in RECIPES for rival, sign in (("pooled-mean", 1), ("ridge", -1)) if S
        ),
        by_symbol=columns,
        by_session={name: sums_of(rng, dates, size, S) for name, size in noise.items() if name != "persistence" and S},
        versions={"nextclose": "0.1.0", "python": "3.11"}, command="nextclose market run krx_all.parquet --seeds 3",
        settings={"engine": "fused"}, notes=("A note.",),
    )  # fmt: skip
    return replace(view, **changed)


def make_charts(view, *, count=None, seed=3):
    """Charts of the first `count` symbols, made one after the other."""
    for number, symbol in enumerate(view.symbols[:count]):
        bars = walk_bars(view.sessions + 1, seed=seed + number, start="2020-12-31")
        rng = np.random.default_rng(number)
        last, y = bars.close[:-1], bars.close[1:]
        models = {}
        for name in view.by_symbol:
            size = (RECIPES | BASELINES).get(name, 0.001)
            yhat = last * (1.0 + size * rng.standard_normal(len(y)))
            ends = {"lo": yhat * 0.975, "hi": yhat * 1.025} if name in RECIPES else {}
            models[name] = ChartModel(yhat=yhat, **ends)
        yield ChartData(
            symbol=symbol, dates=bars.dates[1:], y=y, last_close=last, models=models, folds=bars.dates[1::21]
        )


@cache
def judged(noise, sessions, lang):
    """Model rows and contests of three walks."""
    tables = []
    for number in range(3):
        bars = walk_bars(sessions + 1, seed=number, symbol=f"S{number}", start="2020-12-31")
        rng = np.random.default_rng(number)
        for model, size in noise:
            last, y = bars.close[:-1], bars.close[1:]
            yhat = last * (1.0 + size * rng.standard_normal(len(y)))
            tables.append(
                Forecasts.make(
                    {"symbol": bars.symbol, "model": model, "origin": bars.dates[:-1], "step": 1, "yhat": yhat,
                     "target_date": bars.dates[1:], "last_close": last, "y": y, "lo": yhat * 0.975, "hi": yhat * 1.025,
                     "level": 0.9}
                )
            )  # fmt: skip
    kinds = {model: "recipe" if model in RECIPES else "baseline" for model, _ in noise}
    found = judge(Forecasts.concat(tables), kinds=kinds, lang=lang)
    return found.models, found.contests


def columns_of(rng, value, size, sessions) -> SymbolColumns:
    """Numbers of a model whose noise takes (noise / 0.01)^2 of skill; the less traded, the worse."""
    S = len(value)
    worse = (size / 0.01) ** 2
    skill = (
        -worse * np.exp(0.5 * rng.standard_normal(S)) + 0.004 * (np.log(value) - 21.0) + 0.01 * rng.standard_normal(S)
    )
    skill[: S // 400] *= 40.0
    half = 0.01 + 0.3 * worse
    kind = np.where(skill > half, 0, np.where(skill < -half, 1, 2))
    return SymbolColumns(
        n=np.full(S, sessions), rmse=100.0 * np.exp(rng.standard_normal(S)), skill=skill, skill_lo=skill - half,
        skill_hi=skill + half, directional_accuracy=0.5 + 0.03 * rng.standard_normal(S),
        coverage=0.9 + 0.02 * rng.standard_normal(S), verdict=VERDICTS[kind],
        information=np.where(kind == 0, "seen", "not seen").astype(object),
    )  # fmt: skip


def sums_of(rng, dates, size, S) -> SessionSums:
    base = 1e-4 * S * np.exp(0.4 * rng.standard_normal(len(dates)))
    noise = 1e-4 * S * 0.02 * rng.standard_normal(len(dates))
    return SessionSums(dates=dates, lost=base + size**2 * S + noise, base=base, n=np.full(len(dates), S))
