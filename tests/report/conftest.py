from __future__ import annotations

import numpy as np
import pytest
from tests.conftest import walk_bars

from nextclose.core.forecasts import Forecasts
from nextclose.core.results import (
    DataSummary,
    Ladder,
    LossCurve,
    PriceHistory,
    Rung,
    SplitDates,
    StudyResult,
    Tomorrow,
)
from nextclose.judging.judge import judge

NAN = float("nan")


def make_result(
    *, n=60, symbol="삼성전자", note="a note", lang="en", ladder=True, losses=True, dated=True
) -> StudyResult:
    """A study with synthetic numbers: two recipes, persistence, gaps and reasons."""
    bars = walk_bars(n + 40, seed=1, symbol=symbol)
    rng = np.random.default_rng(2)
    tables = []
    for model, noise in (("tutorial", 0.02), ("default", 0.001), ("persistence", 0.0)):
        last = bars.close[39:-1]
        yhat = last * (1.0 + noise * rng.standard_normal(n))
        known = np.arange(n) >= 20
        tables.append(
            Forecasts.make(
                {
                    "symbol": symbol, "model": model, "origin": bars.dates[39:-1], "target_date": bars.dates[40:],
                    "yhat": yhat, "last_close": last, "y": bars.close[40:], "level": 0.9,
                    "lo": np.where(known, 0.98 * yhat, NAN), "hi": np.where(known, 1.02 * yhat, NAN),
                }
            )
        )  # fmt: skip
    table = Forecasts.concat(tables)
    judged = judge(table, kinds={"persistence": "baseline"}, lang=lang)
    days = [str(day) for day in bars.dates]
    return StudyResult(
        lang=lang,
        data=DataSummary(
            symbol=symbol, source="prices.csv", rows=n + 40, first=days[0], last=days[-1], adjusted=False, dropped=1,
            notes=({"kind": "missing", "severity": "error", "action": "dropped", "count": 1, "dates": [days[3]],
                    "template": "a price is missing", "values": {}, "text": "a price is missing"},),
            sha256="f" * 64,
        ),
        split=SplitDates(
            train_start=days[0], train_end=days[39], test_start=days[40], test_end=days[-1], train_sessions=40,
            test_sessions=n, refit_every=30, folds=((days[0], days[39], days[40], days[-1]),), notes=(note,),
        ),
        recipes={"tutorial": {"summary": "s", "lr": 0.005, "batch_size": None, "memory": True, "features": ["close"]},
                 "default": {"summary": "s", "lr": 0.01, "batch_size": 32, "memory": True, "features": ["close"]}},
        shapes={"tutorial": {"X_train": (36, 4, 4), "y_train": (36, 1), "X_test": (n, 4, 4), "y_test": (n, 1)}},
        table=table,
        models=judged.models,
        tomorrow=(
            Tomorrow(
                symbol=symbol, model="tutorial", origin=days[-1], step=1, target_date="2021-01-04" if dated else None,
                yhat=101.0, lo=NAN, hi=NAN, level=0.9, p_up=NAN, last_close=100.0, reasons={"lo": "too few errors"},
            ),
        ),
        ladder=Ladder(
            rungs=(
                Rung(name="tutorial", change="100 SGD steps", skill=-5.0, rmse_ratio=2.4, rmse_ratio_by_seed=(2.0, 3.0)),
                Rung(name="persistence", change="no model", skill=0.0, rmse_ratio=1.0, rmse_ratio_by_seed=()),
            ),
            decisive="persistence",
            sentence="The rung that matters.",
        ) if ladder else None,
        losses=(LossCurve(model="tutorial", losses=np.array([[0.3, 0.2, NAN]]), val_losses=np.empty((1, 0))),) if losses else (),
        history=PriceHistory(**{name: getattr(bars, name) for name in ("dates", "open", "high", "low", "close", "volume")}),
        engine={"chosen": "torch", "reason": "asked for"},
        notes=(note,),
        versions={"nextclose": "0.1.0", "python": "3.11"},
    )  # fmt: skip


@pytest.fixture
def result():
    return make_result()
