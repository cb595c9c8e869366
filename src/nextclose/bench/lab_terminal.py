"""A run of `nextclose bench lab` on the terminal."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rich.console import Console
from rich.text import Text as Rich

from nextclose.bench.lab import Delay, LabDrag, LabParity
from nextclose.bench.tables import QUIET, print_head, simple_table
from nextclose.bench.terminal import print_part
from nextclose.core.lang import Lang, say


def print_lab_part(name: str, part: Any, console: Console, lang: Lang) -> None:
    """One part of a run."""
    own: dict[str, Callable[[Any, Console, Lang], None]] = {"parity": _print_parity, "drags": _print_drags}
    if name not in own:
        print_part(name, part, console, lang)
        return
    console.print()
    own[name](part, console, lang)


def _print_parity(parity: LabParity, console: Console, lang: Lang) -> None:
    print_head(say("Forecasts on the page beside those of nextclose run", lang), console)
    told = say(
        "{same} of {all} are the same, in the float32 that is sent ({train} sessions train)",
        lang,
        same=parity.forecasts - parity.differ,
        all=parity.forecasts,
        train=parity.train,
    )
    mark, style = ("✓", "green") if parity.passed else ("✗", "red")
    console.print(Rich.assemble((f"{mark} ", style), told))
    console.print(Rich(parity.browser, style=QUIET))


def _print_drags(drags: tuple[LabDrag, ...], console: Console, lang: Lang) -> None:
    print_head(say("The learning rate is dragged: milliseconds, measured in the page", lang), console)
    table = simple_table(
        [say("seeds", lang), ""],
        [say("median", lang), say("95 %", lang), say("largest", lang), say("events", lang)],
    )
    for one in drags:
        table.add_row(str(one.seeds), say("input to picture", lang), *_figures(one.picture))
        table.add_row("", say("picture to sentence", lang), *_figures(one.sentence))
    console.print(table)
    for one in drags:
        told = say(
            "{seeds} seeds: {inputs} inputs, {dropped} of them overtaken by a newer one before they were drawn",
            lang,
            seeds=one.seeds,
            inputs=one.inputs,
            dropped=one.dropped,
        )
        console.print(Rich(told, style=QUIET))
    told = say(
        "From the input event to the paint of its picture, or of a newer one, while moves come every 30 to 60 ms; the sentence "
        "is timed where each move waits for it.",
        lang,
    )
    console.print(Rich(told, style=QUIET))


def _figures(took: Delay) -> tuple[str, str, str, str]:
    median, p95, worst = (f"{1000.0 * value:.1f}" for value in (took.median, took.p95, took.worst))
    return median, p95, worst, str(took.n)
