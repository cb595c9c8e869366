"""What is not in the numbers: symbols left out, with their reasons, and faults found in the bars."""

from __future__ import annotations

from collections.abc import Sequence

from nextclose.core.lang import Lang, say
from nextclose.report.findings import action_word
from nextclose.report.html import Markup, section, table, tag
from nextclose.report.market_view import FaultCount, LeftOut, MarketView
from nextclose.report.market_words import kind_word
from nextclose.report.words import counted_symbols

LISTED = 200
"""Symbols of one kind that the page lists."""


def left_section(view: MarketView) -> Markup:
    """Symbols by reason, then findings by kind."""
    lang = view.lang
    lead = say("What the numbers above do not hold, and what was wrong with the bars that they rest on.", lang)
    parts = [
        tag("h3", say("Symbols left out", lang)), *_left_out(view.left_out, lang),
        tag("h3", say("What was found, and what was done", lang)), _faults(view.faults, lang),
    ]  # fmt: skip
    return section(say("Left out, and faults", lang), lead, *parts, id_="left")


def _left_out(left: Sequence[LeftOut], lang: Lang) -> list[Markup]:
    if not left:
        return [tag("p", say("None: every symbol that was asked for was used.", lang))]
    kinds: dict[str, list[LeftOut]] = {}
    for own in left:
        kinds.setdefault(own.kind, []).append(own)
    ranked = sorted(kinds, key=lambda kind: -len(kinds[kind]))
    return [_kind(kind, kinds[kind], lang) for kind in ranked]


def _kind(kind: str, own: Sequence[LeftOut], lang: Lang) -> Markup:
    """A line that opens to the symbols and each one's reason."""
    summary = tag("summary", tag("b", kind_word(kind, lang)), " ", tag("span", counted_symbols(len(own), lang)))
    rows = [(one.symbol, one.reason) for one in own[:LISTED]]
    listed = table([say("symbol", lang), say("reason", lang)], rows, words=(0, 1), class_="wrapped")
    more = []
    if len(own) > LISTED:
        said = say("{count} more are in the run's symbols.parquet.", lang, count=f"{len(own) - LISTED:,}")
        more.append(tag("p", said, class_="notes"))
    return tag("details", summary, listed, *more)


def _faults(faults: Sequence[FaultCount], lang: Lang) -> Markup:
    if not faults:
        return tag("p", say("nothing found wrong", lang))
    head = [say("found", lang), say("symbols", lang), say("rows", lang), say("done", lang)]
    ranked = sorted(faults, key=lambda fault: (fault.severity != "error", -fault.rows))
    rows = [(fault.text, f"{fault.symbols:,}", f"{fault.rows:,}", action_word(fault.action, lang)) for fault in ranked]
    quiet = [fault.severity != "error" for fault in ranked]
    return table(head, rows, words=(0, 3), quiet=quiet, class_="wrapped")
