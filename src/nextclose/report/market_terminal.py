"""A market run on the terminal: what is planned, how far it is, and what it found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text as Rich

from nextclose.bars.checks import TEXTS
from nextclose.core.lang import Lang, say
from nextclose.core.market import LiquiditySkill, MarketSummary, RankedSymbol, SkillSpread, Spans, Status
from nextclose.core.results import ModelRow, RivalRow
from nextclose.report.market_words import kind_word
from nextclose.report.models_table import models_table
from nextclose.report.terminal import ACCENT, MARKS, QUIET
from nextclose.report.words import DASH, percent, pvalue, signed

DIGITS = 4
"""Decimals of a skill: over a whole market the third is already much."""
ROOM = {"interval": 86, "direction": 96}
"""Columns of the terminal from which a column of the models' table is shown."""
MOST = 100
"""Rows of an answer that are shown."""
LISTED = 10
"""Survivors that are named."""


def print_plan(source: str, spans: Spans, symbols: int, shards: int, kept: int, console: Console, lang: Lang) -> None:
    """What is read and how it is split, before any work."""
    head = say("{symbols} symbols in {shards} shards", lang, symbols=f"{symbols:,}", shards=f"{shards:,}")
    console.print(Rich.assemble((head, "bold"), (f"   {source}", QUIET)))
    console.print(
        _spans(spans.train_start, spans.train_end, spans.test_start, spans.test_end, len(spans.sessions), lang)
    )
    if kept:
        console.print(Rich(say("{kept} shards are kept from before", lang, kept=f"{kept:,}"), style=QUIET))


def print_status(status: Status, console: Console, lang: Lang) -> None:
    """One line of state, one of counts."""
    states = {"finished": say("finished", lang), "running": say("running", lang), "stopped": say("stopped", lang)}
    console.print(Rich.assemble((states[status.state], "bold"), (f"   {status.folder}", QUIET)))
    console.print(
        say(
            "{done} of {symbols} symbols, {shards_done} of {shards} shards, {fits} fits, {left_out} left out, {failed} failed",
            lang,
            done=f"{status.done:,}", symbols=f"{status.symbols:,}", shards_done=f"{status.shards_done:,}",
            shards=f"{status.shards:,}", fits=f"{status.fits:,}", left_out=f"{status.left_out:,}",
            failed=f"{status.failed:,}",
        )
    )  # fmt: skip
    if status.state == "running" and status.rate is not None:
        left = DASH if status.seconds_left is None else f"{status.seconds_left:,.0f}"
        console.print(say("{rate} fits a second, {left} seconds left", lang, rate=f"{status.rate:.3g}", left=left))
    if status.state == "stopped":
        console.print(Rich(f"nextclose market resume {status.folder}", style=ACCENT), soft_wrap=True)


def print_summary(found: MarketSummary, console: Console, lang: Lang) -> None:
    """Verdicts over all symbols, the spread over them, both ends, and what is not in these numbers."""
    console.print()
    head = say("{used} of {all} symbols", lang, used=f"{found.used:,}", all=f"{found.in_set:,}")
    scope = say("one net for all of them", lang) if found.scope == "market" else say("nets for each symbol", lang)
    console.print(Rich.assemble((f"{head}, {scope}", "bold"), (f"   {found.source}", QUIET)))
    console.print(_spans(found.train_start, found.train_end, found.test_start, found.test_end, found.sessions, lang))
    console.print(_models(found.models, {spread.model: spread for spread in found.spreads}, console.width, lang))
    console.print(
        Rich(
            say(
                "skill: over all symbols, sessions are the observations; median: over the symbols; better, worse: symbols, at a "
                "false discovery rate of 5 %",
                lang,
            ),
            style=QUIET,
        )
    )
    for row in found.models:
        if row.kind == "recipe":
            mark, colour = MARKS[row.verdict]
            console.print()
            console.print(Rich.assemble((f"{mark} ", colour), row.sentence))
            _print_rivals(
                [rival for rival in found.rivals if rival.model == row.name and rival.step == row.step], console, lang
            )
            _print_liquidity([part for part in found.liquidity if part.model == row.name], console, lang)
    for contest in found.contests:
        console.print()
        console.print(Rich(contest.sentence))
    _print_symbols(found, console, lang)
    console.print()
    for note in (*found.notes, *_left_out(found, lang)):
        console.print(Rich(f"· {note}", style=QUIET))


def print_pages(page: Path, console: Console, lang: Lang) -> None:
    """Where the pages are."""
    console.print()
    console.print(Rich.assemble((say("report", lang) + "  ", "bold"), (str(page), ACCENT)), soft_wrap=True)


