"""What the figures are made of: lines, bands and layouts as plain dicts that plotly.js draws.

Colours are Okabe & Ito's, told apart by every eye; the page gives them its light or dark surroundings.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from nextclose.core.forecasts import Forecasts
from nextclose.core.types import Dates, Floats

Figure = dict[str, Any]
BLUE, ORANGE, GREEN, RED, PURPLE, SKY, GOLD = (
    "#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9", "#B8A000",
)  # fmt: skip
SERIES = (BLUE, RED, GREEN, PURPLE, ORANGE, SKY, GOLD)
NAIVE = "#888888"


def line(
    dates: Dates,
    values: Floats,
    name: str,
    colour: str,
    *,
    width: float = 1.5,
    dash: str = "solid",
    visible: Any = True,
) -> Figure:
    """A line over dates."""
    return {
        "type": "scatter", "mode": "lines", "x": days(dates), "y": numbers(values), "name": name, "legendgroup": name,
        "line": {"color": colour, "width": width, "dash": dash}, "visible": visible,
    }  # fmt: skip


def band(rows: Forecasts, colour: str, name: str, visible: bool | str) -> list[Figure]:
    """A model's intervals; nothing where it has none."""
    if not np.isfinite(rows.lo).any():
        return []
    shared: Mapping[str, Any] = {
        "type": "scatter", "mode": "lines", "x": days(rows.target_date), "line": {"width": 0}, "legendgroup": name,
        "showlegend": False, "hoverinfo": "skip", "visible": visible,
    }  # fmt: skip
    return [
        {**shared, "y": numbers(rows.lo)},
        {**shared, "y": numbers(rows.hi), "fill": "tonexty", "fillcolor": colour + "22"},
    ]


def curve(values: Floats, name: str, colour: str, *, first: bool, dash: str = "solid") -> Figure:
    """A line over 0, 1, 2, ...; only the first of a name stands in the legend."""
    return {
        "type": "scatter", "mode": "lines", "y": numbers(values), "name": name, "legendgroup": name, "showlegend": first,
        "line": {"color": colour, "width": 1, "dash": dash}, "opacity": 0.75,
    }  # fmt: skip


def figure(traces: Sequence[Figure], *, y: str, dates: bool = True, height: int = 380) -> Figure:
    """Traces in one frame with the legend above."""
    layout = {
        "height": height, "margin": {"l": 60, "r": 16, "t": 44, "b": 44}, "hovermode": "x unified" if dates else "closest",
        "xaxis": {"type": "date"} if dates else {}, "yaxis": {"title": {"text": y}, "automargin": True},
        "legend": {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
    }  # fmt: skip
    return {"data": list(traces), "layout": layout}


def level(value: float) -> Figure:
    """A thin line across the picture."""
    return {
        "type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": value, "y1": value,
        "line": {"color": NAIVE, "width": 1, "dash": "dot"},
    }  # fmt: skip


def days(dates: Dates) -> list[str]:
    """ISO dates."""
    return np.datetime_as_string(dates.astype("datetime64[D]"), unit="D").tolist()  # type: ignore[no-any-return]


def numbers(values: Floats, digits: int = 7) -> list[float | None]:
    """(n,) in seven significant digits: a picture needs no more, and the page stays small; what is not finite is null."""
    own = np.asarray(values, dtype=np.float64)
    known = np.isfinite(own).tolist()
    return [float(f"{value:.{digits}g}") if there else None for value, there in zip(own.tolist(), known, strict=True)]
