"""A run of `nextclose bench walk` on the terminal."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rich.console import Console
from rich.text import Text as Rich

from nextclose.bench.tables import QUIET, print_head, simple_table
from nextclose.bench.terminal import print_part
from nextclose.bench.timing import Spread
from nextclose.bench.walk import WalkParity, WalkScaling, WalkSpeed
from nextclose.core.lang import Lang, say


def print_walk_part(name: str, part: Any, console: Console, lang: Lang) -> None:
    """One part of a run."""
    own: dict[str, Callable[[Any, Console, Lang], None]] = {
        "parity": _print_parity,
        "walk": _print_walk,
        "scaling": _print_scaling,
    }
    if name not in own:
        print_part(name, part, console, lang)
        return
    console.print()
    own[name](part, console, lang)


def _print_parity(parity: WalkParity, console: Console, lang: Lang) -> None:
    print_head(say("Forecasts beside the PyTorch loop's, from the same initial weights", lang), console)
    for dtype, worst in parity.worst.items():
        told = say(
            "{dtype}: at most {worst} of the price apart (tolerance {tolerance})",
            lang,
            dtype=dtype,
            worst=f"{worst:.1e}",
            tolerance=f"{parity.tolerances[dtype]:.0e}",
        )
        mark, style = ("✓", "green") if worst <= parity.tolerances[dtype] else ("✗", "red")
        console.print(Rich.assemble((f"{mark} ", style), told))


def _print_walk(speed: WalkSpeed, console: Console, lang: Lang) -> None:
    print_head(say("A refit every session: seconds on one core, bars to forecasts", lang), console)
    told = say(
        "2,000 sessions before the test and {refits} in it, OHLC, window 4, Elman H = 32, Adam, batch 32, 10 epochs",
        lang,
        refits=speed.refits,
    )
    console.print(Rich(told, style=QUIET))
    table = simple_table([""], [say("median", lang), say("smallest..largest", lang)])
    table.add_row(say("nextclose, CPU", lang), *_seconds(speed.engine))
    table.add_row(say("nextclose, clock on the wall", lang), *_seconds(speed.wall))
    table.add_row(say("PyTorch loop, one refit", lang), *_seconds(speed.loop_refit))
    table.add_row(say("PyTorch loop, all refits", lang), f"{speed.loop:.0f}", "")
    console.print(table)
    told = say(
        "The loop is not run whole: {n} of its refits, spread over the test span, are timed in turn with the walk and their mean "
        "is taken {refits} times. {ratio} times as long, the median of the rounds.",
        lang,
        n=speed.loop_refit.n,
        refits=speed.refits,
        ratio=f"{speed.ratio:.1f}",
    )
    console.print(told)


def _print_scaling(scaling: WalkScaling, console: Console, lang: Lang) -> None:
    print_head(say("More seeds, more cores", lang), console)
    console.print(
        say("{seeds} seeds cost {cost} times one", lang, seeds=scaling.seeds, cost=f"{scaling.seeds_cost:.2f}")
    )
    if scaling.two_cores is None:
        console.print(say("one core: nothing to scale over", lang))
    else:
        gain = f"{scaling.two_cores:.2f}"
        console.print(say("two cores are {gain} times as fast as one by the clock on the wall", lang, gain=gain))


def _seconds(took: Spread) -> tuple[str, str]:
    return f"{took.median:.2f}", f"{took.low:.2f}..{took.high:.2f}"
