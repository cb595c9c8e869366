"""A ledger on the terminal: what came in, what every model is worth so far, and what to look at."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table
from rich.text import Text as Rich

from nextclose.core.evening import Drift, RunningVerdict, Scored
from nextclose.core.lang import Lang, say
from nextclose.core.results import ModelRow
from nextclose.report.models_table import models_table
from nextclose.report.terminal import MARKS, QUIET
from nextclose.report.words import DASH, counted_sessions, interval, percent, signed

DIGITS = 4
ROOM = {"interval": 104, "band": 88}
"""Columns of the terminal from which a column of the table is shown."""
NAMED = 5
"""Rescaled symbols that are named."""
ALARM = "red"


def print_scored(found: Scored, folder: Path, console: Console, lang: Lang) -> None:
    """What `nextclose market score` added, and the running verdict."""
    console.print()
    console.print(Rich.assemble((_came(found, lang), "bold"), (f"   {folder}", QUIET)))
    for line in _news(found, lang):
        console.print(Rich(line, style=QUIET))
    print_verdict(found.verdict, console, lang)


def print_verdict(verdict: RunningVerdict, console: Console, lang: Lang) -> None:
    """Every model so far; what leaves its band; how to show that the ledger was not changed."""
    drifts = {one.model: one for one in verdict.drift}
    if verdict.models:
        console.print(_models(verdict.models, drifts, console.width, lang))
    for one in verdict.drift:
        if one.alarm:
            console.print(Rich.assemble(("! ", ALARM), one.sentence))
    for row in verdict.models:
        if row.kind == "recipe" and row.verdict != "too few to tell":
            mark, colour = MARKS[row.verdict]
            console.print(Rich.assemble((f"{mark} ", colour), row.sentence))
    for line in (*_counts(verdict, lang), *verdict.reasons.values()):
        console.print(Rich(f"· {line}", style=QUIET))


def _came(found: Scored, lang: Lang) -> str:
    verdict = found.verdict
    if not verdict.scored:
        return say("no truth has come yet", lang)
    came = say("{count} truths came in", lang, count=f"{found.truths:,}") if found.truths else say("no new truth", lang)
    sessions = counted_sessions(verdict.sessions, lang)
    return say("{came}; {sessions} scored up to {as_of}", lang, came=came, sessions=sessions, as_of=verdict.as_of)


def _news(found: Scored, lang: Lang) -> Iterator[str]:
    """What was not as it was said."""
    words = {
        "holiday": say("a holiday that the calendar did not know", lang),
        "suspended": say("a suspension of the symbol", lang),
    }
    if found.redated:
        told = ", ".join(f"{words.get(mark, mark)} {count:,}" for mark, count in found.redated.items())
        yield say("on another session than was said: {told}", lang, told=told)
    if found.rescaled:
        shown = list(found.rescaled.items())[:NAMED]
        told = ", ".join(f"{symbol} × {ratio:.4g}" for symbol, ratio in shown)
        more = ", ..." if len(found.rescaled) > NAMED else ""
        yield say("rescaled since, a split or dividend: {told}", lang, told=told + more)
    if found.waiting:
        yield say("{count} forecasts wait: their session is over, and their bar is not here", lang,
                  count=f"{found.waiting:,}")  # fmt: skip


def _counts(verdict: RunningVerdict, lang: Lang) -> Iterator[str]:
    told = {"scored": f"{verdict.scored:,}", "pending": f"{verdict.pending:,}", "redated": f"{verdict.redated:,}"}
    yield say(
        "{scored} forecasts have their truth, {redated} of them on another session; {pending} are pending", lang, **told
    )
    if verdict.scored and not verdict.in_time:
        yield say(
            "A replay: none of them is known to have been written before its session opened, so they show what would have "
            "been said, and prove nothing.",
            lang,
        )
    elif verdict.scored:
        count, every = f"{verdict.in_time:,}", f"{verdict.scored:,}"
        yield say("{count} of {every} were written before their session opened", lang, count=count, every=every)
    yield say(
        "{entries} entries, the last {head}: noted elsewhere, --expect shows by it later that none was cut off",
        lang,
        entries=f"{verdict.entries:,}",
        head=verdict.head[:16],
    )


def _models(models: tuple[ModelRow, ...], drifts: dict[str, Drift], width: int, lang: Lang) -> Table:
    titles = {
        "skill": say("skill", lang), "interval": say("90 % interval", lang), "direction": say("direction", lang),
        "coverage": say("coverage", lang), "recent": say("recent error", lang), "band": say("its band", lang),
    }  # fmt: skip
    shown = {name: title for name, title in titles.items() if width >= ROOM.get(name, 0)}
    return models_table(models, shown, lambda row: _cells(row, drifts.get(row.name)), lang)


def _cells(row: ModelRow, drift: Drift | None) -> dict[str, Rich]:
    recent = DASH if drift is None or row.step > 1 else f"{drift.ratio:.3f}" + " !" * drift.alarm
    band = DASH if drift is None or row.step > 1 else f"{drift.low:.3f} .. {drift.high:.3f}"
    coverage = percent(row.coverage)
    if np.isfinite(row.coverage) and np.isfinite(row.level):
        coverage += f" / {100.0 * row.level:.0f}"
    known = row.name != "persistence"
    return {
        "skill": Rich(signed(row.skill, DIGITS)),
        "interval": Rich(interval(row.skill_lo, row.skill_hi, DIGITS) if known else DASH),
        "direction": Rich(percent(row.directional_accuracy)),
        "coverage": Rich(coverage),
        "recent": Rich(recent, style=ALARM if drift is not None and drift.alarm else ""),
        "band": Rich(band),
    }
