"""Panels that the statistics' tests share."""

from __future__ import annotations

import numpy as np
import pytest

from nextclose.core.forecasts import Forecasts
from nextclose.judging.panel import Panel, Sessions


def walks(T=80, symbols=3, seed=0, *, step=1, signal=0.3, noise=0.3, missing=0.15, model="m"):
    """Forecasts of walks that share a market's move, session by session; some rows are missing."""
    rng = np.random.default_rng(seed)
    change = 0.01 * (rng.standard_normal((T + step, 1)) + rng.standard_normal((T + step, symbols)))
    close = 50.0 * np.arange(1, symbols + 1) * np.cumprod(1.0 + change, axis=0)
    last, y = close[:-step], close[step:]
    yhat = last * (1.0 + signal * (y / last - 1.0) + noise * 0.01 * rng.standard_normal(last.shape))
    dates = np.busday_offset(np.datetime64("2020-01-01"), np.arange(T + step))
    names = np.array([f"S{i}" for i in range(symbols)], dtype=object)
    columns = {
        "symbol": np.tile(names, T), "model": model, "step": step, "origin": np.repeat(dates[:-step], symbols),
        "target_date": np.repeat(dates[step:], symbols), "yhat": yhat.ravel(), "last_close": last.ravel(), "y": y.ravel(),
    }  # fmt: skip
    table = Forecasts.make(columns)
    return table if symbols == 1 else table.where(rng.random(T * symbols) >= missing)


def panel_of(table):
    """One model's rows at one step, oldest first, as a panel."""
    _, symbol = np.unique(table.symbol.astype(str), return_inverse=True)
    sessions = Sessions.of_days(table.target_date.astype(np.int64))
    return Panel(rows=table, symbol=symbol, sessions=sessions, step=int(table.step[0]))


@pytest.fixture
def make_table():
    """`walks`: T sessions of some symbols."""
    return walks


@pytest.fixture
def make_panel():
    """The same as a panel, or a panel of a table."""

    def make(table=None, **more):
        return panel_of(walks(**more) if table is None else table)

    return make
