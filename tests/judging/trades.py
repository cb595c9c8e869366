"""Small tables to trade, and a plain loop that trades them."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np

from nextclose.core.forecasts import Forecasts

FIRST = np.datetime64("2024-01-01")


def table_of(closes, signs, *, model="m", symbol="A"):
    """Forecasts of closes[1:]; a sign says whether the forecast lies 1 % above, on or below the last close."""
    close, sign = np.asarray(closes, dtype=float), np.asarray(signs, dtype=float)
    days = FIRST + np.arange(len(close))
    return Forecasts.make(
        {
            "symbol": symbol, "model": model, "origin": days[:-1], "target_date": days[1:], "last_close": close[:-1],
            "y": close[1:], "yhat": close[:-1] * (1.0 + 0.01 * sign),
        }
    )  # fmt: skip


def quotes_of(opens, closes):
    """Bars of a symbol, of which only opens and closes matter."""
    days = FIRST + np.arange(len(closes))
    return SimpleNamespace(dates=days, open=np.asarray(opens, dtype=float), close=np.asarray(closes, dtype=float))


def random_table(rng, *, sessions=40, symbols=2, models=2, missing=0.1):
    """Walks with random forecasts, some sessions missing, and their quotes by symbol."""
    tables, quotes = [], {}
    for number in range(symbols):
        close = 100.0 * np.cumprod(1.0 + 0.02 * rng.standard_normal(sessions + 1))
        quotes[f"S{number}"] = quotes_of(close * (1.0 + 0.01 * rng.standard_normal(len(close))), close)
        kept = rng.random(sessions) >= missing
        for model in range(models):
            signs = rng.integers(-1, 2, sessions)
            tables.append(table_of(close, signs, model=f"m{model}", symbol=f"S{number}").where(kept))
    return Forecasts.concat(tables), quotes


def traded_by_hand(table, rules, quotes):
    """Session -> mean return of the symbols, one row at a time, as a clerk would book it."""
    cost, tax, least = rules.cost_bp / 1e4, rules.tax_bp / 1e4, rules.threshold_bp / 1e4
    rows = sorted(
        zip(table.symbol, table.target_date, table.origin, table.last_close, table.y, table.yhat, strict=True)
    )
    returns = {}
    for i, (symbol, day, origin, last, y, yhat) in enumerate(rows):
        follows = i > 0 and rows[i - 1][:2] == (symbol, origin)
        leaves = i + 1 == len(rows) or (rows[i + 1][0], rows[i + 1][2]) != (symbol, day)
        old = position if follows else 0  # noqa: F821
        position = 1 if yhat > last * (1 + least) else -1 if rules.short and yhat < last * (1 - least) else 0
        wealth = 1.0
        bars = quotes[symbol]
        at_open = last if rules.entry == "close" else bars.open[list(bars.dates).index(day)]
        wealth *= 1.0 + old * (at_open / last - 1.0)
        wealth *= 1.0 - cost * abs(position - old) - tax * max(old - position, 0)
        wealth *= 1.0 + position * (y / at_open - 1.0)
        if leaves:
            wealth *= 1.0 - cost * abs(position) - tax * max(position, 0)
        returns.setdefault(day, []).append(wealth - 1.0)
    return [sum(own) / len(own) for _, own in sorted(returns.items())]
