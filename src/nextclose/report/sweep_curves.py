"""What the nets of each combination learned and forecast, a small picture each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np

from nextclose.core.forecasts import Forecasts
from nextclose.core.lang import Lang, say
from nextclose.core.sweep import SweepCell, SweepResult, combination_name
from nextclose.core.types import Float64s
from nextclose.report.document import Pictures
from nextclose.report.facets import Panel, facets
from nextclose.report.html import Markup, section, tag
from nextclose.report.sweep_words import settings_words
from nextclose.report.traces import BLUE, NAIVE, ORANGE, Figure, days, numbers

MOST = 36
"""Small pictures of a kind; of more combinations the best are drawn."""
WIDEST = 5
"""Columns of small pictures."""
SEEDS = 10
"""Seeds with a line of their own."""
SESSIONS = 60
"""Test sessions that are drawn, the latest."""
FEW = 6
"""Epochs that have a tick each."""
POINTS = 150
"""Points of a loss curve."""
ROOM = 0.3
"""Of the truth's range: what a picture shows of forecasts above and below it."""


@dataclass(frozen=True, kw_only=True, eq=False)
class _Laid:
    """Which combinations are drawn, row by row."""

    cells: list[SweepCell]
    columns: int
    all_shown: bool


def learning_section(result: SweepResult, pictures: Pictures) -> Markup:
    """Loss curves of the first fold."""
    lang, laid = pictures.lang, _lay_out(result)
    validated = any(cell.val_losses.size for cell in laid.cells)
    lead = say("Training loss of the first fold by epoch, one line a seed, logarithmic.", lang)
    if validated:
        lead += " " + say("Orange: the loss on the held-out windows, by which nothing is trained.", lang)
    panels = [Panel(title=_title(cell), traces=_losses(cell, lang, first=number == 0), notes=_fault(cell, lang))
              for number, cell in enumerate(laid.cells)]  # fmt: skip
    ticks = {"dtick": 1} if max(cell.losses.shape[1] for cell in laid.cells) <= FEW else {"nticks": 5}
    figure = facets(
        panels, laid.columns, x={"title": {"text": say("epoch", lang), "standoff": 6}, **ticks},
        y={"type": "log", "nticks": 4, "tickformat": ".3~g", "exponentformat": "none"},
    )  # fmt: skip
    return section(
        say("Learning", lang),
        lead,
        tag("div", pictures.place("losses", figure), class_="facets"),
        _which(laid, result, lang),
        id_="learning",
    )


def forecast_section(result: SweepResult, pictures: Pictures) -> Markup:
    """Forecasts of the latest test sessions."""
    lang, laid = pictures.lang, _lay_out(result)
    lead = say(
        "The latest {sessions} test sessions: the close that came in ink, the mean forecast in blue, each seed's thin, and the "
        "last close, which is persistence, in grey. A curve that lies on the grey one has learned to repeat it.",
        lang,
        sessions=min(SESSIONS, result.split.test_sessions),
    )
    panels, low, high = [], np.inf, -np.inf
    for number, cell in enumerate(laid.cells):
        own = result.table.of(cell.name, 1)
        shown_rows = slice(max(len(own) - SESSIONS, 0), None)
        if len(own):
            low, high = min(low, np.nanmin(own.y[shown_rows])), max(high, np.nanmax(own.y[shown_rows]))
        traces = _forecasts(cell, own, shown_rows, lang, first=number == 0)
        panels.append(Panel(title=_title(cell), traces=traces, notes=_fault(cell, lang)))
    room = ROOM * (high - low)
    figure = facets(
        panels, laid.columns, x={"type": "date", "nticks": 4, "tickformat": "%m-%d"},
        y={"range": [float(low - room), float(high + room)], "nticks": 4},
    )  # fmt: skip
    parts = [tag("div", pictures.place("forecasts", figure), class_="facets"), _which(laid, result, lang)]
    if max(row.step for row in result.models) > 1:
        parts.append(tag("p", say("The picture shows step {step}.", lang, step=1), class_="notes"))
    return section(say("Forecasts against the truth", lang), lead, *parts, id_="forecasts")


