"""A search, try by try: the score as it went, and against each setting."""

from __future__ import annotations

from typing import Any

import numpy as np

from nextclose.core.lang import Lang, say
from nextclose.core.sweep import Span, SweepResult, SweepScore, shown
from nextclose.report.document import Pictures
from nextclose.report.facets import Panel, facets
from nextclose.report.html import Markup, section, tag
from nextclose.report.sweep_words import settings_words
from nextclose.report.traces import BLUE, NAIVE, RED, Figure, numbers

COLUMNS = 3
LETTERS = 12
"""Of a category below an axis."""


def tries_section(result: SweepResult, pictures: Pictures) -> Markup:
    """Validation loss by try and by setting, and what it says of the test span; nothing for a grid."""
    if result.tries is None or not any(np.isfinite(row.validation) for row in result.scores):
        return Markup("")
    lang = pictures.lang
    lead = say(
        "A dot is a try; red is the one chosen, by the validation loss alone. The grey line is the lowest loss so far. The last "
        "picture holds it against the test span: where the dots lie in no order, the choice was of little use there.",
        lang,
    )
    panels = [_by_try(result, lang), *(_by_setting(result, name) for name in result.axes), _by_skill(result, lang)]
    columns = min(COLUMNS, len(panels))
    figure = facets(
        panels,
        columns,
        x={},
        y={"nticks": 5, "title": {"text": say("validation loss", lang)}},
        height=190.0,
        shared_x=False,
    )
    return section(
        say("The search", lang), lead, tag("div", pictures.place("tries", figure), class_="facets"), id_="search"
    )


def _by_try(result: SweepResult, lang: Lang) -> Panel:
    known = {row.name: row for row in result.scores}
    rows = [known[name] for name in result.tried]
    losses = np.array([row.validation for row in rows])
    so_far = np.fmin.accumulate(losses)
    line = {
        "type": "scatter", "mode": "lines", "x": list(range(1, len(rows) + 1)), "y": numbers(so_far), "showlegend": False,
        "line": {"color": NAIVE, "width": 1.5, "shape": "hv"}, "hoverinfo": "skip",
    }  # fmt: skip
    dots = _dots(result, rows, list(range(1, len(rows) + 1)))
    return Panel(title=say("try", lang), traces=[line, *dots])


def _by_setting(result: SweepResult, name: str) -> Panel:
    values = result.axes[name]
    if isinstance(values, Span):
        at: list[Any] = [row.settings[name] for row in result.scores]
        axis: dict[str, Any] = {"type": "log", "dtick": 1, "tickformat": "~g"} if values.log else {"nticks": 5}
    else:
        at = [_short(row.settings[name]) for row in result.scores]
        axis = {"type": "category", "categoryorder": "array", "categoryarray": [_short(value) for value in values]}
    return Panel(title=name, traces=_dots(result, list(result.scores), at), x=axis)


def _short(value: Any) -> str:
    """A category below an axis."""
    text = shown(value)
    return text if len(text) <= LETTERS else text[: LETTERS - 1] + "…"


def _by_skill(result: SweepResult, lang: Lang) -> Panel:
    rows = list(result.scores)
    return Panel(
        title=say("skill on the test span", lang),
        traces=_dots(result, rows, numbers(np.array([row.skill for row in rows]))),
    )


def _dots(result: SweepResult, rows: list[SweepScore], x: list[Any]) -> list[Figure]:
    """The tries, the chosen one on top."""
    chosen = [row.name == result.chosen for row in rows]
    traces = []
    for wanted, colour, size in ((False, BLUE, 7), (True, RED, 10)):
        own = [place for place, is_chosen in enumerate(chosen) if is_chosen == wanted]
        traces.append({
            "type": "scatter", "mode": "markers", "x": [x[place] for place in own],
            "y": numbers(np.array([rows[place].validation for place in own])),
            "text": [settings_words(rows[place].settings) for place in own], "hoverinfo": "text+y", "showlegend": False,
            "marker": {"color": colour, "size": size, "opacity": 0.7 if not wanted else 1.0},
        })  # fmt: skip
    return traces
