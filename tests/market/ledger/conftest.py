"""Ledgers of a few forecasts and truths, written in a moment."""

from __future__ import annotations

import datetime as dt
import json

import numpy as np
import pyarrow as pa
import pytest

from nextclose.core.forecasts import Forecasts
from nextclose.judging.market import tallies_of
from nextclose.market.ledger.chain import Ledger
from nextclose.market.ledger.lines import hash_of
from nextclose.market.ledger.tables import schema_of
from nextclose.market.tables import columns_table, to_parquet

ORIGIN = dt.date(2024, 1, 2)


def at(second=0):
    """A clock that stands still."""
    return lambda: dt.datetime(2024, 1, 2, 18, 0, second, tzinfo=dt.UTC)


def forecast(symbol="A", model="net", origin=ORIGIN, step=1, days=1, yhat=101.0, **more):
    """A row of forecasts."""
    page = {"lo": 95.0, "hi": 107.0, "level": 0.9, "p_up": 0.5, "last_close": 100.0, "status": "ok", "fold": 0}
    target = origin + dt.timedelta(days=days)
    own = {"symbol": symbol, "model": model, "origin": origin, "step": step, "target_date": target, "yhat": yhat}
    return own | page | more


def truth(symbol="A", origin=ORIGIN, step=1, days=1, y=102.0, **more):
    """A row of truths."""
    target = origin + dt.timedelta(days=days)
    page = {"target_date": target, "actual_date": target, "last_close": 100.0, "basis": 1.0, "mark": ""}
    return {"symbol": symbol, "origin": origin, "step": step, "y": y} | page | more


def rows(kind, *every):
    return pa.Table.from_pylist(list(every), schema=schema_of(kind))


def own_sessions(sessions, seed=0, error=1.0, models=("net",)):
    """A run's own test sessions, with a session's sums a model."""
    rng = np.random.default_rng(seed)
    days = np.busday_offset("2022-01-03", np.arange(sessions)).repeat(10)
    change = 0.02 * rng.standard_normal(len(days))
    common = {"symbol": np.tile([f"S{number}" for number in range(10)], sessions).astype(object), "y": 1.0 + change}
    common |= {"origin": days - 1, "target_date": days, "last_close": np.ones(len(days)), "level": 0.9}
    common |= {"lo": np.full(len(days), 0.967), "hi": np.full(len(days), 1.033)}
    parts = []
    for model in models:
        own = {"model": np.full(len(days), model, dtype=object), "yhat": 1.0 + change * (1.0 - error)}
        parts += [(name, sums.columns()) for (name, _), sums in tallies_of(Forecasts.make(common | own)).items()]
    return columns_table(parts)


def bare_run(folder, recipes=("net",), sessions=None):
    """As much of a finished run as a ledger asks for."""
    folder.mkdir(parents=True)
    table = to_parquet(own_sessions(5) if sessions is None else sessions)
    config = {
        "spans": {"sessions": ["2023-12-29"]},
        "recipes": {name: {} for name in recipes},
        "source": "x",
        "versions": {},
    }
    (folder / "manifest.json").write_text(json.dumps(config))
    (folder / "sessions.parquet").write_bytes(table)
    (folder / "result.json").write_text(json.dumps({"tables": {"sessions.parquet": hash_of(table)}}))
    return folder


@pytest.fixture
def ledger(tmp_path) -> Ledger:
    """One that was just opened."""
    return Ledger.begin(bare_run(tmp_path / "run"), now=at())


@pytest.fixture
def filled(ledger) -> Ledger:
    """Three evenings: forecasts and truths by turns, seven entries."""
    for number in range(3):
        day = ORIGIN + dt.timedelta(days=number)
        said = rows("forecasts", forecast(origin=day), forecast(symbol="B", origin=day, yhat=np.nan, status="stale"))
        came = rows("truths", truth(origin=day))
        ledger.append("forecasts", said, as_of=str(day), page={"in_time": True, "share": 1e-7}, now=at(number))
        ledger.append("truths", came, as_of=str(day + dt.timedelta(days=1)), page={"note": "삼성"}, now=at(number))
    return ledger
