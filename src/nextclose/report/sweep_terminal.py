"""A sweep on the terminal: 100 columns at most, one row a combination in the order of the grid."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rich.box import SIMPLE_HEAD
from rich.console import Console, RenderableType
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text as Rich

from nextclose.core.lang import Lang, say
from nextclose.core.sweep import Alternatives, Span, SweepResult, SweepScore, shown
from nextclose.report.sweep_words import four_digits, three_decimals
from nextclose.report.terminal import ACCENT, MARKS, QUIET
from nextclose.report.words import interval, price, signed, verdict_word

LONGEST = 16
"""Columns of a setting's value, cut behind them."""
MOST_ROWS = 60
"""Combinations that the table shows; of more, the best."""
MOST_AXES = 4
"""Settings that have a column of their own."""


def print_axes(axes: Alternatives, recipe: str, tries: int | None, seeds: int, console: Console, lang: Lang) -> None:
    """What is tried: each setting with its values, and how many combinations that makes."""
    listed = "   ".join(f"{name} {_listed(values)}" for name, values in axes.items())
    if tries is None:
        count = int(np.prod([len(values) for values in axes.values() if isinstance(values, tuple)]))
        told = say(
            "{count} combinations of {recipe}, {seeds} seeds each", lang, count=count, recipe=recipe, seeds=seeds
        )
    else:
        told = say("{tries} tries of {recipe}, {seeds} seeds each", lang, tries=tries, recipe=recipe, seeds=seeds)
    console.print(Rich.assemble((told, "bold"), (f"   {listed}", QUIET)))


def print_sweep(result: SweepResult, console: Console, *, report: Path | None = None) -> None:
    """The table of combinations, the sentences, the notes and where the page lies."""
    lang = result.lang
    rows = _rows(result)
    console.print()
    console.print(_fitting(result, rows, console))
    console.print(Rich(_explained(result, lang), style=QUIET))
    if len(rows) < len(result.scores):
        told = say(
            "The best {shown} of {count} are shown; the report has all.",
            lang,
            shown=len(rows),
            count=len(result.scores),
        )
        console.print(Rich(told, style=QUIET))
    console.print()
    for number, sentence in enumerate(result.sentences):
        console.print(Rich(sentence, style="bold" if number == 0 else ""))
    for row in result.scores:
        if row.problem:
            console.print(Rich(f"· {row.problem}", style=QUIET))
    for note in result.notes:
        console.print(Rich(f"· {note}", style=QUIET))
    if report is not None:
        console.print()
        console.print(Rich.assemble((say("report", lang) + "  ", "bold"), (str(report), ACCENT)), soft_wrap=True)


def _rows(result: SweepResult) -> list[SweepScore]:
    """In the order of the grid or of the tries; of too many the best by validation loss, else by skill."""
    if len(result.scores) <= MOST_ROWS:
        return list(result.scores)
    worth = [row.validation if result.chosen else -row.skill for row in result.scores]
    order = sorted(range(len(worth)), key=lambda place: worth[place] if np.isfinite(worth[place]) else np.inf)
    kept = set(order[:MOST_ROWS])
    return [row for place, row in enumerate(result.scores) if place in kept]


def _fitting(result: SweepResult, rows: Sequence[SweepScore], console: Console) -> Table:
    """The fullest table that the console has room for: the interval goes first, then RMSE, settings, the verdict's words."""
    most = min(len(result.axes), MOST_AXES)
    layouts = [_Layout(axes=most, interval=True), _Layout(axes=most)]
    layouts += [_Layout(axes=axes, rmse=False) for axes in range(most, 0, -1)]
    layouts += [_Layout(axes=axes, rmse=False, words=False) for axes in range(most, 0, -1)]
    tables = [_table(result, rows, layout) for layout in layouts]
    roomy = console.options.update(max_width=10 * console.width)
    return next(
        (table for table in tables if Measurement.get(console, roomy, table).maximum <= console.width), tables[-1]
    )


@dataclass(frozen=True, kw_only=True)
class _Layout:
    """Which columns a table has."""

    axes: int
    """Settings with a column of their own."""
    interval: bool = False
    rmse: bool = True
    words: bool = True
    """Of the verdict; else its mark alone, and no setting without a column."""


def _table(result: SweepResult, rows: Sequence[SweepScore], layout: _Layout) -> Table:
    lang = result.lang
    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("", no_wrap=True)
    for name in list(result.axes)[: layout.axes]:
        table.add_column(name, no_wrap=True, max_width=LONGEST, justify="right")
    if layout.axes < len(result.axes) and layout.words:
        table.add_column(say("further settings", lang), no_wrap=True, max_width=LONGEST)
    validated = any(np.isfinite(row.validation) for row in rows)
    titles = [say("val. loss", lang)] if validated else []
    titles += [say("error, %", lang), *(["RMSE"] if layout.rmse else []), say("skill", lang)]
    titles += [say("90 % interval", lang)] if layout.interval else []
    for title in titles:
        table.add_column(title, justify="right", no_wrap=True)
    table.add_column(say("verdict", lang) if layout.words else "", no_wrap=True)
    for row in rows:
        table.add_row(*_cells(result, row, layout, validated=validated), style=_style(result, row))
    return table


def _cells(result: SweepResult, row: SweepScore, layout: _Layout, *, validated: bool) -> list[RenderableType]:
    values = [f"{name}={shown(value)}" for name, value in row.settings.items()]
    own, rest = list(row.settings.values())[: layout.axes], values[layout.axes :]
    mark = "*" if row.name == result.best else ""
    mark += "†" if row.name == result.chosen else ""
    cells: list[RenderableType] = [mark, *(Rich(shown(value)) for value in own)]
    cells += [Rich(" ".join(rest))] if rest and layout.words else []
    cells += [four_digits(row.validation)] if validated else []
    cells += [three_decimals(row.error_percent), *([price(row.rmse)] if layout.rmse else []), signed(row.skill)]
    cells += [interval(row.skill_lo, row.skill_hi)] if layout.interval else []
    return [*cells, _verdict(row, result.lang, words=layout.words)]


def _verdict(row: SweepScore, lang: Lang, *, words: bool) -> Rich:
    if not row.verdict:
        return Rich(say("not fitted", lang) if words else "✗", style="red")
    mark, colour = MARKS[row.verdict]
    told = f"{mark} {verdict_word(row.verdict, lang)}" if words else mark  # type: ignore[arg-type]
    return Rich(told, style=colour)


def _style(result: SweepResult, row: SweepScore) -> str | None:
    return "bold" if row.name in (result.best, result.chosen) else QUIET if row.problem else None


def _explained(result: SweepResult, lang: Lang) -> str:
    parts = [say("* best on the test span", lang)] if result.best else []
    parts += [say("† lowest validation loss", lang)] if result.chosen else []
    steps = max(row.step for row in result.models)
    if steps > 1:
        parts.append(say("error: of all {steps} steps; RMSE, skill and verdict: of step 1", lang, steps=steps))
    return "; ".join(parts)


def _listed(values: tuple[Any, ...] | Span) -> str:
    if isinstance(values, Span):
        return str(values)
    lists = any(isinstance(value, tuple) for value in values)
    return (" | " if lists else ",").join(map(shown, values))
