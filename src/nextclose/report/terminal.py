"""Results on the terminal: 100 columns, tidy without colour too."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from rich.box import SIMPLE_HEAD
from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text as Rich

from nextclose.core.future import FutureTest
from nextclose.core.lang import Lang, say
from nextclose.core.results import (
    Contest,
    DataSummary,
    IntervalRow,
    Judgement,
    Ladder,
    ModelRow,
    SplitDates,
    StudyResult,
    Tomorrow,
)
from nextclose.report.findings import finding_action, finding_count, finding_dates, finding_text
from nextclose.report.trading_terminal import print_trading
from nextclose.report.words import DASH, by_skill, change, percent, price, refit_words, signed, verdict_word

QUIET, ACCENT = "dim", "cyan"
MARKS = {
    "beats persistence": ("▲", "green"),
    "worse than persistence": ("▼", "red"),
    "no difference found": ("=", "yellow"),
    "too few to tell": ("?", "dim"),
}
LONGEST = 18
"""Columns of a model's name, cut behind them."""
BAR = 28
"""Columns of the longest bar of the ladder."""
WIDE = 94
"""Columns from which the leaderboard has room for the skill's interval and the ladder for its longest bar."""


def print_start(data: DataSummary, split: SplitDates, console: Console, lang: Lang) -> None:
    """What was read and found, and the split, before any work."""
    head = say(
        "{rows} bars of {symbol}, {first} to {last}",
        lang,
        rows=f"{data.rows:,}",
        symbol=data.symbol,
        first=data.first,
        last=data.last,
    )
    console.print(Rich.assemble((head, "bold"), (f"   {data.source}", QUIET)))
    for note in data.notes:
        console.print(_finding(note, lang))
    console.print(
        say(
            "train  {start} to {end}   {sessions} sessions",
            lang,
            start=split.train_start,
            end=split.train_end,
            sessions=f"{split.train_sessions:,}",
        )
    )
    console.print(
        say(
            "test   {start} to {end}   {sessions} sessions, {refit}",
            lang,
            start=split.test_start,
            end=split.test_end,
            sessions=f"{split.test_sessions:,}",
            refit=refit_words(split, lang),
        )
    )
    for text in split.notes:
        console.print(Rich(f"  {text}", style=QUIET))


def print_shapes(model: str, shapes: Mapping[str, tuple[int, ...]], console: Console, lang: Lang) -> None:
    """A recipe's windows, and how the loop over time sees them."""
    parts = "  ".join(f"{name} {tuple(shape)}" for name, shape in shapes.items())
    N, L, F = shapes["X_train"]
    console.print(Rich(f"{model}: {parts}", style=ACCENT))
    console.print(
        Rich(
            "  " + say("time-major ({L}, {N}, {F}): a loop of {L} batches ({N}, {F})", lang, L=L, N=N, F=F), style=QUIET
        )
    )


def print_study(study: StudyResult, console: Console, *, folder: Path | None = None) -> None:
    """Leaderboard, verdicts, the models against each other, ladder, tomorrow, notes and where the report lies."""
    lang = study.lang
    console.print()
    _print_leaderboard(study.models, console, lang)
    recipes = [row for row in study.models if row.kind == "recipe"]
    _print_sentences(recipes, console)
    _print_intervals(study.intervals, recipes, console)
    _print_contests(study.contests, console, lang)
    if study.ladder is not None:
        _print_ladder(study.ladder, console, lang)
    print_tomorrow(study.tomorrow, study.notes, console, lang)
    if folder is not None:
        print_path(folder / "report.html", console, lang)


def print_judgement(judged: Judgement, console: Console, lang: Lang, *, report: Path | None = None) -> None:
    """A leaderboard, for each model of a file a verdict and of what it is a copy, the models against each other, notes."""
    _print_leaderboard((*judged.models, *judged.beside), console, lang)
    _print_sentences(judged.models, console, shifts=True)
    _print_intervals(judged.intervals, judged.models, console)
    _print_contests(judged.contests, console, lang)
    if judged.trading is not None:
        print_trading(judged.trading, console, lang)
    if judged.notes:
        console.print()
    print_notes(judged.notes, console)
    if report is not None:
        print_path(report, console, lang)


