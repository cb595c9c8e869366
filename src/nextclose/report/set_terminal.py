"""What `nextclose data update` says on the terminal: to be read in ten seconds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.console import Console
from rich.text import Text as Rich

from nextclose.core.evening import SetUpdate, SourceFailure
from nextclose.core.lang import Lang, say
from nextclose.core.results import DataSummary
from nextclose.report.words import counted_sessions, counted_symbols

QUIET, GOOD, BAD = "dim", "green", "yellow"
LISTED = 4
"""Names in a line before it ends in dots."""
LONGEST = 40
"""Letters of a source."""
DAYS = 4
"""Sessions that lack something and are shown, the latest."""
FAILURES = 6
"""Lines about sources before the rest is counted."""


def print_set_update(found: SetUpdate, console: Console, lang: Lang) -> None:
    """What the set holds now, what came in, what is missing, and what the sources did not give."""
    head = say("{symbols} to {as_of}", lang, symbols=counted_symbols(found.symbols, lang), as_of=found.as_of or "—")
    console.print(Rich.assemble((Path(found.folder).name or found.folder, "bold"), "  ", head))
    for line, style in _lines(found, lang):
        console.print(Rich(f"  {line}", style=style))
    for note in found.notes:
        console.print(Rich(f"· {note}", style=QUIET))
    told = _grouped(found.failures)
    for line in told[:FAILURES]:
        console.print(Rich(f"· {line}", style=QUIET))
    if len(told) > FAILURES:
        more = say("and {count} more of that kind (--json has all of them)", lang, count=f"{len(told) - FAILURES:,}")
        console.print(Rich(f"· {more}", style=QUIET))


def _grouped(failures: Sequence[SourceFailure]) -> list[str]:
    """A line for what went wrong in one way at one source."""
    whats: dict[tuple[str, str], list[str]] = {}
    for failure in failures:
        whats.setdefault((failure.source, failure.why), []).append(failure.what)
    return [f"{_short(source)}, {_listed(what, most=2)}: {why}" for (source, why), what in whats.items()]


def _short(source: str) -> str:
    """A long address or path by its ends."""
    half = LONGEST // 2
    return source if len(source) <= LONGEST else f"{source[:half]}...{source[-half:]}"


def print_fetched(found: DataSummary, out: Path, console: Console, lang: Lang) -> None:
    """What was written, and where."""
    read = say("{rows} bars of {symbol}, {first} to {last}", lang,
               rows=f"{found.rows:,}", symbol=found.symbol, first=found.first, last=found.last)  # fmt: skip
    console.print(Rich.assemble(read, "  ", (str(out), "cyan")), soft_wrap=True)


def _lines(found: SetUpdate, lang: Lang) -> list[tuple[str, str]]:
    """(line, style)"""
    lines = [(came(found, lang), GOOD if found.rows else QUIET)]
    if found.new_symbols:
        listed = _listed(found.new_symbols)
        lines.append((say("new: {count} ({listed})", lang, count=len(found.new_symbols), listed=listed), ""))
    if found.rescaled:
        listed = _listed([f"{symbol} ×{ratio:.6g}" for symbol, ratio in found.rescaled.items()])
        told = say(
            "history rescaled (split or dividend): {count} ({listed})", lang, count=len(found.rescaled), listed=listed
        )
        lines.append((told, ""))
    if found.no_session:
        lines.append((say("no session after all: {days}", lang, days=_listed(found.no_session)), ""))
    lines += _missing(found.missing, lang)
    if found.missing:
        lines.append((say("What is missing is asked for again the next time.", lang), QUIET))
    return lines


def _missing(missing: Mapping[str, Sequence[str]], lang: Lang) -> list[tuple[str, str]]:
    lines = [(_lacks(day, symbols, lang), BAD) for day, symbols in list(missing.items())[-DAYS:]]
    if len(missing) > DAYS:
        earlier = counted_sessions(len(missing) - DAYS, lang)
        lines.insert(0, (say("missing on earlier days: {sessions}", lang, sessions=earlier), BAD))
    return lines


def came(found: SetUpdate, lang: Lang) -> str:
    """What came in, in one line."""
    if not found.rows:
        return say("nothing new", lang)
    rows = f"{found.rows:,}"
    if not found.added:
        return say("{rows} rows of earlier sessions came in", lang, rows=rows)
    days = found.added[0] if len(found.added) == 1 else f"{found.added[0]} .. {found.added[-1]}"
    count = counted_sessions(len(found.added), lang)
    return say("{sessions} came in, {days}: {rows} rows", lang, sessions=count, days=days, rows=rows)


def _lacks(day: str, symbols: Sequence[str], lang: Lang) -> str:
    count = counted_symbols(len(symbols), lang)
    return say("missing on {day}: {symbols} ({listed})", lang, day=day, symbols=count, listed=_listed(symbols))


def _listed(names: Sequence[str], most: int = LISTED) -> str:
    return ", ".join(names[:most]) + (", ..." if len(names) > most else "")
