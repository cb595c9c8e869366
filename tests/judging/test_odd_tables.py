"""Tables that nobody should write and somebody will: judged or refused, never an accident."""

from __future__ import annotations

import numpy as np
import pytest

import nextclose as nc
from nextclose.core.errors import ForecastsError
from nextclose.core.forecasts import Forecasts
from nextclose.core.plain import to_json

CHANGES = {
    "walk": lambda rng, n: 0.01 * rng.standard_normal(n),
    "still": lambda rng, n: np.zeros(n),
    "two values": lambda rng, n: rng.choice([-0.01, 0.01], n),
    "always the same": lambda rng, n: np.full(n, 0.01),
    "hardly moving": lambda rng, n: 1e-9 * rng.standard_normal(n),
    "wild": lambda rng, n: np.clip(0.01 * rng.standard_t(2, n), -0.5, 5.0),
}
FORECASTS = {
    "copy": lambda rng, last, y: last,
    "truth": lambda rng, last, y: y,
    "always more": lambda rng, last, y: 1.01 * last,
    "constant": lambda rng, last, y: np.full(len(last), last[0]),
    "noise": lambda rng, last, y: last * (1.0 + 0.01 * rng.standard_normal(len(last))),
    "nothing": lambda rng, last, y: np.zeros(len(last)),
    "negative": lambda rng, last, y: -last,
    "far off": lambda rng, last, y: 1e8 * last,
    "late": lambda rng, last, y: np.roll(y, 1),
}


def series(rng, symbol, model, n, step):
    """One symbol's forecasts by one model, with holes where luck has it."""
    change = CHANGES[rng.choice(list(CHANGES))](rng, n + step)
    close = np.concatenate([[100.0], 100.0 * np.cumprod(1.0 + change)]) * rng.choice([1e-4, 1.0, 1e6])
    days = np.busday_offset("2024-01-01", np.arange(n + step + 1))
    last, y = close[:n], close[step : n + step].copy()
    yhat = np.array(FORECASTS[rng.choice(list(FORECASTS))](rng, last, y), dtype=np.float64)
    yhat[rng.random(n) < rng.choice([0.0, 0.3])] = rng.choice([np.nan, np.inf, -np.inf])
    y[rng.random(n) < rng.choice([0.0, 0.3])] = np.nan
    made = Forecasts.make(
        {
            "symbol": symbol, "model": model, "origin": days[:n], "step": step, "target_date": days[step : n + step],
            "yhat": yhat, "lo": np.minimum(0.98 * yhat, yhat), "hi": np.maximum(1.02 * yhat, yhat),
            "level": rng.choice([0.9, 1.0, np.nan]),
            "p_up": rng.choice([np.nan, 0.5]), "last_close": last, "y": y,
        },
        {0.05: 0.9 * yhat},
    )  # fmt: skip
    return made.where(rng.random(n) < rng.choice([1.0, 0.7]))


@pytest.mark.parametrize("seed", range(60))
def test_an_odd_table_is_judged_or_refused(seed):
    rng = np.random.default_rng(seed)
    n, symbols, models = (
        int(rng.choice([1, 2, 3, 5, 29, 30, 61])),
        int(rng.choice([1, 1, 3])),
        int(rng.choice([1, 2, 4])),
    )
    steps = range(1, int(rng.choice([1, 1, 3])) + 1)
    parts = [series(rng, f"S{s}", f"m{m}", n, step) for s in range(symbols) for m in range(models) for step in steps]
    table = Forecasts.concat(parts)
    if len(table) == 0:
        with pytest.raises(ForecastsError, match="no forecasts"):
            nc.judge(table)
        return
    judged = nc.judge(table, lang=rng.choice(["en", "ko"]))
    assert {row.name for row in judged.models} <= {f"m{m}" for m in range(models)}
    for row in judged.models:
        assert row.sentence
        assert row.n == 0 or np.isfinite(row.rmse)
        assert np.isfinite(row.skill) or "skill" in row.reasons
        assert np.isfinite(row.dm.pvalue) or "dm" in row.reasons
        assert np.isfinite(row.mz.slope) or "mz" in row.reasons
    to_json([judged.models, judged.symbols, judged.contests])
