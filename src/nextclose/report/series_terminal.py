"""A recipe with a series of its own on the terminal: one step ahead, alone, and where the page lies."""

from __future__ import annotations

from pathlib import Path

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text as Rich

from nextclose.core.lang import Lang, say
from nextclose.core.results import StudyResult
from nextclose.core.series import SeriesData, SeriesResult
from nextclose.report.terminal import QUIET, print_notes, print_path, print_study
from nextclose.report.words import signed


def print_series_start(data: SeriesData, console: Console, lang: Lang) -> None:
    """What the series is, and that all of it trains, before any work."""
    head = say(
        "{rows} points of {formula}, t from {start} to {stop}",
        lang,
        rows=f"{data.rows:,}",
        formula=data.formula,
        start=f"{data.start:g}",
        stop=f"{data.stop:g}",
    )
    console.print(Rich(head, style="bold"))
    console.print(say("train  all of them; the test is to go on alone from the first window", lang))


def print_run(study: StudyResult | SeriesResult, console: Console, *, folder: Path | None = None) -> None:
    """What a run found, on bars or on a recipe's own series."""
    if isinstance(study, SeriesResult):
        print_series(study, console, folder=folder)
    else:
        print_study(study, console, folder=folder)


def print_series(study: SeriesResult, console: Console, *, folder: Path | None = None) -> None:
    """The table, a sentence for each task, notes and where the report lies."""
    lang = study.lang
    console.print()
    console.print(_table(study, lang))
    explained = say(
        "ratio and skill: against persistence, one step ahead; follows: steps before the error exceeds {threshold}",
        lang,
        threshold=f"{study.rollout.threshold:.2f}",
    )
    console.print(Rich(explained, style=QUIET))
    for sentence in (study.models[0].sentence, study.rollout.sentence):
        console.print()
        console.print(Rich(sentence))
    console.print()
    print_notes(study.notes, console)
    if folder is not None:
        print_path(folder / "report.html", console, lang)


def _table(study: SeriesResult, lang: Lang) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1))
    table.add_column(say("model", lang), no_wrap=True)
    titles = (
        say("RMSE, one step", lang),
        say("ratio", lang),
        say("skill", lang),
        say("RMSE, alone", lang),
        say("follows", lang),
    )
    for title in titles:
        table.add_column(title, justify="right", no_wrap=True)
    for row, alone in zip(study.models, study.rollout.models, strict=True):
        table.add_row(
            Rich(row.name),
            f"{row.rmse:.4f}",
            f"{row.rmse_ratio:.2f}",
            signed(row.skill),
            f"{alone.rmse:.2f}",
            say("{n} of {steps}", lang, n=f"{alone.follows_steps:,}", steps=f"{study.rollout.steps:,}"),
            style=QUIET if row.kind == "baseline" else None,
        )
    return table