def print_answer(names: Sequence[str], rows: Sequence[Sequence[Any]], count: int, console: Console, lang: Lang) -> None:
    """The first rows of a query that has `count` of them: a table, or lines with tabs where it is too wide."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1))
    for at, name in enumerate(names):
        numeric = any(isinstance(row[at], int | float) for row in rows)
        table.add_column(Rich(name), justify="right" if numeric else "left", no_wrap=numeric)
    for row in rows:
        table.add_row(*(Rich(_cell(value)) for value in row))
    if Measurement.get(console, console.options.update(width=1 << 20), table).maximum <= console.width:
        console.print(table)
    else:
        for line in (names, *rows):
            print("\t".join(map(_cell, line)), file=console.file)
    if count == 0:
        console.print(Rich(say("no rows", lang), style=QUIET))
    if count > len(rows):
        told = say("{rows} rows, {shown} of them shown", lang, rows=f"{count:,}", shown=len(rows))
        console.print(Rich(told, style=QUIET))


def _cell(value: Any) -> str:
    if value is None:
        return DASH
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _spans(train_start: str, train_end: str, test_start: str, test_end: str, sessions: int, lang: Lang) -> Rich:
    text = say(
        "train  {train_start} to {train_end}   test  {test_start} to {test_end}, {sessions} sessions",
        lang,
        train_start=train_start,
        train_end=train_end,
        test_start=test_start,
        test_end=test_end,
        sessions=f"{sessions:,}",
    )
    return Rich(text, style=QUIET)


def _models(models: Sequence[ModelRow], spreads: Mapping[str, SkillSpread], width: int, lang: Lang) -> Table:
    """A row a model; what a narrow terminal has no room for is left out."""
    titles = {
        "skill": say("skill", lang), "interval": say("90 % interval", lang), "median": say("median", lang),
        "better": say("better", lang), "worse": say("worse", lang), "direction": say("direction", lang),
    }  # fmt: skip
    shown = {name: title for name, title in titles.items() if width >= ROOM.get(name, 0)}
    return models_table(
        models, shown, lambda row: _model_cells(row, None if row.step > 1 else spreads.get(row.name)), lang
    )


def _model_cells(row: ModelRow, spread: SkillSpread | None) -> dict[str, str]:
    known = np.isfinite(row.skill_lo) and row.name != "persistence"
    return {
        "skill": signed(row.skill, DIGITS),
        "interval": f"{signed(row.skill_lo, DIGITS)} .. {signed(row.skill_hi, DIGITS)}" if known else DASH,
        "median": DASH if spread is None else signed(spread.median, DIGITS),
        "better": DASH if spread is None else f"{spread.better:,}",
        "worse": DASH if spread is None else f"{spread.worse:,}",
        "direction": percent(row.directional_accuracy),
    }


def _print_liquidity(skills: Sequence[LiquiditySkill], console: Console, lang: Lang) -> None:
    """A model's skill by fifths of the symbols."""
    if skills:
        told = "  ".join(signed(part.skill, DIGITS) for part in skills)
        console.print(Rich(say("By liquidity, the least traded fifth first: {told}", lang, told=told), style=QUIET))


def _print_rivals(rivals: Sequence[RivalRow], console: Console, lang: Lang) -> None:
    """A line against each plainer forecast."""
    told = [
        say(
            "{rival} {skill} (p better {better}, worse {worse})",
            lang,
            rival=rival.rival,
            skill=signed(rival.rival_skill, DIGITS),
            better=pvalue(rival.pvalue_better),
            worse=pvalue(rival.pvalue_worse),
        )
        for rival in rivals
    ]
    if told:
        console.print(Rich(say("Against the plainer forecasts: {told}", lang, told="; ".join(told)), style=QUIET))


def _print_symbols(found: MarketSummary, console: Console, lang: Lang) -> None:
    for model in dict.fromkeys(row.model for row in found.best):
        best = [row for row in found.best if row.model == model]
        worst = [row for row in found.worst if row.model == model]
        survivors = [row for row in found.survivors if row.model == model]
        console.print()
        console.print(Rich(model, style="bold"))
        console.print(_ends(best, worst, console.width >= ROOM["interval"], lang))
        if survivors:
            names = ", ".join(row.symbol for row in survivors[:LISTED]) + (", ..." if len(survivors) > LISTED else "")
            text = say("better after Benjamini-Hochberg: {count} ({names})", lang, count=len(survivors), names=names)
        else:
            text = say("better after Benjamini-Hochberg: none", lang)
        console.print(Rich(text, style=QUIET))


def _ends(best: Sequence[RankedSymbol], worst: Sequence[RankedSymbol], wide: bool, lang: Lang) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1), collapse_padding=True)
    for side in (say("best", lang), say("worst", lang)):
        table.add_column(side, no_wrap=True)
        table.add_column(say("skill", lang), justify="right", no_wrap=True)
        if wide:
            table.add_column(say("90 % interval", lang), justify="right", no_wrap=True)
    for high, low in zip(best, worst, strict=True):
        table.add_row(*_symbol(high, wide), *_symbol(low, wide))
    return table


def _symbol(row: RankedSymbol, wide: bool) -> list[Rich | str]:
    interval = [f"{signed(row.skill_lo)} .. {signed(row.skill_hi)}"] if wide else []
    return [Rich(row.symbol), signed(row.skill), *interval]


def _left_out(found: MarketSummary, lang: Lang) -> list[str]:
    """What is not in the numbers."""
    lines = []
    if found.left_out:
        kinds = ", ".join(f"{kind_word(kind, lang)} {count:,}" for kind, count in found.left_out.items())
        lines.append(say("left out {count}: {kinds}", lang, count=f"{sum(found.left_out.values()):,}", kinds=kinds))
    if found.skipped:
        kinds = ", ".join(f"--{name} {count:,}" for name, count in found.skipped.items())
        lines.append(say("Symbols that the filters took out: {kinds}", lang, kinds=kinds))
    if found.faults:
        kinds = ", ".join(f"{_finding(kind, lang)} {count:,}" for kind, count in found.faults.items())
        lines.append(say("Rows with findings: {kinds}", lang, kinds=kinds))
    return lines


def _finding(kind: str, lang: Lang) -> str:
    """What was found, in words where a kind has some of its own."""
    return say(TEXTS[kind].template, lang) if kind in TEXTS else kind