def print_future_test(tested: FutureTest, console: Console, lang: Lang) -> None:
    """What was altered, and the sentence."""
    mark, colour = ("✓", "green") if tested.passed else ("✗", "red")
    title = say("Future test of {name} on {symbol}", lang, name=tested.name, symbol=tested.symbol)
    console.print(Rich(title, style="bold"))
    if tested.cuts:
        done = say(
            "bars after {cuts} altered: {alterations}",
            lang,
            cuts=", ".join(tested.cuts),
            alterations="; ".join(tested.alterations),
        )
        console.print(Rich(done, style=QUIET))
    console.print()
    console.print(Rich.assemble((f"{mark} ", colour), tested.sentence))


def print_tomorrow(rows: Sequence[Tomorrow], notes: Sequence[str], console: Console, lang: Lang) -> None:
    """The next session's close by model."""
    if rows:
        first = rows[0]
        day = first.target_date or say("the next session (no date)", lang)
        title = say(
            "{symbol} on {day}, after {origin} at {last}",
            lang,
            symbol=first.symbol,
            day=day,
            origin=first.origin,
            last=price(first.last_close),
        )
        console.print()
        console.print(Rich(title, style="bold"))
        console.print(_tomorrow_table(rows, lang))
    print_notes(notes, console)


def _tomorrow_table(rows: Sequence[Tomorrow], lang: Lang) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 2))
    table.add_column(say("model", lang), no_wrap=True)
    steps = max(row.step for row in rows) > 1
    if steps:
        table.add_column(say("date", lang))
    interval = say("{level} interval", lang, level=percent(rows[0].level, 0))
    for title in (say("close", lang), say("change", lang), interval, say("P(rise)", lang)):
        table.add_column(title, justify="right", no_wrap=True)
    for row in rows:
        span = f"{price(row.lo)} .. {price(row.hi)}" if np.isfinite(row.lo) else DASH
        cells = [price(row.yhat), change(row.yhat, row.last_close), span, percent(row.p_up, 0)]
        table.add_row(Rich(row.model), *([row.target_date or DASH] if steps else []), *cells)
    return table


def _print_leaderboard(models: Sequence[ModelRow], console: Console, lang: Lang) -> None:
    """Every row, best skill first; the plainer forecasts are dimmed."""
    wide, steps = console.width >= WIDE, max(row.step for row in models) > 1
    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1))
    if steps:
        table.add_column(say("step", lang), justify="right", no_wrap=True)
    table.add_column(say("model", lang), no_wrap=True, max_width=LONGEST)
    numbers = ["n", "RMSE", *([] if steps else [say("ratio", lang)]), say("skill", lang)]
    shown = [*numbers, *([say("90 % interval", lang)] if wide else []), *([] if steps else [say("direction", lang)])]
    for title in shown:
        table.add_column(title, justify="right", no_wrap=True)
    table.add_column(say("verdict", lang), no_wrap=True)
    ordered = by_skill(models)
    for row, after in zip(ordered, (*ordered[1:], None), strict=True):
        style, ends = QUIET if row.kind == "baseline" else None, after is not None and after.step != row.step
        named = [str(row.step), Rich(row.name)] if steps else [Rich(row.name)]
        table.add_row(*named, *_cells(row, lang, wide=wide, steps=steps), style=style, end_section=ends)
    console.print(table)
    shares = {"up": percent(models[0].always_up), "ties": percent(models[0].ties)}
    explained = (
        say("step 1: always up: {up} right; {ties} of sessions closed unchanged", lang, **shares)
        if steps
        else say(
            "ratio: RMSE / RMSE of persistence; always up: {up} right; {ties} of sessions closed unchanged",
            lang,
            **shares,
        )
    )
    console.print(Rich(explained, style=QUIET))


