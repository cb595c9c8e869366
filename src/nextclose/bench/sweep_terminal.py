"""A run of `nextclose bench sweep` on the terminal."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rich.console import Console
from rich.text import Text as Rich

from nextclose.bench.sweep import RECIPE, SweepParity, SweepSpeed, SweepTask
from nextclose.bench.tables import QUIET, print_head, simple_table
from nextclose.bench.terminal import print_part
from nextclose.core.lang import Lang, say


def print_sweep_part(name: str, part: Any, console: Console, lang: Lang) -> None:
    """One part of a run."""
    own: dict[str, Callable[[Any, Console, Lang], None]] = {
        "task": _print_task,
        "parity": _print_parity,
        "sweep": _print_speed,
    }
    if name not in own:
        print_part(name, part, console, lang)
        return
    console.print()
    own[name](part, console, lang)


def _print_task(task: SweepTask, console: Console, lang: Lang) -> None:
    title = say(
        "A sweep of {recipe} on {symbol}: {settings} settings, {seeds} seeds, {epochs} epochs",
        lang,
        recipe=RECIPE,
        symbol=task.symbol,
        settings=task.settings,
        seeds=task.seeds,
        epochs=task.epochs,
    )
    print_head(title, console)
    told = say(
        "{train} windows train, {validation} validate after every epoch, {test} are forecast",
        lang,
        train=f"{task.train:,}",
        validation=f"{task.validation:,}",
        test=f"{task.test:,}",
    )
    console.print(Rich(told, style=QUIET))
    if task.simulated:
        console.print(Rich(say("The bars are simulated: the real ones are not here.", lang), style=QUIET))


def _print_parity(parity: SweepParity, console: Console, lang: Lang) -> None:
    print_head(say("Losses and forecasts beside the loops', from the same weights and batches", lang), console)
    for dtype, worst in parity.worst.items():
        told = say(
            "{dtype}, after epoch {epochs}: at most {worst} apart (tolerance {tolerance}); the two loops: {loops}",
            lang,
            dtype=dtype,
            epochs=parity.epochs[dtype],
            worst=f"{worst:.1e}",
            tolerance=f"{parity.tolerances[dtype]:.0e}",
            loops=f"{parity.loops[dtype]:.1e}",
        )
        mark, style = ("✓", "green") if worst <= parity.tolerances[dtype] else ("✗", "red")
        console.print(Rich.assemble((f"{mark} ", style), told))


def _print_speed(speed: SweepSpeed, console: Console, lang: Lang) -> None:
    print_head(say("The whole sweep, bars to verdicts: seconds of CPU time on one core", lang), console)
    names = {
        "hand": say("PyTorch loop, the cell by hand", lang),
        "library": say("PyTorch loop, nn.LSTM", lang),
    }
    table = simple_table([""], [say("median", lang), say("smallest..largest", lang), say("times", lang)])
    table.add_row("nextclose sweep", f"{speed.sweep.median:.1f}", f"{speed.sweep.low:.1f}..{speed.sweep.high:.1f}", "")
    for name, took in speed.loop.items():
        table.add_row(
            names[name],
            f"{took.median:.1f}",
            f"{took.low:.1f}..{took.high:.1f}",
            Rich(f"{speed.ratio[name]:.2f}", style="bold cyan"),
        )
    console.print(table)
    told = say(
        "The loops are not run whole: {n} fits of each are timed in turn with the sweep, one at each number of layers a round, "
        "and taken for all {fits}. They only fit and forecast; the sweep also judges.",
        lang,
        n=speed.sampled,
        fits=speed.fits,
    )
    console.print(Rich(told, style=QUIET))
