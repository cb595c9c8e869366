"""Results on the terminal: 100 columns, tidy without colour too."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text as Rich

from nextclose.core.lang import Lang, say
from nextclose.core.results import DataSummary, Judgement, Ladder, ModelRow, SplitDates, StudyResult, Tomorrow
from nextclose.report.words import percent, price, signed, verdict_word

QUIET, ACCENT = "dim", "cyan"
MARKS = {
    "beats persistence": ("▲", "green"),
    "worse than persistence": ("▼", "red"),
    "no difference found": ("=", "yellow"),
    "too few to tell": ("?", "dim"),
}
BAR = 28
"""Columns of the longest bar of the ladder."""


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
    refit = (
        say("fitted once", lang)
        if split.refit_every is None
        else say("refitted every {n} sessions, {folds} folds", lang, n=split.refit_every, folds=len(split.folds))
    )
    console.print(
        say(
            "test   {start} to {end}   {sessions} sessions, {refit}",
            lang,
            start=split.test_start,
            end=split.test_end,
            sessions=f"{split.test_sessions:,}",
            refit=refit,
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
    """Leaderboard, verdicts, ladder, tomorrow, notes and where the report lies."""
    lang = study.lang
    console.print()
    console.print(_leaderboard(study.models, lang))
    _print_sentences([row for row in study.models if row.kind == "recipe"], console)
    if study.ladder is not None:
        _print_ladder(study.ladder, console, lang)
    print_tomorrow(study.tomorrow, study.notes, console, lang)
    if folder is not None:
        console.print()
        console.print(
            Rich.assemble((say("report", lang) + "  ", "bold"), (str(folder / "report.html"), ACCENT)), soft_wrap=True
        )


def print_judgement(judged: Judgement, console: Console, lang: Lang) -> None:
    """A leaderboard and a verdict for each model of a file."""
    console.print(_leaderboard(judged.models, lang))
    _print_sentences(judged.models, console)
    _print_notes(judged.notes, console)


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
    _print_notes(notes, console)


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
        span = f"{price(row.lo)} .. {price(row.hi)}" if np.isfinite(row.lo) else "—"
        cells = [
            price(row.yhat),
            signed(100.0 * (row.yhat / row.last_close - 1.0), 2) + " %",
            span,
            percent(row.p_up, 0),
        ]
        table.add_row(row.model, *([row.target_date or "—"] if steps else []), *cells)
    return table


def _leaderboard(models: Sequence[ModelRow], lang: Lang) -> Table:
    """Every row, best skill first; the plainer forecasts are dimmed."""
    base = next((row.rmse for row in models if row.name == "persistence"), None)
    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1))
    table.add_column(say("model", lang), no_wrap=True)
    for title in (
        "n",
        "RMSE",
        say("ratio", lang),
        say("skill", lang),
        say("90 % interval", lang),
        say("direction", lang),
    ):
        table.add_column(title, justify="right", no_wrap=True)
    table.add_column(say("verdict", lang), no_wrap=True)
    for row in sorted(models, key=lambda row: (row.step, -row.skill if np.isfinite(row.skill) else np.inf)):
        mark, colour = MARKS[row.verdict]
        name = row.name if row.step == 1 else f"{row.name} +{row.step}"
        ratio = f"{row.rmse / base:.2f}" if base else "—"
        verdict = (
            Rich("") if row.name == "persistence" else Rich(f"{mark} {verdict_word(row.verdict, lang)}", style=colour)
        )
        table.add_row(
            name,
            str(row.n),
            price(row.rmse),
            ratio,
            signed(row.skill, 3),
            f"{signed(row.skill_lo, 3)}..{signed(row.skill_hi, 3)}",
            f"{percent(row.directional_accuracy)}",
            verdict,
            style=QUIET if row.kind == "baseline" else None,
        )
    up = models[0].always_up
    table.caption = say(
        "ratio: RMSE / RMSE of persistence; always up: {up} right; {ties} of sessions closed unchanged",
        lang,
        up=percent(up),
        ties=percent(models[0].ties),
    )
    table.caption_justify = "left"
    return table


def _print_sentences(rows: Sequence[ModelRow], console: Console) -> None:
    for row in rows:
        mark, colour = MARKS[row.verdict]
        console.print()
        console.print(Rich.assemble((f"{mark} ", colour), row.sentence))


def _print_ladder(ladder: Ladder, console: Console, lang: Lang) -> None:
    """The rungs with a bar each, as long as the logarithm of the error is above persistence's."""
    console.print()
    console.print(Rich(say("The ladder: error in multiples of repeating the last close", lang), style="bold"))
    ratios = [_typical(rung.rmse_ratio_by_seed, rung.rmse_ratio) for rung in ladder.rungs]
    longest = float(np.log(max(*ratios, 1.5)))
    table = Table.grid(padding=(0, 2))
    for rung, ratio in zip(ladder.rungs, ratios, strict=True):
        length = max(round(BAR * np.log(ratio) / longest), 0)
        style = ACCENT if rung.name == ladder.decisive else QUIET
        table.add_row(Rich(f"{ratio:6.2f}"), Rich("█" * length or "▏", style=style), Rich(rung.change))
    console.print(table)
    console.print(ladder.sentence)


def _typical(by_seed: Sequence[float], own: float) -> float:
    return float(np.median(by_seed)) if by_seed else own


def _print_notes(notes: Sequence[str], console: Console) -> None:
    for note in notes:
        console.print(Rich(f"· {note}", style=QUIET))


def _finding(note: Mapping[str, object], lang: Lang) -> Rich:
    """One kind of finding: what, how many, what was done, and the first dates."""
    values = note["values"] if isinstance(note["values"], Mapping) else {}
    text = say(str(note["template"]), lang, **values)
    dates = note["dates"] if isinstance(note["dates"], Sequence) else ()
    action = say(
        {"dropped": "left out", "kept": "kept", "applied": "applied", "noted": "noted"}[str(note["action"])], lang
    )
    count = say("{count} rows", lang, count=note["count"])
    shown = f" ({', '.join(map(str, dates[:3]))}{', ...' if len(dates) > 3 else ''})" if dates else ""
    return Rich(f"  {text}: {count}, {action}{shown}", style=QUIET)
