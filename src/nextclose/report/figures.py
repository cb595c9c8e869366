"""The pictures of a report as plotly figures: forecasts, errors, bars and losses."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nextclose.core.forecasts import Forecasts
from nextclose.core.lang import Lang, say
from nextclose.core.results import LossCurve, ModelRow, PriceHistory
from nextclose.judging.panel import Sessions
from nextclose.report.drawn import best_model, drawn, first_step, shared_rows
from nextclose.report.traces import BLUE, NAIVE, ORANGE, SERIES, Figure, band, curve, days, figure, level, line, numbers

CANDLES = 250
"""Sessions that the candles show, at most."""


def forecast_figure(rows: Sequence[ModelRow], table: Forecasts, lang: Lang) -> Figure:
    """Truth, persistence and every model of one symbol, the best model at first, each with its interval."""
    own = by_date(table, first_step(rows))
    traces: list[Figure] = []
    for name, colour, shown in drawn(rows):
        model = own.of(name)
        traces += [*band(model, colour, name, shown), line(model.target_date, model.yhat, name, colour, visible=shown)]
    longest = max((own.of(name) for name in own.models()), key=len)
    traces.append(
        line(longest.target_date, longest.last_close, say("last close (persistence)", lang), NAIVE, dash="dot")
    )
    traces.append(line(longest.target_date, longest.y, say("the close that came", lang), "truth", width=2.0))
    return figure(traces, y=say("price", lang))


def by_date(table: Forecasts, step: int) -> Forecasts:
    """The rows of a step, oldest first."""
    own = table.where(table.step == step)
    return own.where(np.argsort(own.target_date, kind="stable"))


def candle_figure(history: PriceHistory, end: str, lang: Lang) -> Figure:
    """Candles and volume of the sessions up to the test span's end."""
    stop = int(np.searchsorted(history.dates, np.datetime64(end), side="right"))
    rows = slice(max(stop - CANDLES, 0), stop)
    shown = days(history.dates[rows])
    candles = {
        "type": "candlestick", "x": shown, "name": say("bars", lang), "showlegend": False,
        **{key: numbers(getattr(history, key)[rows]) for key in ("open", "high", "low", "close")},
        "increasing": {"line": {"color": BLUE, "width": 1}}, "decreasing": {"line": {"color": ORANGE, "width": 1}},
    }  # fmt: skip
    volume = {
        "type": "bar", "x": shown, "y": numbers(history.volume[rows]), "yaxis": "y2", "name": say("volume", lang),
        "marker": {"color": NAIVE, "opacity": 0.4}, "showlegend": False,
    }  # fmt: skip
    made = figure([candles, volume], y=say("price", lang), height=420)
    made["layout"]["yaxis"]["domain"] = [0.24, 1.0]
    made["layout"]["yaxis2"] = {"domain": [0.0, 0.18], "title": {"text": say("volume", lang)}, "nticks": 3}
    made["layout"]["xaxis"]["anchor"] = "y2"
    made["layout"]["xaxis"]["rangeslider"] = {"visible": False}
    made["layout"]["xaxis"]["rangebreaks"] = [{"bounds": ["sat", "mon"]}]
    return made


def error_figure(rows: Sequence[ModelRow], table: Forecasts, lang: Lang) -> Figure:
    """Squared error won from persistence, summed over the sessions (Welch & Goyal 2008), above the errors themselves.

    Several symbols: squares are summed over the symbols of a session, so that the curve ends at the model's skill;
    the errors below are means over them.
    """
    judged = shared_rows(table, first_step(rows))
    base = judged[best_model(rows)]
    sessions = Sessions.of_days(base.target_date.astype("datetime64[D]").astype(np.int64))
    each, when = sessions.sums(np.ones(len(base))), base.target_date[sessions.starts]
    missed = base.y / base.last_close - 1.0
    lost = sessions.sums(missed**2)
    total = lost.sum() or np.nan
    naive = line(when, 100.0 * sessions.sums(missed) / each, say("persistence", lang), NAIVE, width=1.0)
    traces: list[Figure] = [{**naive, "yaxis": "y2"}]
    for name, colour, visible in drawn(rows):
        error = judged[name].error
        won = np.cumsum(lost - sessions.sums(error**2)) / total
        traces.append(line(when, won, name, colour, width=2.0, visible=visible))
        errors = line(when, 100.0 * sessions.sums(error) / each, name, colour, width=1.0, visible=visible)
        traces.append({**errors, "yaxis": "y2", "showlegend": False})
    made = figure(traces, y=say("skill earned so far", lang), height=500)
    made["layout"]["yaxis"]["domain"] = [0.42, 1.0]
    made["layout"]["yaxis2"] = {"domain": [0.0, 0.34], "title": {"text": say("error, %", lang)}}
    made["layout"]["xaxis"]["anchor"] = "y2"
    made["layout"]["shapes"] = [level(0.0)]
    return made


def loss_figure(losses: Sequence[LossCurve], lang: Lang) -> Figure:
    """Training losses of every seed, each relative to its first; validation dashed."""
    traces: list[Figure] = []
    for number, model in enumerate(losses):
        colour = SERIES[number % len(SERIES)]
        for seed in range(len(model.losses)):
            first = model.losses[seed, 0] or 1.0
            traces.append(curve(model.losses[seed] / first, model.model, colour, first=seed == 0))
            if model.val_losses.shape[1]:
                base = model.val_losses[seed, 0] or 1.0
                traces.append(curve(model.val_losses[seed] / base, model.model, colour, first=False, dash="dot"))
    made = figure(traces, y=say("loss / first loss", lang), dates=False)
    made["layout"]["xaxis"]["title"] = {"text": say("epoch", lang)}
    made["layout"]["yaxis"] |= {"type": "log", "dtick": "D2"}
    return made
