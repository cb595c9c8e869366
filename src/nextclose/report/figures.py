"""The pictures of a report as plotly figures: plain dicts that plotly.js draws.

Colours are Okabe & Ito's, told apart by every eye; the page gives them its light or dark surroundings.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from nextclose.core.forecasts import Forecasts
from nextclose.core.lang import Lang, say
from nextclose.core.plain import plain
from nextclose.core.results import LossCurve, PriceHistory, StudyResult
from nextclose.core.types import Dates, Floats

Figure = dict[str, Any]
BLUE, ORANGE, GREEN, RED, PURPLE, SKY, GOLD = (
    "#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9", "#B8A000",
)  # fmt: skip
SERIES = (BLUE, RED, GREEN, PURPLE, ORANGE, SKY, GOLD)
NAIVE = "#888888"
CANDLES = 250
"""Sessions that the candles show, at most."""


def forecast_figure(study: StudyResult, lang: Lang) -> Figure:
    """Truth, persistence and every model over the test span, the best recipe at first, each with its interval."""
    table = study.table.where(study.table.step == 1)
    traces: list[Figure] = []
    for name, colour, shown in _models(study):
        own = table.of(name)
        traces += [*_band(own, colour, name, shown), _line(own.target_date, own.yhat, name, colour, visible=shown)]
    longest = max((table.of(name) for name in table.models()), key=len)
    traces.append(
        _line(longest.target_date, longest.last_close, say("last close (persistence)", lang), NAIVE, dash="dot")
    )
    traces.append(_line(longest.target_date, longest.y, say("the close that came", lang), "truth", width=2.0))
    return _figure(traces, y=say("price", lang))


def candle_figure(history: PriceHistory, end: str, lang: Lang) -> Figure:
    """Candles and volume of the sessions up to the test span's end."""
    stop = int(np.searchsorted(history.dates, np.datetime64(end), side="right"))
    rows = slice(max(stop - CANDLES, 0), stop)
    days = _days(history.dates[rows])
    candles = {
        "type": "candlestick", "x": days, "name": say("bars", lang), "showlegend": False,
        **{key: _values(getattr(history, key)[rows]) for key in ("open", "high", "low", "close")},
        "increasing": {"line": {"color": BLUE, "width": 1}}, "decreasing": {"line": {"color": ORANGE, "width": 1}},
    }  # fmt: skip
    volume = {
        "type": "bar", "x": days, "y": _values(history.volume[rows]), "yaxis": "y2", "name": say("volume", lang),
        "marker": {"color": NAIVE, "opacity": 0.4}, "showlegend": False,
    }  # fmt: skip
    figure = _figure([candles, volume], y=say("price", lang), height=420)
    figure["layout"]["yaxis"]["domain"] = [0.24, 1.0]
    figure["layout"]["yaxis2"] = {"domain": [0.0, 0.18], "title": {"text": say("volume", lang)}, "nticks": 3}
    figure["layout"]["xaxis"]["anchor"] = "y2"
    figure["layout"]["xaxis"]["rangeslider"] = {"visible": False}
    figure["layout"]["xaxis"]["rangebreaks"] = [{"bounds": ["sat", "mon"]}]
    return figure


def error_figure(study: StudyResult, lang: Lang) -> Figure:
    """Squared error won from persistence, summed over the test span (Welch & Goyal 2008), above the errors themselves."""
    naive = study.table.of(best_recipe(study), step=1)
    missed = _line(
        naive.target_date, 100.0 * (naive.y / naive.last_close - 1.0), say("persistence", lang), NAIVE, width=1.0
    )
    traces: list[Figure] = [{**missed, "yaxis": "y2"}]
    for name, colour, visible in _models(study):
        own = study.table.of(name, step=1)
        lost = ((own.y - own.last_close) / own.last_close) ** 2
        won = np.nancumsum(lost - own.error**2) / (np.nansum(lost) or np.nan)
        traces.append(_line(own.target_date, won, name, colour, width=2.0, visible=visible))
        errors = _line(own.target_date, 100.0 * own.error, name, colour, width=1.0, visible=visible)
        traces.append({**errors, "yaxis": "y2", "showlegend": False})
    figure = _figure(traces, y=say("skill earned so far", lang), height=500)
    figure["layout"]["yaxis"]["domain"] = [0.42, 1.0]
    figure["layout"]["yaxis2"] = {"domain": [0.0, 0.34], "title": {"text": say("error, %", lang)}}
    figure["layout"]["xaxis"]["anchor"] = "y2"
    figure["layout"]["shapes"] = [_level(0.0)]
    return figure


