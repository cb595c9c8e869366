"""Where a decoder with attention looks: sessions ahead against the sessions of the window."""

from __future__ import annotations

from collections.abc import Sequence

from nextclose.core.lang import Lang, say
from nextclose.core.results import AttentionMap
from nextclose.core.types import Float64s
from nextclose.report.document import Pictures
from nextclose.report.html import Markup, section, tag
from nextclose.report.traces import BLUE, Figure, figure, numbers

ROW, FRAME = 34, 110
"""Pixels of a session ahead, and of what is around them."""


def attention_section(maps: Sequence[AttentionMap], pictures: Pictures) -> Markup:
    """Two pictures a model: the window that tomorrow's forecast reads, and the mean over the test span."""
    if not maps:
        return Markup("")
    lang = pictures.lang
    lead = say(
        "For each session ahead the decoder weighs the states of the window; a row sums to 1. Equal weights, {share} here, "
        "mean that it looks nowhere in particular.",
        lang,
        share=f"{1.0 / maps[0].tomorrow.shape[1]:.2f}",
    )
    parts: list[Markup] = []
    for number, own in enumerate(maps):
        steps = [f"+{k}" for k in range(1, len(own.tomorrow) + 1)]
        ago = [f"t-{back}" if back else "t" for back in range(len(own.window) - 1, -1, -1)]
        latest = _map(own.tomorrow, list(own.window), steps, lang)
        latest["layout"]["xaxis"] = {"type": "category"}
        parts += [
            tag("h3", say("{model}: the window before tomorrow", lang, model=own.model)),
            pictures.place(f"attention{number}", latest),
            tag("h3", say("{model}: mean over the test span", lang, model=own.model)),
            pictures.place(f"attention{number}mean", _map(own.average, ago, steps, lang)),
        ]
    return section(say("Where it looks", lang), lead, *parts, id_="attention")


def _map(weights: Float64s, columns: list[str], rows: list[str], lang: Lang) -> Figure:
    """A heat map with its numbers, the first session ahead on top; no weight is darkest below four times the equal one."""
    darkest = max(float(weights.max()), min(4.0 / weights.shape[1], 1.0))
    cells = {
        "type": "heatmap", "z": [numbers(row) for row in weights], "x": columns, "y": rows, "zmin": 0.0, "zmax": darkest,
        "texttemplate": "%{z:.2f}", "colorscale": [[0.0, "rgba(0,114,178,0.04)"], [1.0, BLUE]], "xgap": 2, "ygap": 2,
        "showscale": False, "hovertemplate": "%{y} | %{x}: %{z:.3f}<extra></extra>",
    }  # fmt: skip
    made = figure([cells], y=say("session ahead", lang), dates=False, height=FRAME + ROW * len(rows))
    made["layout"]["yaxis"] |= {"autorange": "reversed", "type": "category"}
    return made
