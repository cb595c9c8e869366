"""An update and an evening's forecasts on the terminal: what was done, and who has no number and why."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from rich.console import Console
from rich.text import Text as Rich

from nextclose.core.evening import FAILURES, STATUSES, LiveUpdate, Predicted, Status
from nextclose.core.lang import Lang, say
from nextclose.report.terminal import ACCENT, QUIET
from nextclose.report.words import counted_symbols

NAMED = 5
"""Symbols or sessions that are named."""
BAD = "yellow"


def print_update(found: LiveUpdate, folder: Path, console: Console, lang: Lang) -> None:
    """What `nextclose market update` did."""
    console.print()
    console.print(Rich.assemble((_updated(found, lang), "bold"), (f"   {folder}", QUIET)))
    if not found.already:
        for line in _work(found, lang):
            console.print(Rich(line))
    _print_counts(found.statuses, found.symbols, found.reasons, console, lang)
    if found.rescaled:
        told = _few([f"{symbol} × {ratio:.4g}" for symbol, ratio in found.rescaled.items()])
        console.print(Rich("· " + say("prices rescaled, a split or dividend: {told}", lang, told=told), style=QUIET))
    if found.refitted:
        told = _few(list(found.refitted))
        line = say("another history than before, so their nets were fitted anew: {told}", lang, told=told)
        console.print(Rich(f"· {line}", style=QUIET))
    if not found.already:
        console.print(Rich("· " + _seconds(found.seconds, lang), style=QUIET))


def print_predicted(found: Predicted, folder: Path, console: Console, lang: Lang) -> None:
    """What `nextclose market predict` wrote."""
    console.print()
    console.print(Rich.assemble((_target(found, lang), "bold"), (f"   {folder}", QUIET)))
    if found.reason is not None:
        console.print(Rich(found.reason, style=BAD))
    _print_counts(found.statuses, sum(found.statuses.values()), found.reasons, console, lang)
    for line in _written(found, lang):
        console.print(Rich(f"· {line}", style=QUIET))
    if found.entry is not None:
        console.print(Rich(f"nextclose market score {folder}", style=ACCENT), soft_wrap=True)


def _updated(found: LiveUpdate, lang: Lang) -> str:
    if found.already:
        return say("up to {as_of} already", lang, as_of=found.as_of)
    if not found.new_sessions:
        return say("up to {as_of}, no new session", lang, as_of=found.as_of)
    count = len(found.new_sessions)
    if count == 1:
        return say("up to {as_of}, one new session", lang, as_of=found.as_of)
    return say("up to {as_of}, {count} new sessions", lang, as_of=found.as_of, count=f"{count:,}")


def _work(found: LiveUpdate, lang: Lang) -> Iterator[str]:
    """What was fitted."""
    for recipe, why in found.due.items():
        yield f"{recipe}: {why}"
    if found.fits:
        yield say("{fits} nets fitted", lang, fits=f"{found.fits:,}")
    else:
        yield say("no refit was due: the saved nets serve on", lang)


def _target(found: Predicted, lang: Lang) -> str:
    if found.target_date is None:
        return say("the session after {origin}", lang, origin=found.origin)
    return say("{target}, forecast from {origin}", lang, target=found.target_date, origin=found.origin)


def _written(found: Predicted, lang: Lang) -> Iterator[str]:
    """Where the forecasts stand, and whether they were made before that session."""
    if found.entry is None:
        yield say("the ledger held these forecasts before; nothing was added", lang)
    else:
        count = len(found.models)
        yield say("entry {entry} of the ledger, {count} models a symbol", lang, entry=found.entry, count=count)
    if found.in_time:
        yield say("written before that session opens", lang)
    elif found.in_time is False:
        yield say("that session had opened before: a replay, which proves nothing", lang)
    yield _seconds(found.seconds, lang)


def _print_counts(
    statuses: Mapping[Status, int], symbols: int, reasons: Mapping[str, str], console: Console, lang: Lang
) -> None:
    """Symbols by status, and why those that somebody should look at have no number."""
    words = _words(lang)
    others = [f"{words[status]} {statuses[status]:,}" for status in STATUSES[1:] if statuses.get(status)]
    head = say("{ok} of {symbols} have nets and a bar", lang, ok=f"{statuses.get('ok', 0):,}",
               symbols=counted_symbols(symbols, lang))  # fmt: skip
    bad = any(statuses.get(status) for status in FAILURES)
    console.print(Rich.assemble(head, (f"   {', '.join(others)}" if others else "", BAD if bad else QUIET)))
    for symbol, why in list(reasons.items())[:NAMED]:
        console.print(Rich.assemble((f"  {symbol}  ", BAD), (why, QUIET)))
    if len(reasons) > NAMED:
        more = say("and {count} more; --json names all", lang, count=f"{len(reasons) - NAMED:,}")
        console.print(Rich(f"  {more}", style=QUIET))


def _words(lang: Lang) -> dict[str, str]:
    return {
        "suspended": say("suspended", lang), "stale": say("stale", lang), "ended": say("ended", lang),
        "too-few-bars": say("too few bars", lang), "faulty": say("faulty rows", lang), "failed": say("failed", lang),
    }  # fmt: skip


def _few(told: list[str]) -> str:
    return ", ".join(told[:NAMED]) + (", ..." if len(told) > NAMED else "")


def _seconds(seconds: float, lang: Lang) -> str:
    return say("{seconds} seconds", lang, seconds=f"{seconds:,.1f}")
