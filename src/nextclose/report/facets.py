"""Small pictures side by side in one figure, on axes that they share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from textwrap import wrap
from typing import Any

from nextclose.report.traces import Figure

GAP_X, GAP_Y = 0.035, 34.0
"""Between pictures: a share of the width, and pixels."""
LABELS = 22.0
"""Pixels more where every picture has labels below it."""
TOP, BOTTOM = 64.0, 56.0
"""Pixels above and below them."""
LETTERS = 150
"""Of a title in one line over the whole width."""
LINE = 15.0
"""Pixels of each further line."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Panel:
    """One small picture."""

    title: str
    traces: Sequence[Figure]
    x: Mapping[str, Any] = field(default_factory=dict)
    """What its x axis has beyond the others'."""
    notes: Sequence[str] = ()
    """Words in its middle, where it has no lines."""


def facets(
    panels: Sequence[Panel],
    columns: int,
    *,
    x: Mapping[str, Any],
    y: Mapping[str, Any],
    height: float = 150.0,
    shared_x: bool = True,
    shared_y: bool = True,
) -> Figure:
    """Panels row by row in `columns` columns; `x` and `y` are every panel's axes."""
    rows = -(-len(panels) // columns)
    titles = ["<br>".join(wrap(panel.title, LETTERS // columns, break_long_words=False)) for panel in panels]
    further = LINE * max(title.count("<br>") for title in titles)
    gap, top_margin = GAP_Y + further + (0.0 if shared_x else LABELS), TOP + further
    inner = rows * height + (rows - 1) * gap
    layout: Figure = {
        "height": round(inner + top_margin + BOTTOM),
        "margin": {"l": 60, "r": 12, "t": top_margin, "b": BOTTOM}, "hovermode": "closest", "annotations": [],
        "legend": {"orientation": "h", "y": 1.0 + (26.0 + further) / inner, "yanchor": "bottom", "x": 0},
    }  # fmt: skip
    data: list[Figure] = []
    for number, panel in enumerate(panels):
        row, column = divmod(number, columns)
        key = "" if number == 0 else str(number + 1)
        width = (1.0 - GAP_X * (columns - 1)) / columns
        left, top = column * (width + GAP_X), 1.0 - row * (height + gap) / inner
        lowest = number + columns >= len(panels)
        layout[f"xaxis{key}"] = {
            **x, **panel.x, "domain": [left, left + width], "anchor": f"y{key}",
            **_shared("x", number, shared_x), "showticklabels": lowest or not shared_x,
        }  # fmt: skip
        layout[f"yaxis{key}"] = {
            **y, "domain": [max(top - height / inner, 0.0), top], "anchor": f"x{key}", **_shared("y", number, shared_y),
            "showticklabels": column == 0 or not shared_y,
        }  # fmt: skip
        if not (lowest or not shared_x):
            layout[f"xaxis{key}"].pop("title", None)
        if column:
            layout[f"yaxis{key}"].pop("title", None)
        layout["annotations"] += [_title(titles[number], key), *(_note(words, key) for words in panel.notes)]
        data += [{**trace, "xaxis": f"x{key}", "yaxis": f"y{key}"} for trace in panel.traces]
        if not panel.traces:
            data.append(
                {"type": "scatter", "x": [], "y": [], "xaxis": f"x{key}", "yaxis": f"y{key}", "showlegend": False}
            )
    return {"data": data, "layout": layout}


def _shared(axis: str, number: int, shared: bool) -> dict[str, str]:
    return {"matches": axis} if shared and number else {}


def _title(text: str, key: str) -> Figure:
    return {
        "text": text, "xref": f"x{key} domain", "yref": f"y{key} domain", "x": 0, "y": 1, "xanchor": "left", "yanchor": "bottom",
        "yshift": 3, "showarrow": False, "align": "left", "font": {"size": 12},
    }  # fmt: skip


def _note(text: str, key: str) -> Figure:
    return {
        "text": text, "xref": f"x{key} domain", "yref": f"y{key} domain", "x": 0.5, "y": 0.5, "showarrow": False,
        "font": {"size": 12},
    }  # fmt: skip
