"""The models of a market on the terminal, best first: a run's table and a ledger's differ in their columns alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text as Rich

from nextclose.core.lang import Lang, say
from nextclose.core.results import ModelRow
from nextclose.report.terminal import LONGEST, MARKS, QUIET
from nextclose.report.words import DASH, by_skill, model_name, verdict_word


def models_table(
    models: Iterable[ModelRow],
    titles: Mapping[str, str],
    cells: Callable[[ModelRow], Mapping[str, str | Rich]],
    lang: Lang,
) -> Table:
    """A row a model, its verdict at the end.

    titles : column -> its head, of those that are shown. cells : column -> what a model has there.
    """
    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1), collapse_padding=True)
    table.add_column(say("model", lang), no_wrap=True, max_width=LONGEST)
    for title in titles.values():
        table.add_column(title, justify="right", no_wrap=True)
    table.add_column(say("verdict", lang), no_wrap=True)
    for row in by_skill(models):
        mark, colour = MARKS[row.verdict]
        own = cells(row)
        verdict = Rich(f"{mark} {verdict_word(row.verdict, lang)}", style=colour)
        table.add_row(
            Rich(model_name(row, lang)),
            *(own[name] for name in titles),
            Rich(DASH) if row.name == "persistence" else verdict,
            style=QUIET if row.kind == "baseline" else None,
        )
    return table
