"""Forecasts by another library, judged: two of statsforecast's models on the last 250 sessions of AAPL.

pip install -c constraints.txt -e ".[examples]"
"""

from __future__ import annotations

import pandas as pd
from rich.console import Console
from statsforecast import StatsForecast
from statsforecast.models import AutoARIMA, AutoETS

import nextclose as nc
from nextclose.report.terminal import print_judgement

TEST = 250
HISTORY = 1_000
"""Sessions before the test that the models may learn from."""

bars = nc.load_bars("sample:AAPL")
rows = slice(len(bars) - TEST - HISTORY, None)

# Trading days are no frequency that pandas knows, so sessions are numbered and get their dates back below.
frame = pd.DataFrame({"unique_id": bars.symbol, "ds": range(TEST + HISTORY), "y": bars.close[rows]})
models = [AutoARIMA(alias="ARIMA"), AutoETS(model="ZNN", alias="ETS")]
forecasts = StatsForecast(models=models, freq=1).cross_validation(
    df=frame, h=1, step_size=1, n_windows=TEST, refit=25, level=[90]
)
for column in ("ds", "cutoff"):
    forecasts[column] = bars.dates[rows][forecasts[column].to_numpy()]
forecasts.to_csv("forecasts.csv", index=False)

# The same on the command line:
#   nextclose judge forecasts.csv --bars sample:AAPL \
#     --columns symbol=unique_id,origin=cutoff,target_date=ds,yhat=ARIMA+ETS
judged = nc.judge(
    "forecasts.csv",
    columns={"symbol": "unique_id", "origin": "cutoff", "target_date": "ds", "yhat": "ARIMA+ETS"},
    bars=bars,
)
print_judgement(judged, Console(width=100), "en")
