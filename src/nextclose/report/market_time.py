"""A market's skill over time: what was won from persistence so far, and month by month."""

from __future__ import annotations

import numpy as np

from nextclose.core.lang import say
from nextclose.core.types import Dates, Float64s
from nextclose.report.document import Pictures
from nextclose.report.drawn import best_model, drawn
from nextclose.report.html import Markup, section
from nextclose.report.market_view import MarketView, SessionSums
from nextclose.report.market_words import nearest
from nextclose.report.sketch import sketch
from nextclose.report.traces import BLUE, NAIVE, Figure, figure, level, line, numbers


def time_section(view: MarketView, pictures: Pictures) -> Markup:
    """One picture of two storeys; nothing without sessions."""
    lang = view.lang
    rows = nearest(view)
    if not any(len(sums.dates) for sums in view.by_session.values()) or not rows:
        return Markup("")
    lead = say(
        "Above: squared error won from persistence so far, all symbols together, as a share of persistence's total: rising is "
        "better than repeating the last close, and the curve ends at the skill. Below: the skill of each month.",
        lang,
    )
    best = view.by_session.get(best_model(rows))
    still = sketch(((NAIVE, np.zeros(len(best.dates))), (BLUE, _won(best)))) if best is not None else ""
    return section(say("Over time", lang), lead, pictures.place("time", time_figure(view), still), id_="time")


def time_figure(view: MarketView) -> Figure:
    """The curve of every model above its months' bars; the best recipe at first."""
    lang = view.lang
    traces: list[Figure] = []
    for name, colour, visible in drawn(nearest(view)):
        own = view.by_session.get(name)
        if own is None or not len(own.dates):
            continue
        traces.append(line(own.dates, _won(own), name, colour, width=2.0, visible=visible))
        months, skill = monthly(own)
        traces.append(
            {"type": "bar", "x": np.datetime_as_string(months.astype("datetime64[D]")).tolist(), "y": numbers(skill),
             "xperiod": "M1", "xperiodalignment": "middle", "name": name, "legendgroup": name, "showlegend": False,
             "marker": {"color": colour, "opacity": 0.75}, "yaxis": "y2", "visible": visible,
             "hovertemplate": "%{y:+.4f}"}
        )  # fmt: skip
    made = figure(traces, y=say("skill earned so far", lang), height=500)
    made["layout"]["yaxis"]["domain"] = [0.42, 1.0]
    made["layout"]["yaxis2"] = {"domain": [0.0, 0.32], "title": {"text": say("skill of the month", lang)}}
    made["layout"]["xaxis"]["anchor"] = "y2"
    made["layout"] |= {"shapes": [level(0.0), {**level(0.0), "yref": "y2"}], "bargap": 0.25}
    return made


def monthly(own: SessionSums) -> tuple[Dates, Float64s]:
    """Months (M,) and the skill in each, (M,): 1 - lost / base over its sessions."""
    months, of = np.unique(own.dates.astype("datetime64[M]"), return_inverse=True)
    lost, base = (np.bincount(of, weights=sums, minlength=len(months)) for sums in (own.lost, own.base))
    skill: Float64s = 1.0 - np.divide(lost, base, where=base > 0.0, out=np.full(len(months), np.nan))
    return months, skill


def _won(own: SessionSums) -> Float64s:
    total = own.base.sum() or np.nan
    won: Float64s = np.cumsum(own.base - own.lost) / total
    return won
