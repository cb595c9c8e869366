"""What a source holds and what is wrong with it, on the terminal."""

from __future__ import annotations

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text as Rich

from nextclose.bars.checks import TEXTS
from nextclose.bars.survey import Survey, SymbolSurvey
from nextclose.core.lang import Lang, say

SHOWN = 20
"""Symbols with findings that are listed."""


def print_survey(found: Survey, console: Console, lang: Lang) -> None:
    """Totals by kind of finding, then the symbols that have the most."""
    title = say("{source}: {symbols} symbols, {rows} usable rows", lang,
                source=found.source, symbols=f"{len(found.symbols):,}", rows=f"{found.rows:,}")  # fmt: skip
    console.print(Rich(title, style="bold"))
    if found.extra:
        further = say("further columns that can be features: {columns}", lang, columns=", ".join(found.extra))
        console.print(Rich(f"  {further}", style="dim"))
    counts = found.counts()
    if not counts and not any(symbol.problem for symbol in found.symbols):
        console.print(say("nothing found wrong", lang))
    for kind, count in counts.items():
        console.print(f"  {count:>9,}  {TEXTS[kind].render(lang) if kind in TEXTS else kind}")
    if len(found.symbols) > 1:
        console.print(_by_symbol(found, lang))
    else:
        _print_one(found.symbols[0], console, lang)


def _print_one(symbol: SymbolSurvey, console: Console, lang: Lang) -> None:
    console.print(
        Rich(f"  {symbol.symbol}  {symbol.first} .. {symbol.last}" if symbol.problem is None else symbol.problem)
    )
    for finding in symbol.findings:
        text = say(finding.text, lang, **finding.values)
        console.print(
            Rich(
                f"  {text}: {', '.join(finding.dates)}{' ...' if finding.count > len(finding.dates) else ''}",
                style="dim",
            )
        )


def _by_symbol(found: Survey, lang: Lang) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 2))
    for name in (say("symbol", lang), say("rows", lang), say("first", lang), say("last", lang), say("findings", lang)):
        table.add_column(name)
    worst = sorted(found.symbols, key=lambda symbol: -sum(finding.count for finding in symbol.findings))
    for symbol in worst[:SHOWN]:
        if symbol.findings or symbol.problem:
            listed = ", ".join(f"{finding.kind} {finding.count}" for finding in symbol.findings)
            table.add_row(
                Rich(symbol.symbol), f"{symbol.rows:,}", symbol.first, symbol.last, Rich(symbol.problem or listed)
            )
    return table
