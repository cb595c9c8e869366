"""A run of `nextclose bench judge` on the terminal: 100 columns, one part at a time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rich.console import Console
from rich.text import Text as Rich

from nextclose.bench.judge_plan import JudgePlan
from nextclose.bench.judge_results import Cell, Conclusion, DriftRow, FamilyRow, PowerRow
from nextclose.bench.rates import Rate
from nextclose.bench.tables import DASH, QUIET, print_head, simple_table
from nextclose.core.lang import Lang, say


def print_judge_part(name: str, part: Any, console: Console, lang: Lang) -> None:
    """One part of a run."""
    printers: dict[str, Callable[[Any, Console, Lang], None]] = {
        "plan": _print_plan,
        "walk": _print_cells,
        "garch": _print_cells,
        "jumps": _print_cells,
        "families": _print_families,
        "power": _print_power,
        "drift": _print_drift,
        "conclusion": _print_conclusion,
    }
    if name != "plan":
        console.print()
    printers[name](part, console, lang)


def _print_plan(plan: JudgePlan, console: Console, lang: Lang) -> None:
    print_head(say("The judge on simulated series, where the truth is known", lang), console)
    told = say(
        "{series} series a row, {fewer} for families, for drift and where there is something to find; forecasters learn from "
        "{train} sessions and are judged on the sessions after them; nets have one seed and one fit, since so many series are "
        "fitted",
        lang,
        series=f"{plan.series:,}",
        fewer=f"{plan.fewer:,}",
        train=plan.train,
    )
    console.print(Rich(told, style=QUIET))


def _print_cells(cells: tuple[Cell, ...], console: Console, lang: Lang) -> None:
    world = cells[0].world
    print_head(
        say("{world}: nothing can be known, so every claim is false", lang, world=world_words(world, lang)), console
    )
    titles = [say("beats", lang), say("seen", lang), say("without the guard", lang), say("worse", lang)]
    table = simple_table([say("forecaster", lang)], [say("sessions", lang), *titles, say("wanders", lang)])
    table.add_column("", no_wrap=True)
    for cell in cells:
        table.add_row(
            forecaster_words(cell.forecaster, lang),
            f"{cell.sessions:,}",
            _false(cell.beats),
            _false(cell.seen),
            _plain(cell.unguarded),
            _plain(cell.worse),
            _plain(cell.wanders),
            _mark(cell.passed),
        )
    console.print(table)


def _print_families(rows: tuple[FamilyRow, ...], console: Console, lang: Lang) -> None:
    title = say("{models} forecasters in one table: families with any false claim", lang, models=rows[0].models)
    print_head(title, console)
    numbers = [say("sessions", lang), say("beats", lang), say("seen", lang), say("without the guard", lang)]
    table = simple_table([say("world", lang)], numbers)
    table.add_column("", no_wrap=True)
    for row in rows:
        table.add_row(
            world_words(row.world, lang),
            f"{row.sessions:,}",
            _false(row.beats),
            _false(row.seen),
            _plain(row.unguarded),
            _mark(row.passed),
        )
    console.print(table)


def _print_power(rows: tuple[PowerRow, ...], console: Console, lang: Lang) -> None:
    print_head(say("Power: AR(1) returns, of which the last one tells a little", lang), console)
    told = say("fitted: an AR(1) fitted on the train span; true: the forecaster that knows the coefficient", lang)
    console.print(Rich(told, style=QUIET))
    seen, beats = say("seen", lang), say("beats", lang)
    titles = [f"{who}: {what}" for who in (say("fitted", lang), say("true", lang)) for what in (seen, beats)]
    table = simple_table([], [say("sessions", lang), say("coefficient", lang), *titles])
    table.add_column("", no_wrap=True)
    for row in rows:
        aim = "" if row.aim is None else f" ≥ {row.aim:.0%}"
        table.add_row(
            f"{row.sessions:,}",
            f"{row.phi:.2f}",
            _plain(row.seen),
            _plain(row.beats),
            _plain(row.true_seen),
            _plain(row.true_beats),
            Rich.assemble(_mark(row.passed), (aim, QUIET)),
        )
    console.print(table)


def _print_drift(rows: tuple[DriftRow, ...], console: Console, lang: Lang) -> None:
    print_head(say("A walk with drift: the train mean truly wins, and more than it is no skill", lang), console)
    words = [say("forecaster", lang), say("compared with", lang)]
    told = say("unsaid: claims whose sentence does not say 'no better than a constant drift'", lang)
    console.print(Rich(told, style=QUIET))
    numbers = [say("sessions", lang), say("beats", lang), say("seen", lang), say("unsaid", lang)]
    table = simple_table(words, numbers)
    table.add_column("", no_wrap=True)
    for row in rows:
        itself = row.passed is None
        constant = say("train mean", lang) if row.beside else say("the best constant", lang)
        table.add_row(
            forecaster_words(row.forecaster, lang),
            DASH if itself else constant,
            f"{row.sessions:,}",
            _plain(row.beats),
            _plain(row.seen),
            Rich(DASH, QUIET) if itself else _false(row.unsaid),
            _mark(row.passed),
        )
    console.print(table)


def _print_conclusion(conclusion: Conclusion, console: Console, lang: Lang) -> None:
    told = say(
        "a false rate fails above 6 % where its lower 95 % bound (after ≥) excludes 5 %; an aim where the upper one excludes it",
        lang,
    )
    console.print(Rich(told, style=QUIET))
    passed = conclusion.checks - len(conclusion.failed)
    told = say("{passed} of {checks} checks passed", lang, passed=passed, checks=conclusion.checks)
    console.print(Rich.assemble(_mark(not conclusion.failed), " ", told))


def world_words(name: str, lang: Lang) -> str:
    """What a world is."""
    return {
        "walk": say("Random walk", lang),
        "garch": say("GARCH(1,1) with fat tails", lang),
        "jumps": say("Walk with jumps", lang),
    }[name]


def forecaster_words(name: str, lang: Lang) -> str:
    """What a forecaster is; most are called by their names."""
    known = {
        "noise": say("noise", lang),
        "train-mean": say("train mean", lang),
        "train mean and noise": say("train mean and noise", lang),
    }
    return known.get(name, name)


def _false(found: Rate) -> Rich:
    """A false rate with its lower bound: `4.93 % ≥ 4.6`."""
    bad = "bold red" if found.too_high else ""
    return Rich.assemble((_percent(found), bad), (f" ≥ {100.0 * found.low:.1f}", QUIET))


def _plain(found: Rate) -> Rich:
    return Rich(_percent(found))


def _percent(found: Rate) -> str:
    return f"{100.0 * found.share:.2f} %" if found.n else DASH


def _mark(passed: bool | None) -> Rich:
    return Rich("") if passed is None else Rich("✓", "green") if passed else Rich("✗", "red")
