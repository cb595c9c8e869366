from __future__ import annotations

import itertools
import json
import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from tests.conftest import walk_bars

from nextclose.core.forecasts import Forecasts
from nextclose.core.results import (
    DataSummary,
    Judgement,
    Ladder,
    LossCurve,
    PriceHistory,
    Rung,
    SplitDates,
    StudyResult,
    Tomorrow,
)
from nextclose.core.series import SeriesData, SeriesResult
from nextclose.judging.judge import judge
from nextclose.judging.series import judge_one_step, judge_rollout

NAN = float("nan")
TRAIN = 40
NOISE = {"tutorial": 0.02, "default": 0.001, "persistence": 0.0}
BASELINES = {"drift": 1e-4, "train-mean": 2e-4, "ar": 5e-4, "ridge": 4e-4}


def make_series(*, seeds=2, lost=True, lang="en", name="trigonometric") -> SeriesResult:
    """A series of 40 points with two windows' worth of errors; alone, it is lost half way or never."""
    t = np.linspace(0.0, 4.0, 40)
    y = np.sin(t) + np.sin(2.0 * t)
    one_step = y[3:] + 0.01 * np.arange(1, seeds + 1)[:, None]
    rolled = one_step + np.where(np.arange(37) < 18, 0.0, 3.0 if lost else 0.0)
    own = judge_one_step(name, y, one_step, lang)
    return SeriesResult(
        lang=lang,
        data=SeriesData(symbol=name, formula="sin t + sin 2t", rows=40, start=0.0, stop=4.0, sha256="0" * 64),
        recipes={name: {"summary": "s", "series": name, "lr": 0.005, "batch_size": None}},
        shapes={name: {"X_train": (37, 3, 1), "y_train": (37, 1), "X_test": (37, 3, 1), "y_test": (37, 1)}},
        models=(replace(own[0], fits=seeds, final_loss_by_seed=(0.1,) * seeds), *own[1:]),
        rollout=judge_rollout(name, y, rolled, lang),
        losses=(LossCurve(model=name, losses=np.array([[0.4, 0.2]] * seeds), val_losses=np.empty((seeds, 0))),),
        engine={"chosen": "fused", "reason": "because"},
        notes=("a note",),
        versions={"nextclose": "0"},
        reasons={"split": "no split", "tomorrow": "no tomorrow"},
        t=t,
        y=y,
        one_step=one_step,
        rolled=rolled,
    )


def make_result(
    *, n=60, folds=1, symbol="삼성전자", note="a note", lang="en", ladder=True, losses=True, dated=True, noise=NOISE
) -> StudyResult:
    """A study with synthetic numbers: two recipes, persistence, gaps and reasons."""
    bars = walk_bars(n + TRAIN, seed=1, symbol=symbol)
    days = [str(day) for day in bars.dates]
    table = make_table(bars, noise)
    judged = judge(table, kinds=dict.fromkeys(noise.keys() - {"tutorial", "default"}, "baseline"), lang=lang)
    curve = LossCurve(
        model="tutorial",
        losses=np.array([[0.3, 0.2, NAN], [0.4, 0.1, 0.05]]),
        val_losses=np.array([[0.5, 0.4, NAN]] * 2),
    )
    return StudyResult(
        lang=lang,
        data=make_data(symbol, days),
        split=make_split(days, folds, note),
        recipes={
            "tutorial": {"summary": "s", "lr": 0.005, "batch_size": None, "memory": True, "features": ["close"]},
            "default": {"summary": "s", "lr": 0.01, "batch_size": 32, "memory": True, "features": ["close"]},
        },
        shapes={"tutorial": {"X_train": (36, 4, 5), "y_train": (36, 1), "X_test": (n, 4, 5), "y_test": (n, 1)}},
        table=table,
        models=judged.models,
        tomorrow=make_tomorrow(symbol, days[-1], dated),
        ladder=make_ladder(note) if ladder else None,
        losses=(curve,) if losses else (),
        history=PriceHistory(
            **{name: getattr(bars, name) for name in ("dates", "open", "high", "low", "close", "volume")}
        ),
        engine={"chosen": "torch", "reason": "asked for"},
        notes=(note,),
        versions={"nextclose": "0.1.0", "python": "3.11"},
        contests=judged.contests,
    )


def full_result(**changed) -> StudyResult:
    """A study as a real one: 250 sessions, two recipes, five baselines, twelve folds."""
    return make_result(**{"n": 250, "folds": 12, "noise": NOISE | BASELINES} | changed)


def make_judgement(
    *, n=60, symbols=1, models=("net", "ridge"), steps=1, intervals=True, lang="en", source="files/예측.csv"
) -> Judgement:
    """A judged table: each model adds more noise to the last close than the one before it."""
    tables = []
    for number in range(symbols):
        bars = walk_bars(n + TRAIN, seed=number, symbol=f"S{number:02d}")
        tables += [
            _forecasts(bars, model, 0.002 * (place + 1), step, intervals)
            for place, model in enumerate(models)
            for step in range(1, steps + 1)
        ]
    return replace(judge(Forecasts.concat(tables), lang=lang), source=source)