def loss_figure(losses: Sequence[LossCurve], lang: Lang) -> Figure:
    """Training losses of every seed, each relative to its first; validation dashed."""
    traces: list[Figure] = []
    for number, curve in enumerate(losses):
        colour = SERIES[number % len(SERIES)]
        for seed in range(len(curve.losses)):
            first = curve.losses[seed, 0] or 1.0
            traces.append(_curve(curve.losses[seed] / first, curve.model, colour, first=seed == 0))
            if curve.val_losses.shape[1]:
                base = curve.val_losses[seed, 0] or 1.0
                traces.append(_curve(curve.val_losses[seed] / base, curve.model, colour, first=False, dash="dot"))
    figure = _figure(traces, y=say("loss / first loss", lang), dates=False)
    figure["layout"]["xaxis"]["title"] = {"text": say("epoch", lang)}
    figure["layout"]["yaxis"] |= {"type": "log", "dtick": "D2"}
    return figure


def best_recipe(study: StudyResult) -> str:
    """The recipe that is drawn at first: the one with the best skill, since a bad one flattens all others."""
    skills = {row.name: row.skill for row in study.models if row.step == 1 and np.isfinite(row.skill)}
    return max(study.recipes, key=lambda name: skills.get(name, -np.inf))


def _models(study: StudyResult) -> list[tuple[str, str, bool | str]]:
    """(name, colour, visible) of the recipes, then of the baselines but persistence; only the best recipe is shown."""
    baselines = [
        row.name for row in study.models if row.kind == "baseline" and row.step == 1 and row.name != "persistence"
    ]
    names = [*study.recipes, *baselines]
    best = best_recipe(study)
    colours = (SERIES[i % len(SERIES)] for i in range(len(names)))
    return [(name, colour, True if name == best else "legendonly") for name, colour in zip(names, colours, strict=True)]


def _band(rows: Forecasts, colour: str, name: str, visible: bool | str) -> list[Figure]:
    shared: Mapping[str, Any] = {
        "type": "scatter", "mode": "lines", "x": _days(rows.target_date), "line": {"width": 0}, "legendgroup": name,
        "showlegend": False, "hoverinfo": "skip", "visible": visible,
    }  # fmt: skip
    return [
        {**shared, "y": _values(rows.lo)},
        {**shared, "y": _values(rows.hi), "fill": "tonexty", "fillcolor": colour + "22"},
    ]


def _line(
    dates: Dates,
    values: Floats,
    name: str,
    colour: str,
    *,
    width: float = 1.5,
    dash: str = "solid",
    visible: Any = True,
) -> Figure:
    return {
        "type": "scatter", "mode": "lines", "x": _days(dates), "y": _values(values), "name": name, "legendgroup": name,
        "line": {"color": colour, "width": width, "dash": dash}, "visible": visible,
    }  # fmt: skip


def _curve(values: Floats, name: str, colour: str, *, first: bool, dash: str = "solid") -> Figure:
    return {
        "type": "scatter", "mode": "lines", "y": _values(values), "name": name, "legendgroup": name, "showlegend": first,
        "line": {"color": colour, "width": 1, "dash": dash}, "opacity": 0.75,
    }  # fmt: skip


def _figure(traces: Sequence[Figure], *, y: str, dates: bool = True, height: int = 380) -> Figure:
    layout = {
        "height": height, "margin": {"l": 60, "r": 16, "t": 44, "b": 44}, "hovermode": "x unified" if dates else "closest",
        "xaxis": {"type": "date"} if dates else {}, "yaxis": {"title": {"text": y}, "automargin": True},
        "legend": {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
    }  # fmt: skip
    return {"data": list(traces), "layout": layout}


def _level(value: float) -> Figure:
    """A thin line across the picture."""
    return {
        "type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": value, "y1": value,
        "line": {"color": NAIVE, "width": 1, "dash": "dot"},
    }  # fmt: skip


def _days(dates: Dates) -> list[str]:
    return np.datetime_as_string(dates.astype("datetime64[D]"), unit="D").tolist()  # type: ignore[no-any-return]


def _values(values: Floats) -> Any:
    """Seven significant digits: a picture needs no more, and the page stays small."""
    return plain([float(f"{value:.7g}") for value in np.asarray(values, dtype=np.float64)])