def _lay_out(result: SweepResult) -> _Laid:
    """The first two settings of a grid as rows and columns where that fits, else the best in rows."""
    by_name = {cell.name: cell for cell in result.cells}
    axes = {name: values for name, values in result.axes.items() if isinstance(values, tuple)}
    if result.tries is None and len(axes) >= 2 and len(result.cells) <= MOST:
        first, second, *others = axes
        across = [
            dict(zip((second, *others), values, strict=True))
            for values in product(*(axes[name] for name in (second, *others)))
        ]
        if len(across) <= WIDEST:
            named = [_name(result, {first: value, **rest}) for value in axes[first] for rest in across]
            return _Laid(cells=[by_name[name] for name in named], columns=len(across), all_shown=True)
    cells = list(result.cells)
    if len(cells) > MOST or result.tries is not None:
        worth = {row.name: row.validation if result.chosen else -row.skill for row in result.scores}
        cells = sorted(cells, key=lambda cell: worth[cell.name] if np.isfinite(worth[cell.name]) else np.inf)[:12]
    columns = 4 if len(cells) % 4 == 0 and len(result.axes) == 1 else min(len(cells), 3)
    return _Laid(cells=cells, columns=columns, all_shown=len(cells) == len(result.cells))


def _name(result: SweepResult, settings: dict[str, Any]) -> str:
    return combination_name(result.recipe, {name: settings[name] for name in result.axes})


def _which(laid: _Laid, result: SweepResult, lang: Lang) -> Markup:
    if laid.all_shown:
        return Markup("")
    facts = {"shown": len(laid.cells), "count": len(result.cells)}
    if result.chosen:
        told = say("Drawn: the {shown} of {count} with the lowest validation loss, the lowest first.", lang, **facts)
    else:
        told = say(
            "Drawn: the {shown} of {count} with the highest skill on the test span, the highest first.", lang, **facts
        )
    return tag("p", told, class_="notes")


def _losses(cell: SweepCell, lang: Lang, *, first: bool) -> list[Figure]:
    traces = []
    kinds = ((cell.losses, say("training", lang), BLUE), (cell.val_losses, say("validation", lang), ORANGE))
    for losses, name, colour in kinds:
        for seed, values in enumerate(losses[:SEEDS] if losses.size else []):
            traces.append(_line(*_thinned(values), name, colour, width=1.0, legend=first and seed == 0, faint=True))
    return traces


def _thinned(values: Float64s) -> tuple[list[int], Float64s]:
    """Epochs and losses at up to `POINTS` epochs, without what lies behind an early stop."""
    known = values[np.isfinite(values)]
    at = np.unique(np.linspace(0, len(known) - 1, min(len(known), POINTS)).round().astype(np.int64))
    return at.tolist(), known[at]


def _forecasts(cell: SweepCell, own: Forecasts, rows: slice, lang: Lang, *, first: bool) -> list[Figure]:
    if not len(own):
        return []
    when = days(own.target_date[rows])
    return [
        _line(when, own.last_close[rows], say("last close (persistence)", lang), NAIVE, width=1.0, legend=first),
        *(_line(when, seed[rows, 0], say("a seed", lang), BLUE, width=0.8, legend=first and number == 0, faint=True)
          for number, seed in enumerate(cell.prices[:SEEDS])),
        _line(when, own.yhat[rows], say("forecast", lang), BLUE, width=1.6, legend=first),
        _line(when, own.y[rows], say("the close that came", lang), "truth", width=1.4, legend=first),
    ]  # fmt: skip


def _line(
    x: Sequence[Any], y: Float64s, name: str, colour: str, *, width: float, legend: bool, faint: bool = False
) -> Figure:
    return {
        "type": "scatter", "mode": "lines", "x": list(x), "y": numbers(y, 5), "name": name, "legendgroup": name,
        "showlegend": legend, "line": {"color": colour, "width": width}, "opacity": 0.6 if faint else 1.0,
    }  # fmt: skip


def _title(cell: SweepCell) -> str:
    return settings_words(cell.settings)


def _fault(cell: SweepCell, lang: Lang) -> list[str]:
    return [say("not fitted", lang)] if cell.problem else []