def _forecasts(bars, model, noise, step, intervals) -> Forecasts:
    rng = np.random.default_rng([len(model), step])
    last, y = bars.close[TRAIN - step : -step], bars.close[TRAIN:]
    yhat = last * (1.0 + noise * rng.standard_normal(len(y)))
    columns = {
        "symbol": bars.symbol, "model": model, "origin": bars.dates[TRAIN - step : -step], "step": step,
        "target_date": bars.dates[TRAIN:], "yhat": yhat, "last_close": last, "y": y,
    }  # fmt: skip
    spread = {"lo": 0.98 * yhat, "hi": 1.02 * yhat, "level": 0.9, "p_up": 0.5} if intervals else {}
    return Forecasts.make(columns | spread)


def without_scripts(page: str) -> str:
    """What a reader sees."""
    return re.sub(r"<(script|style).*?</\1>", "", page, flags=re.DOTALL)


def figures_of(page: str) -> dict[str, Any]:
    """Name -> the figure that the page draws."""
    found = re.findall(r'<script type="application/json" id="data-([^"]+)">(.*?)</script>', page, flags=re.DOTALL)
    return {name: json.loads(text) for name, text in found}


def make_table(bars, noise) -> Forecasts:
    """Last close plus noise for each model; no interval for the first twenty sessions."""
    rng = np.random.default_rng(2)
    last, n = bars.close[TRAIN - 1 : -1], len(bars) - TRAIN
    known = np.arange(n) >= 20
    tables = []
    for model, size in noise.items():
        yhat = last * (1.0 + size * rng.standard_normal(n))
        columns = {
            "symbol": bars.symbol, "model": model, "origin": bars.dates[TRAIN - 1 : -1], "step": 1,
            "target_date": bars.dates[TRAIN:], "yhat": yhat, "last_close": last, "y": bars.close[TRAIN:], "level": 0.9,
            "lo": np.where(known, 0.98 * yhat, NAN), "hi": np.where(known, 1.02 * yhat, NAN),
        }  # fmt: skip
        tables.append(Forecasts.make(columns))
    return Forecasts.concat(tables)


def make_data(symbol, days) -> DataSummary:
    missing = {
        "kind": "missing", "severity": "error", "action": "dropped", "count": 1, "dates": [days[3]],
        "template": "a price is missing", "values": {}, "text": "a price is missing",
    }  # fmt: skip
    return DataSummary(
        symbol=symbol, source="prices.csv", rows=len(days), first=days[0], last=days[-1], adjusted=False, dropped=1,
        notes=(missing,), sha256="f" * 64,
    )  # fmt: skip


def make_split(days, folds, note) -> SplitDates:
    starts = np.linspace(TRAIN, len(days), folds + 1).round().astype(int)
    spans = tuple(
        (days[0], days[first - 1], days[first], days[after - 1]) for first, after in itertools.pairwise(starts)
    )
    return SplitDates(
        train_start=days[0], train_end=days[TRAIN - 1], test_start=days[TRAIN], test_end=days[-1], train_sessions=TRAIN,
        test_sessions=len(days) - TRAIN, refit_every=None if folds == 1 else 21, folds=spans, notes=(note,),
    )  # fmt: skip


def make_tomorrow(symbol, origin, dated) -> tuple[Tomorrow, ...]:
    known = {"symbol": symbol, "origin": origin, "step": 1, "level": 0.9, "last_close": 100.0}
    date, reasons = ("2021-01-04", {}) if dated else (None, {"target_date": "no calendar fits"})
    few = {"lo": "too few errors", "hi": "too few errors", "p_up": "too few errors"}
    return (
        Tomorrow(
            model="tutorial", target_date=date, yhat=101.0, lo=NAN, hi=NAN, p_up=NAN, reasons=reasons | few, **known
        ),
        Tomorrow(model="default", target_date=date, yhat=100.5, lo=98.0, hi=103.0, p_up=0.53, reasons=reasons, **known),
    )


def make_ladder(note) -> Ladder:
    ratios = {
        "tutorial": (2.0, 3.0, 8.0), "tutorial-converged": (1.1, 1.2, 1.3), "tutorial-return": (1.01, 1.02, 1.04),
        "tutorial-no-memory": (1.0, 1.01, 1.02), "tutorial-mlp": (0.99, 1.0, 1.02), "ridge": (), "persistence": (),
    }  # fmt: skip
    rungs = tuple(
        Rung(name=name, change=f"{name}: {note}", skill=0.0, rmse_ratio=1.0, rmse_ratio_by_seed=by_seed)
        for name, by_seed in ratios.items()
    )
    return Ladder(rungs=rungs, decisive="tutorial-converged", sentence="The rung that matters.")


@pytest.fixture
def result():
    return make_result()
