"""The pictures of a recipe with a series of its own, over t."""

from __future__ import annotations

from typing import Any

from nextclose.core.lang import Lang, say
from nextclose.core.series import SeriesResult
from nextclose.core.types import Float64s
from nextclose.report.traces import BLUE, NAIVE, RED, Figure, figure, level, numbers

BEGINNING = 6
"""How many times as many steps as the net follows are drawn large."""
LEAST = 300
"""Steps that are drawn large at least."""


def alone_figure(study: SeriesResult, lang: Lang) -> Figure:
    """The rollout against the truth: its beginning above, all of it below."""
    L, rollout = study.seq_len, study.rollout
    mean = study.rolled.mean(axis=0)
    lost = rollout.own.follows_steps
    shown = min(max(LEAST, BEGINNING * lost), rollout.steps)
    above = {"xaxis": "x", "yaxis": "y"}
    below = {"xaxis": "x2", "yaxis": "y2", "showlegend": False}
    head, beginning = slice(0, L + shown), slice(L, L + shown)
    each = say("each seed", lang)
    traces = [
        {
            **_line(study.t[beginning], own[:shown], each, BLUE, width=1.0, opacity=0.45),
            **above,
            "showlegend": seed == 0,
        }
        for seed, own in enumerate(study.rolled)
        if len(study.rolled) > 1
    ]
    name, truth = study.models[0].name, say("truth", lang)
    traces += [
        {**_line(study.t[head], study.y[head], truth, "truth", width=2.0), **above},
        {**_line(study.t[beginning], mean[:shown], name, BLUE, width=2.0), **above},
        {**_line(study.t, study.y, truth, "truth", width=1.0), **below},
        {**_line(study.t[L:], mean, name, BLUE, width=1.0), **below},
    ]
    made = figure(traces, y="y", dates=False, height=560)
    layout = made["layout"]
    layout["yaxis"] |= {"domain": [0.50, 1.0]}
    layout["yaxis2"] = {"domain": [0.0, 0.38], "title": {"text": "y"}, "automargin": True}
    layout["xaxis"] |= {"anchor": "y", "range": [float(study.t[0]), float(study.t[L + shown - 1])]}
    layout["xaxis2"] = {"anchor": "y2", "title": {"text": "t"}}
    layout["shapes"] = [_window(study)]
    if lost < rollout.steps:
        layout["shapes"].append(_from(float(study.t[L + lost])))
        layout["annotations"] = [_told(float(study.t[L + lost]), say("lost after {n} steps", lang, n=f"{lost:,}"))]
    return made


def one_step_figure(study: SeriesResult, lang: Lang) -> Figure:
    """The one-step predictions against the truth, and their errors beside persistence's."""
    L = study.seq_len
    t, y, said = study.t[L:], study.y[L:], study.one_step.mean(axis=0)
    name = study.models[0].name
    traces = [
        _line(t, y, say("truth", lang), "truth", width=2.0),
        _line(t, said, name, BLUE, width=1.5),
        {**_line(t, y - study.y[L - 1 : -1], say("persistence", lang), NAIVE, width=1.0), "yaxis": "y2"},
        {**_line(t, y - said, name, BLUE, width=1.0), "yaxis": "y2", "showlegend": False},
    ]
    made = figure(traces, y="y", dates=False, height=500)
    made["layout"]["yaxis"] |= {"domain": [0.42, 1.0]}
    made["layout"]["yaxis2"] = {"domain": [0.0, 0.34], "title": {"text": say("error", lang)}, "automargin": True}
    made["layout"]["xaxis"] |= {"anchor": "y2", "title": {"text": "t"}}
    made["layout"]["shapes"] = [{**level(0.0), "yref": "y2"}]
    return made


def _line(x: Float64s, y: Float64s, name: str, colour: str, *, width: float, opacity: float = 1.0) -> Figure:
    return {
        "type": "scatter", "mode": "lines", "x": numbers(x, 6), "y": numbers(y, 5), "name": name, "legendgroup": name,
        "line": {"color": colour, "width": width}, "opacity": opacity,
    }  # fmt: skip


def _window(study: SeriesResult) -> dict[str, Any]:
    """The true points that the rollout starts from, shaded."""
    return {
        "type": "rect", "xref": "x", "yref": "y domain", "x0": float(study.t[0]), "x1": float(study.t[study.seq_len - 1]),
        "y0": 0, "y1": 1, "fillcolor": NAIVE, "opacity": 0.2, "line": {"width": 0}, "layer": "below",
    }  # fmt: skip


def _from(t: float) -> dict[str, Any]:
    """A line where the net has lost the series."""
    return {
        "type": "line", "xref": "x", "yref": "y domain", "x0": t, "x1": t, "y0": 0, "y1": 1,
        "line": {"color": RED, "width": 1.5, "dash": "dot"},
    }  # fmt: skip


def _told(t: float, text: str) -> dict[str, Any]:
    return {
        "xref": "x", "yref": "y domain", "x": t, "y": 0.02, "xanchor": "left", "yanchor": "bottom", "showarrow": False,
        "text": text, "font": {"color": RED, "size": 12}, "xshift": 5,
    }  # fmt: skip
