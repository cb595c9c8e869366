"""The parity checks on the terminal: the largest deviation of each kind, cell and precision."""

from __future__ import annotations

from rich.console import Console
from rich.text import Text as Rich

from nextclose.bench.parity import KINDS, Deviation, Parity
from nextclose.bench.plan import CELLS
from nextclose.bench.tables import DASH, QUIET, simple_table
from nextclose.core.lang import Lang, say

_LISTED = 12
"""Red comparisons that are shown one by one."""


def print_parity(parity: Parity, console: Console, lang: Lang) -> None:
    """A table with what is red in red, and a sentence on how it ended."""
    console.print(Rich(say("Parity with PyTorch: the largest difference, over the largest value", lang), style="bold"))
    worst = {(one.kind, one.size.cell, one.dtype): one for one in parity.worst}
    columns = [(dtype, cell) for dtype in parity.tolerances for cell in CELLS]
    table = simple_table([""], [f"{cell} f{dtype.removeprefix('float')}" for dtype, cell in columns])
    for kind in KINDS:
        table.add_row(_kind(kind, lang), *(_cell(worst.get((kind, cell, dtype))) for dtype, cell in columns))
    table.add_section()
    table.add_row(say("tolerance", lang), *(f"{parity.tolerances[dtype]:.0e}" for dtype, _ in columns), style=QUIET)
    console.print(table)
    told = say(
        "update: each optimiser's first, in float64 its third too; at every size that is timed, and at an odd one", lang
    )
    console.print(Rich(told, style=QUIET))
    if parity.passed:
        told = say("{n} arrays compared, all within tolerance", lang, n=f"{parity.comparisons:,}")
        console.print(Rich.assemble(("✓ ", "green"), told))
        return
    for one in parity.red[:_LISTED]:
        told = say(
            "{kind}: {name} of {size} in {dtype} differs by {worst}, tolerance {tolerance}",
            lang,
            kind=_kind(one.kind, lang),
            name=one.name,
            size=one.size.name,
            dtype=one.dtype,
            worst=f"{one.worst:.1e}",
            tolerance=f"{one.tolerance:.0e}",
        )
        console.print(Rich.assemble(("✗ ", "red"), told))
    if len(parity.red) > _LISTED:
        console.print(say("and {n} more", lang, n=len(parity.red) - _LISTED))


def _cell(one: Deviation | None) -> Rich:
    if one is None:
        return Rich(DASH, style=QUIET)
    return Rich(f"{one.worst:.1e}", style="bold red" if one.red else "")


def _kind(kind: str, lang: Lang) -> str:
    return {
        "outputs": say("outputs", lang),
        "loss": say("loss", lang),
        "gradients": say("every gradient", lang),
        "sgd": say("update: SGD, momentum", lang),
        "rmsprop": say("update: RMSprop, momentum", lang),
        "adam": say("update: Adam", lang),
        "adamw": say("update: AdamW", lang),
        "100 sgd updates": say("100 updates: SGD", lang),
        "100 adam updates": say("100 updates: Adam, batches", lang),
        "fit_many": say("100 updates: SGD, fit_many", lang),
    }[kind]