def _cells(row: ModelRow, lang: Lang, *, wide: bool, steps: bool) -> list[RenderableType]:
    own = row.name == "persistence"
    mark, colour = MARKS[row.verdict]
    known = np.isfinite(row.skill_lo) and not own
    interval = f"{signed(row.skill_lo)} .. {signed(row.skill_hi)}" if known else DASH
    return [
        f"{row.n:,}",
        price(row.rmse),
        *([] if steps else [f"{row.rmse_ratio:.2f}" if np.isfinite(row.rmse_ratio) else DASH]),
        signed(row.skill),
        *([interval] if wide else []),
        *([] if steps else [percent(row.directional_accuracy)]),
        Rich(DASH) if own else Rich(f"{mark} {verdict_word(row.verdict, lang)}", style=colour),
    ]


def _print_sentences(rows: Sequence[ModelRow], console: Console, *, shifts: bool = False) -> None:
    """A paragraph a row; with `shifts` the diagnosis below it, but for persistence."""
    for row in rows:
        own = row.name == "persistence"
        mark, colour = ("·", QUIET) if own else MARKS[row.verdict]
        console.print()
        console.print(Rich.assemble((f"{mark} ", colour), row.sentence))
        if shifts and not own and row.shift is not None:
            console.print(Rich(row.shift.sentence, style=QUIET))


def _print_intervals(intervals: Sequence[IntervalRow], rows: Sequence[ModelRow], console: Console) -> None:
    """A line for each of `rows` that has intervals."""
    names = {(row.name, row.step) for row in rows}
    told = [row.sentence for row in intervals if (row.model, row.step) in names]
    if told:
        console.print()
    for sentence in told:
        console.print(Rich(sentence, style=QUIET))


def _print_contests(contests: Sequence[Contest], console: Console, lang: Lang) -> None:
    """A sentence a step."""
    if contests:
        console.print()
    for contest in contests:
        step = say("step {step}", lang, step=contest.step) + ": " if len(contests) > 1 else ""
        console.print(Rich(step + contest.sentence))


def print_path(path: Path, console: Console, lang: Lang) -> None:
    """Where the report lies."""
    console.print()
    console.print(Rich.assemble((say("report", lang) + "  ", "bold"), (str(path), ACCENT)), soft_wrap=True)


def _print_ladder(ladder: Ladder, console: Console, lang: Lang) -> None:
    """The rungs with a bar each, as long as the logarithm of the error is above persistence's."""
    console.print()
    console.print(Rich(say("The ladder: error in multiples of repeating the last close", lang), style="bold"))
    ratios = [rung.typical for rung in ladder.rungs]
    known = [ratio for ratio in ratios if np.isfinite(ratio)]
    per_column = np.log(max(*known, 1.5)) / (BAR if console.width >= WIDE else BAR // 2)
    table = Table.grid(padding=(0, 2))
    for rung, ratio in zip(ladder.rungs, ratios, strict=True):
        length = max(round(np.log(ratio) / per_column), 0) if np.isfinite(ratio) else 0
        style = ACCENT if rung.name == ladder.decisive else QUIET
        number = f"{ratio:6.2f}" if np.isfinite(ratio) else f"{DASH:>6}"
        table.add_row(number, Rich("█" * length or "▏", style=style), Rich(rung.change))
    console.print(table)
    console.print(Rich(ladder.sentence))


def print_notes(notes: Sequence[str], console: Console) -> None:
    """A quiet line each."""
    for note in notes:
        console.print(Rich(f"· {note}", style=QUIET))


def _finding(note: Mapping[str, Any], lang: Lang) -> Rich:
    """One kind of finding: what, how many, what was done, and the first dates."""
    dates = finding_dates(note, 3)
    text = f"  {finding_text(note, lang)}: {finding_count(note, lang)}, {finding_action(note, lang)}"
    return Rich(f"{text} ({dates})" if dates else text, style=QUIET)
