"""Tables of a run, and how a number looks in them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text as Rich

from nextclose.core.lang import Lang, say

if TYPE_CHECKING:
    from nextclose.bench.aims import Aim, Quantity
    from nextclose.bench.timing import Spread

DASH = "–"
QUIET = "dim"


def print_head(title: str, console: Console) -> None:
    """The title of a part."""
    console.print(Rich(title, style="bold"))


def simple_table(words: Sequence[str], numbers: Sequence[str]) -> Table:
    """A table with columns of words, then columns of numbers."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1), show_edge=False, collapse_padding=True)
    for title in words:
        table.add_column(title, no_wrap=True)
    for title in numbers:
        table.add_column(title, justify="right", no_wrap=True)
    return table


def milliseconds(took: Spread | None, style: str = "") -> Rich:
    """`82.3 80.9..89.5`, or a dash."""
    if took is None:
        return Rich(DASH, style=QUIET)
    median, low, high = (_three(1000.0 * value) for value in (took.median, took.low, took.high))
    return Rich.assemble((median, style), (f" {low}..{high}", QUIET))


def _three(value: float) -> str:
    """Three figures, more only before the point."""
    return f"{value:.{2 if value < 10 else 1 if value < 100 else 0}f}"


def print_aims(aims: Sequence[Aim], console: Console, lang: Lang) -> None:
    """Each aim, what was reached, and whether that is enough."""
    print_head(say("Aims", lang), console)
    table = simple_table([say("what", lang), ""], [say("aim", lang), say("reached", lang)])
    table.add_column("", no_wrap=True)
    for aim in aims:
        verdict = Rich(f"✓ {say('met', lang)}", "green") if aim.met else Rich(f"✗ {say('not met', lang)}", "red")
        wanted = f"{'≤' if aim.at_most else '≥'} {_in_unit(aim.quantity, aim.aim)}"
        table.add_row(_what(aim.quantity, lang), aim.where, wanted, _in_unit(aim.quantity, aim.reached), verdict)
    console.print(table)
    met = sum(aim.met for aim in aims)
    console.print(say("{met} of {all} aims met", lang, met=met, all=len(aims)))


def _what(quantity: Quantity, lang: Lang) -> str:
    return {
        "ratio": say("times PyTorch's speed", lang),
        "share": say("share of the core's peak", lang),
        "scaling": say("two threads over one", lang),
        "overhead": say("overhead of a call", lang),
        "start": say("cold start to the first fit", lang),
        "walk": say("the whole walk on one core", lang),
        "seeds": say("ten seeds over one", lang),
        "cores": say("two cores over one", lang),
        "pipeline": say("a whole market run over its bare fits", lang),
        "memory": say("most memory of a market run", lang),
        "more": say("most memory on a larger set, over that", lang),
        "picture": say("from an input to its picture, 95 %", lang),
        "sentence": say("from the picture to the sentence, 95 %", lang),
        "last": say("the last value's picture stays", lang),
        "predict": say("market predict, the slowest evening", lang),
        "score": say("market score, the slowest evening", lang),
        "answer": say("99 of 100 answers of the API", lang),
    }[quantity]


def _in_unit(quantity: Quantity, value: float) -> str:
    return {
        "ratio": f"{value:.2f}x",
        "share": f"{100.0 * value:.1f} %",
        "scaling": f"{value:.2f}",
        "overhead": f"{1e6 * value:.1f} µs",
        "start": f"{value:.2f} s",
        "walk": f"{value:.2f} s",
        "seeds": f"{value:.2f}x",
        "cores": f"{value:.2f}",
        "pipeline": f"{100.0 * value:.1f} %",
        "memory": f"{value / 2**30:.2f} GiB",
        "more": f"{value:.2f}x",
        "picture": f"{1000.0 * value:.1f} ms",
        "sentence": f"{1000.0 * value:.1f} ms",
        "last": f"{value:.0f}",
        "predict": f"{value:.1f} s",
        "score": f"{value:.1f} s",
        "answer": f"{1000.0 * value:.1f} ms",
    }[quantity]
