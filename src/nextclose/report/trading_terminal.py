"""Trades on the terminal, under the verdicts."""

from __future__ import annotations

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text as Rich

from nextclose.core.lang import Lang, say
from nextclose.core.trading import Trading, TradingRow
from nextclose.report.trading import break_even_words, hold_name, sharpe_words, times, yearly
from nextclose.report.words import DASH, percent

QUIET = "dim"
WIDE = 100
"""Columns from which every number has room."""
NARROW = (1, 3, 4, 5, 6)
"""The numbers, by place, that stand in fewer columns."""
LONGEST = 18
"""Columns of a model's name, broken behind them."""


def print_trading(traded: Trading, console: Console, lang: Lang) -> None:
    """A table, a sentence a model, the rules and what was left out."""
    shown = [row for row in traded.rows if row.name != "persistence"] or list(traded.rows)
    console.print()
    console.print(Rich(say("An afterthought: trading", lang), style="bold"))
    console.print(_table(traded, shown, console, lang))
    console.print(Rich(_explained(lang), style=QUIET))
    console.print()
    for row in shown:
        console.print(Rich(row.sentence))
    if len(shown) > 1:
        console.print(Rich(traded.sentence))
    console.print()
    console.print(Rich(traded.told, style=QUIET))
    for note in traded.notes:
        console.print(Rich(f"· {note}", style=QUIET))


def _explained(lang: Lang) -> str:
    return say(
        "invested: share of sessions with a position; turnover: times the equity in a year; gross, net: growth of "
        "a year; Sharpe: of a year, ± its standard error; break-even: the cost a side at which nothing is left",
        lang,
    )


def _table(traded: Trading, shown: list[TradingRow], console: Console, lang: Lang) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1))
    table.add_column(say("model", lang), overflow="fold", max_width=LONGEST)
    titles = (
        say("invested", lang), say("turnover", lang), say("gross", lang), say("net a year", lang), "Sharpe",
        say("drawdown", lang), say("break-even", lang),
    )  # fmt: skip
    kept = range(len(titles)) if console.width >= WIDE else NARROW
    for place in kept:
        table.add_column(titles[place], justify="right", no_wrap=True)
    for row in shown:
        table.add_row(Rich(row.name), *(_cells(row)[place] for place in kept))
    hold = _cells(traded.buy_and_hold)
    table.add_row(Rich(hold_name(lang)), *(hold[place] for place in kept), style=QUIET)
    return table


def _cells(row: TradingRow) -> list[str]:
    even = break_even_words(row)
    return [
        percent(row.in_market, 0), times(row.turnover), yearly(row.annual_gross), yearly(row.annual), sharpe_words(row),
        percent(row.drawdown), even if even == DASH else f"{even} bp",
    ]  # fmt: skip
