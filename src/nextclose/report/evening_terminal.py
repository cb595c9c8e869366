"""An evening on the terminal or in a mail: what must be looked at first, then a line a step."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from rich.console import Console
from rich.table import Table
from rich.text import Text as Rich

from nextclose.core.evening import STATUSES, Evening, LiveUpdate, Predicted, Scored, SetUpdate
from nextclose.core.lang import Lang, say
from nextclose.core.results import ModelRow
from nextclose.report.set_terminal import came
from nextclose.report.terminal import MARKS, QUIET
from nextclose.report.words import counted_sessions, counted_symbols, model_name, percent, signed, verdict_word

DIGITS = 4
NAMED = 4
"""Symbols that are named before a list ends in dots."""
DAYS = 3
"""Sessions that lack something and are shown, the latest; kinds of failures that are told."""
BAD = "yellow"


def alarms(found: Evening, lang: Lang, *, too_many: bool) -> list[str]:
    """What somebody should look at now, a line each: sessions that did not come, drift, more failures than may be."""
    lines = _lost(found, lang)
    lines += [say("drift: {sentence}", lang, sentence=one.sentence) for one in found.scored.verdict.drift if one.alarm]
    if too_many and found.max_failures is not None:
        lines.append(
            say(
                "{symbols} failed, and --max-failures allows {most}: exit status 3",
                lang,
                symbols=counted_symbols(found.failures, lang),
                most=f"{found.max_failures:,}",
            )
        )
    elif too_many:
        lines.append(
            say("{symbols} failed, every one: exit status 3", lang, symbols=counted_symbols(found.failures, lang))
        )
    return lines


def print_evening(found: Evening, console: Console, lang: Lang, *, quiet: bool) -> None:
    """What each step came to; `quiet`: nothing new was found to do."""
    console.print(Rich.assemble((_head(found, lang), "bold"), (f"   {found.run}", QUIET)))
    if quiet:
        console.print(say("Nothing new since {as_of}; nothing was written.", lang, as_of=found.as_of))
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    table.add_column()
    blocks = [
        (say("bars", lang), _data(found.data, lang)),
        (say("nets", lang), _nets(found.update, lang)),
        (say("forecasts", lang), _forecasts(found.predicted, lang)),
        (say("truths", lang), _truths(found.scored, lang)),
        (say("so far", lang), _so_far(found.scored, lang)),
        (say("ledger", lang), _ledger(found.scored, lang)),
    ]
    for title, lines in blocks:
        for at, line in enumerate(lines):
            table.add_row(Rich(title if at == 0 else "", style=QUIET), line)
    console.print(table)
    for note in found.notes:
        console.print(Rich(f"· {note}", style=QUIET))
    console.print(Rich("· " + say("{seconds} seconds", lang, seconds=f"{found.seconds:,.1f}"), style=QUIET))


def _lost(found: Evening, lang: Lang) -> list[str]:
    """Sessions that are over, and that the run cannot go on with."""
    lines = []
    for session, names in (found.data.missing if found.data is not None else {}).items():
        if found.data is not None and session > found.data.as_of:
            lines.append(say("no bar of {session} came; it is asked for again the next time", lang, session=session))
        elif session > found.as_of:
            lines.append(
                say(
                    "too few bars of {session} came to go on with it: {symbols} are asked for again the next time",
                    lang,
                    session=session,
                    symbols=counted_symbols(len(names), lang),
                )
            )
    return lines


def _head(found: Evening, lang: Lang) -> str:
    predicted = found.predicted
    have, every = predicted.statuses.get("ok", 0), counted_symbols(sum(predicted.statuses.values()), lang)
    counts = {"as_of": found.as_of, "have": f"{have:,}", "symbols": every}
    if predicted.target_date is None:
        return say("{as_of}: {have} of {symbols} have a forecast for the next session", lang, **counts)
    return say(
        "{as_of}: {have} of {symbols} have a forecast for {target}", lang, target=predicted.target_date, **counts
    )


def _data(data: SetUpdate | None, lang: Lang) -> Iterator[Rich]:
    if data is None:
        yield Rich(say("the run's own files, which nextclose data update does not keep", lang))
        return
    yield Rich(came(data, lang))
    if data.new_symbols:
        listed = _listed(data.new_symbols)
        yield Rich(say("new: {count} ({listed})", lang, count=len(data.new_symbols), listed=listed))
    if data.rescaled:
        listed = _listed([f"{symbol} ×{ratio:.6g}" for symbol, ratio in data.rescaled.items()])
        count = len(data.rescaled)
        yield Rich(say("history rescaled (split or dividend): {count} ({listed})", lang, count=count, listed=listed))
    for day, symbols in list(data.missing.items())[-DAYS:]:
        lacking = counted_symbols(len(symbols), lang)
        told = say("missing on {day}: {symbols} ({listed})", lang, day=day, symbols=lacking, listed=_listed(symbols))
        yield Rich(told, style=BAD)
    if len(data.missing) > DAYS:
        earlier = counted_sessions(len(data.missing) - DAYS, lang)
        yield Rich(say("missing on earlier days: {sessions}", lang, sessions=earlier), style=BAD)
    yield from _sources(data)


def _sources(data: SetUpdate) -> Iterator[Rich]:
    """What went wrong, each kind once."""
    kinds = list(dict.fromkeys((one.source, one.what, one.why) for one in data.failures))
    for source, what, why in kinds[:DAYS]:
        yield Rich(f"{source} {what}: {why}", style=BAD)
    if len(kinds) > DAYS:
        yield Rich(f"+ {len(kinds) - DAYS:,}", style=BAD)


def _nets(update: LiveUpdate, lang: Lang) -> Iterator[Rich]:
    if update.already or not update.fits:
        yield Rich(say("no refit was due: the saved nets serve on", lang))
    else:
        recipes = "; ".join(f"{name}: {why}" for name, why in update.due.items())
        fits = say("{fits} nets fitted", lang, fits=f"{update.fits:,}")
        yield Rich(f"{fits} ({recipes})" if recipes else fits)
    if update.already:
        return
    if update.rescaled:
        listed = _listed([f"{symbol} ×{ratio:.6g}" for symbol, ratio in update.rescaled.items()])
        yield Rich(say("served in the new price basis: {listed}", lang, listed=listed))
    if update.refitted:
        told = _listed(update.refitted)
        yield Rich(say("another history than before, so their nets were fitted anew: {told}", lang, told=told))


def _forecasts(found: Predicted, lang: Lang) -> Iterator[Rich]:
    words = {
        "ok": say("with a number", lang), "suspended": say("suspended", lang), "stale": say("stale", lang),
        "ended": say("ended", lang), "too-few-bars": say("too few bars", lang), "faulty": say("faulty rows", lang),
        "failed": say("failed", lang),
    }  # fmt: skip
    counts = [f"{words[status]} {found.statuses[status]:,}" for status in STATUSES if found.statuses.get(status)]
    yield Rich(", ".join(counts))
    by_reason: dict[str, list[str]] = {}
    for symbol, why in found.reasons.items():
        by_reason.setdefault(why, []).append(symbol)
    for why, symbols in list(by_reason.items())[:DAYS]:
        yield Rich(f"{_listed(symbols)}: {why}", style=BAD)
    if len(by_reason) > DAYS:
        rest = sum(map(len, list(by_reason.values())[DAYS:]))
        yield Rich(say("and {count} more; --json names all", lang, count=f"{rest:,}"), style=BAD)
    if found.reason is not None:
        yield Rich(found.reason, style=BAD)
    if found.entry is None:
        yield Rich(say("the ledger held these forecasts before; nothing was added", lang), style=QUIET)
    elif found.in_time is False:
        yield Rich(say("that session had opened before: a replay, which proves nothing", lang), style=BAD)


def _truths(found: Scored, lang: Lang) -> Iterator[Rich]:
    words = {
        "holiday": say("a holiday that the calendar did not know", lang),
        "suspended": say("a suspension of the symbol", lang),
    }
    told = say("{count} truths came in", lang, count=f"{found.truths:,}") if found.truths else say("no new truth", lang)
    yield Rich(told)
    if found.redated:
        told = ", ".join(f"{words.get(mark, mark)} {count:,}" for mark, count in found.redated.items())
        yield Rich(say("on another session than was said: {told}", lang, told=told))
    if found.rescaled:
        told = _listed([f"{symbol} × {ratio:.4g}" for symbol, ratio in found.rescaled.items()])
        yield Rich(say("rescaled since, a split or dividend: {told}", lang, told=told))
    if found.waiting:
        waiting = f"{found.waiting:,}"
        told = say("{count} forecasts wait: their session is over, and their bar is not here", lang, count=waiting)
        yield Rich(told, style=BAD)


def _so_far(found: Scored, lang: Lang) -> Iterator[Rich]:
    """A line a recipe, from the ledger alone."""
    verdict = found.verdict
    recipes = [row for row in verdict.models if row.kind == "recipe"]
    drifting = {one.model for one in verdict.drift if one.alarm}
    if not recipes:
        yield Rich(say("no session is scored yet", lang))
    for row in recipes:
        mark, colour = MARKS[row.verdict]
        parts = [model_name(row, lang), f"{mark} {verdict_word(row.verdict, lang)}"]
        parts.append(f"{say('skill', lang)} {signed(row.skill, DIGITS)}{_within(row)}")
        if np.isfinite(row.coverage):
            told = say(
                "{coverage} of {level} covered", lang, coverage=percent(row.coverage), level=percent(row.level, 0)
            )
            parts.append(told)
        if row.name in drifting:
            parts.append(say("drift", lang))
        yield Rich(", ".join(parts), style="red" if row.name in drifting else colour)


def _within(row: ModelRow) -> str:
    if not np.isfinite(row.skill_lo):
        return ""
    return f" ({signed(row.skill_lo, DIGITS)} .. {signed(row.skill_hi, DIGITS)})"


def _ledger(found: Scored, lang: Lang) -> Iterator[Rich]:
    """Its last hash in full: whoever keeps the mail can show by it later that nothing was changed or cut off."""
    verdict = found.verdict
    counts = {"entries": f"{verdict.entries:,}", "sessions": counted_sessions(verdict.sessions, lang)}
    told = say("{entries} entries, {sessions} scored, {pending} forecasts pending; the last hash:", lang,
               pending=f"{verdict.pending:,}", **counts)  # fmt: skip
    yield Rich(told)
    yield Rich(verdict.head)


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:NAMED]) + (", ..." if len(names) > NAMED else "")
