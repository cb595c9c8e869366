"""Live runs on small markets, and what the study says of the same bars."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from tests.market.conftest import market_bars, rows_of, write_set

from nextclose.baselines import BASELINES
from nextclose.judging.splits import Split
from nextclose.market.config import MarketConfig
from nextclose.market.ledger.chain import Ledger
from nextclose.market.live.predict import predict_run
from nextclose.market.live.update import update_run
from nextclose.study.live import Sessions, forecast_tomorrow
from nextclose.study.tables import scores_of
from nextclose.study.walk import walk_baseline, walk_recipes
from nextclose.study.watch import Watcher
from nextclose.training.resolve import resolve_engine
from nextclose.windows.volatility import volatilities

NOW = datetime(2020, 1, 1, tzinfo=UTC)


def up_to(bars, day):
    """A symbol's bars to a day."""
    return rows_of(bars, bars.dates <= np.datetime64(day))


def evening(folder, day, **more):
    """Update and predict; the ledger's rows of that session by (symbol, model)."""
    update_run(folder, as_of=day, workers=0)
    predict_run(folder, as_of=day, workers=0, now=lambda: NOW, **more)
    return rows_of_ledger(folder, day)


def rows_of_ledger(folder, day):
    """(symbol, model, step) -> row of the latest entry of a session."""
    ledger = Ledger.open(folder)
    entries = [entry for entry in ledger.of_kind("forecasts") if entry.as_of == day]
    rows = {}
    for entry in entries:
        for row in ledger.table(entry).to_pylist():
            key = row["symbol"], row["model"], row["step"]
            if rows.get(key, {"yhat": None})["yhat"] is None:
                rows[key] = row
    return rows


def studied(config: MarketConfig, bars):
    """(model, step) -> what the study says of tomorrow, with the run's spans up to the last bar."""
    spans = config.spans
    rows = [
        int(np.searchsorted(bars.dates, np.datetime64(day), side=side))
        for day, side in ((spans.train_start, "left"), (spans.train_end, "right"), (spans.test_start, "left"))
    ]
    split = Split(train_start=rows[0], train_stop=rows[1], test_first=rows[2], test_last=len(bars) - 1)
    recipes = config.chosen()
    walked = [*walk_recipes([(one, resolve_engine(config.engine, one), Watcher()) for one in recipes], bars, split)]
    horizon = max(one.windows.horizon for one in recipes)
    first = recipes[0]
    walked += [
        walk_baseline(
            name, first.windows.seq_len, bars, split, refit_every=config.refit_every,
            train_sessions=first.train_sessions, horizon=horizon,
        )
        for name in BASELINES
    ]  # fmt: skip
    found = {}
    for model in walked:
        own = None if model.tomorrow_quantiles is None else model.tomorrow_quantiles
        with_interval = model.fold is not None or model.name == "persistence"
        scores = scores_of(model, bars, volatilities(bars)[1]) if with_interval else ()
        none = Sessions(dates=(None,) * horizon)
        for row in forecast_tomorrow(model.name, bars, model.tomorrow, scores, none, "en", quantiles=own):
            found[model.name, row.step] = row
    return found


def assert_same(rows, symbol, expected, *, ratio=1.0, rtol=0.0):
    """The ledger says of a symbol what the study does."""
    for (model, step), own in expected.items():
        row = rows[symbol, model, step]
        assert row["status"] == "ok", row
        for name in ("yhat", "lo", "hi", "p_up", "last_close"):
            wanted = getattr(own, name) * (1.0 if name == "p_up" else ratio)
            got = np.nan if row[name] is None else row[name]
            np.testing.assert_allclose(got, wanted, rtol=rtol, atol=0.0, err_msg=f"{model} {step} {name}")


@pytest.fixture(scope="session")
def long_set(tmp_path_factory) -> Path:
    """Five symbols of 480 sessions in one file."""
    bars = market_bars(("A", "BB", "005930", "late", "short"), sessions=480)
    bars[-2] = rows_of(bars[-2], slice(180, None))
    bars[-1] = rows_of(bars[-1], slice(425, None))
    return write_set(tmp_path_factory.mktemp("set") / "long.parquet", *bars)
