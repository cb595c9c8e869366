"""What the judge says of a leak, of dates off by one, and of an honest forecast."""

from __future__ import annotations

import numpy as np
from rich.console import Console

import nextclose as nc
from nextclose.core.forecasts import Forecasts
from nextclose.report.terminal import print_judgement

bars = nc.load_bars("sample:AAPL")
close, dates = bars.close, bars.dates
target = np.arange(len(close) - 250, len(close) - 1)

# A centred moving average: smooth, convincing, and it has seen the day that it forecasts and the day after.
leak = (close[target - 1] + close[target] + close[target + 1]) / 3.0
# Tomorrow is today, but each forecast is filed under the day it was made on.
shifted = close[target]
# A tenth of the way back to the mean of the last five closes.
five = np.lib.stride_tricks.sliding_window_view(close, 5).mean(axis=1)[target - 5]
honest = close[target - 1] + 0.1 * (five - close[target - 1])

table = Forecasts.concat(
    [
        Forecasts.make(
            {
                "symbol": bars.symbol, "model": name, "origin": dates[target - 1], "target_date": dates[target],
                "yhat": yhat, "last_close": close[target - 1], "y": close[target],
            }
        )
        for name, yhat in (("leak", leak), ("shifted", shifted), ("honest", honest))
    ]
)  # fmt: skip
print_judgement(nc.judge(table), Console(width=100), "en")
