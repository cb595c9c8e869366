"""Scoring when a ledger is a year old: a copy of the run's, filled with forecasts of the sessions before."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from nextclose.bars.bars import Bars
from nextclose.baselines import BASELINES
from nextclose.bench.evening_flow import Flow, Step, go_on
from nextclose.core.types import Dates, Float64s
from nextclose.market.config import MarketConfig
from nextclose.market.ledger.chain import Ledger
from nextclose.market.ledger.entries import Kind
from nextclose.market.ledger.tables import ledger_table
from nextclose.market.sets import BarSet, Scan, open_set
from nextclose.market.spans import market_sessions

LEVEL = 0.9
Columns = Mapping[str, npt.NDArray[Any]]


@dataclass(frozen=True, kw_only=True)
class Year:
    """One command on a ledger of many evenings."""

    evenings: int
    forecasts: int
    """Rows of them."""
    score: Step


def measure_year(flow: Flow, evenings: int) -> Year:
    """`nextclose market score` when so many evenings stand in the ledger; the truths of the last have not been written yet.

    The forecasts are drawn: the last close and 1 % of noise. The bars, and so the truths, are the set's.
    """
    old = replace(flow, folder=flow.folder / "year")
    old.folder.mkdir()
    shutil.copytree(flow.run, old.run)
    config = MarketConfig.read(old.run)
    models = (*(recipe.name for recipe in config.chosen()), *BASELINES)
    ledger, rng, rows = Ledger.open(old.run), np.random.default_rng(0), 0
    bars = open_set(config.source)
    scan = bars.scan()
    sessions = market_sessions(scan.dates, scan.counts)
    sessions = sessions[sessions < flow.sessions[0]][-evenings - 1 :]
    made = list(_evenings(bars, scan, config.faults, sessions))
    for number, pairs in enumerate(made):
        said = [_said(pairs, model, rng) for model in models]
        rows += sum(len(one["yhat"]) for one in said)
        _append(ledger, "forecasts", {name: np.concatenate([one[name] for one in said]) for name in said[0]})
        if number < len(made) - 1:
            _append(ledger, "truths", pairs)
    return Year(evenings=len(made), forecasts=rows, score=go_on(old, "score", str(flow.sessions[-1])))


def _evenings(bars: BarSet, scan: Scan, faults: str, sessions: Dates) -> Iterator[Columns]:
    """For each session but the last the truths of the symbols that have a bar on it and one after it."""
    read = [
        own for _, own in bars.read(list(scan.names), faults, sessions[0]) if isinstance(own, Bars) and len(own) > 1
    ]
    symbol = np.repeat(np.array([own.symbol for own in read], dtype=object), [len(own) - 1 for own in read])
    origin, after = (np.concatenate([own.dates[part] for own in read]) for part in (slice(-1), slice(1, None)))
    last_close, y = (np.concatenate([own.close[part] for own in read]) for part in (slice(-1), slice(1, None)))
    for session, target in pairwise(sessions):
        here = np.flatnonzero((origin == session) & (after == target))
        yield {
            "symbol": symbol[here],
            "origin": origin[here],
            "step": np.ones(len(here), dtype=np.int32),
            "target_date": after[here],
            "actual_date": after[here],
            "last_close": last_close[here],
            "y": y[here],
            "basis": np.ones(len(here)),
            "mark": np.full(len(here), "", dtype=object),
        }


def _said(pairs: Columns, model: str, rng: np.random.Generator) -> Columns:
    """One model's forecasts; those that have intervals in a run have some here."""
    last: Float64s = pairs["last_close"]
    yhat = last if model == "persistence" else last * (1.0 + 0.01 * rng.standard_normal(len(last)))
    own = {name: pairs[name] for name in ("symbol", "origin", "step", "target_date", "last_close")}
    texts = {"model": model, "status": "ok", "reason": None, "reason_ko": None}
    texts |= {"model_hash": "0" * 16, "data_hash": "0" * 16}
    wide = model == "persistence" or model not in BASELINES
    numbers = {"lo": yhat * 0.95, "hi": yhat * 1.05, "level": LEVEL, "p_up": 0.5}
    return {
        **own,
        "yhat": yhat,
        "fold": np.zeros(len(last), dtype=np.int32),
        "trained_until": own["origin"],
        **{name: np.full(len(last), value, dtype=object) for name, value in texts.items()},
        **{name: np.full(len(last), value if wide else np.nan) for name, value in numbers.items()},
    }


def _append(ledger: Ledger, kind: Kind, columns: Columns) -> None:
    as_of = str(columns["target_date" if kind == "truths" else "origin"][0])
    ledger.append(kind, ledger_table(kind, columns), as_of=as_of, page={"in_time": True}, publish=False)
