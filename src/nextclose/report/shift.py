"""The shift diagnosis: of which close a forecast is a copy, and whether what it adds comes true."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nextclose.core.lang import Lang, say
from nextclose.core.results import ModelRow, ShiftDiagnosis
from nextclose.report.drawn import drawn, first_step
from nextclose.report.html import Markup, tag
from nextclose.report.traces import Figure, figure, level, numbers
from nextclose.report.words import model_name

PALE = 0.33
"""Opacity of the bars that are not the nearest."""


def diagnosed(rows: Sequence[ModelRow]) -> list[ModelRow]:
    """Rows with a diagnosis, but persistence: a copy by name."""
    return [row for row in rows if row.shift is not None and row.name != "persistence"]


def shift_sentences(rows: Sequence[ModelRow], lang: Lang) -> Markup:
    """A sentence a model."""
    told = [(model_name(row, lang), row.shift.sentence) for row in rows if row.shift is not None]
    return tag("dl", *(tag("div", tag("dt", name), tag("dd", said)) for name, said in told), class_="told")


def shift_figure(rows: Sequence[ModelRow], lang: Lang) -> Figure:
    """Distances from the closes around the target, oldest first: the nearest bar is full, the line is persistence's error."""
    step = first_step(rows)
    found = {row.name: row.shift for row in rows if row.step == step and row.shift is not None}
    traces = [_bars(found[name], name, colour, visible, step, lang) for name, colour, visible in drawn(rows)
              if name in found]  # fmt: skip
    made = figure(traces, y=say("distance", lang), dates=False, height=340)
    made["layout"]["xaxis"] = {"type": "category", "automargin": True, "showgrid": False}
    made["layout"] |= {"shapes": [level(1.0)], "bargap": 0.35, "bargroupgap": 0.08, "barmode": "group"}
    made["layout"]["yaxis"]["rangemode"] = "tozero"
    return made


def _bars(found: ShiftDiagnosis, name: str, colour: str, visible: bool | str, step: int, lang: Lang) -> Figure:
    offsets = list(reversed(found.offsets))
    return {
        "type": "bar", "x": [_close(offset, step, lang) for offset in offsets],
        "y": numbers(np.array(found.distances[::-1])), "name": name, "legendgroup": name, "visible": visible,
        "text": [_label(distance) for distance in reversed(found.distances)], "textposition": "outside",
        "cliponaxis": False, "hoverinfo": "x+y+name", "showlegend": True,
        "marker": {"color": colour, "opacity": [1.0 if offset == found.nearest else PALE for offset in offsets]},
    }  # fmt: skip


def _label(distance: float) -> str:
    return f"{distance:.2f}" if np.isfinite(distance) else ""


def _close(offset: int, step: int, lang: Lang) -> str:
    """A close in words, by its sessions before the target."""
    if offset < 0:
        return say("session after", lang)
    if offset == 0:
        return say("target", lang)
    return say("last close", lang) if offset == step else say("{count} before", lang, count=offset - step)
