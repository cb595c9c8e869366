"""What was found over the whole market: the cards, the plainer forecasts, and what a set of survivors cannot say."""

from __future__ import annotations

from collections.abc import Sequence

from nextclose.core.lang import Lang, say
from nextclose.core.results import RivalRow
from nextclose.judging.verdict import ALPHA
from nextclose.report.html import Markup, section, table, tag
from nextclose.report.market_view import MarketView
from nextclose.report.verdicts import verdict_cards
from nextclose.report.words import counted_sessions, counted_symbols, pvalue, signed, step_name


def verdict_section(view: MarketView) -> Markup:
    """A card a recipe, then each recipe beside the plainer forecasts."""
    lang = view.lang
    rows = [row for row in view.models if row.kind == "recipe"]
    if not rows:
        return Markup("")
    lead = say(
        "Judged against 'tomorrow's close is today's' over {symbols}, clustered by session: what moves one symbol in a session "
        "moves many, so the {sessions} are the observations and the symbols of each are summed.",
        lang,
        symbols=counted_symbols(max(row.symbols for row in rows), lang),
        sessions=counted_sessions(max(row.sessions for row in rows), lang),
    )
    return section(say("Verdict", lang), lead, *verdict_cards(rows, lang), *_rivals(view.rivals, lang), id_="verdict")


def survivors(view: MarketView) -> Markup:
    """A warning where every symbol lived to the end; a quiet line where some did not, or where that is not known."""
    lang = view.lang
    if view.ended_early is None:
        said = say("Whether this set holds symbols that were delisted on the way is not known.", lang)
        return tag("p", said, class_="notes")
    if view.ended_early:
        said = say(
            "{symbols} of the set end before its last session: it does hold some that were delisted on the way.",
            lang,
            symbols=counted_symbols(view.ended_early, lang),
        )
        return tag("p", said, class_="notes")
    said = say(
        "Every symbol of this set still traded at its end; those that were delisted or failed on the way are missing. Model and "
        "persistence meet the same closes, so their comparison is fair, but only for symbols that survived. Whatever rests on "
        "drift looks better than it was for anyone choosing at the time: means learned on these symbols, 'always up', and "
        "above all returns from trading.",
        lang,
    )
    return tag("aside", tag("h2", say("Survivors only", lang)), tag("p", said), class_="callout")


def _rivals(rivals: Sequence[RivalRow], lang: Lang) -> list[Markup]:
    if not rivals:
        return []
    head = [
        say("model", lang), say("plainer forecast", lang), say("skill", lang), say("its skill", lang), "DM",
        say("p, one-sided", lang), say("found", lang),
    ]  # fmt: skip
    ends = [i for i in range(len(rivals) - 1) if _series(rivals[i]) != _series(rivals[i + 1])]
    drawn = table(head, [_rival(row, lang) for row in rivals], words=(0, 1, 6), last=ends, class_="board found")
    notes = [
        say(
            "Diebold-Mariano on the sessions' sums of squared errors, below 0 where the model is better; each test stands alone, "
            "without adjustment for their number.",
            lang,
        )
    ]
    if any(row.rival == "pooled-mean" for row in rivals):
        notes.append(say("pooled-mean is one constant for all: the mean return over every symbol's train span.", lang))
    title = tag("h3", say("Beside plainer forecasts", lang))
    return [title, drawn, tag("p", " ".join(notes), class_="notes")]


def _series(row: RivalRow) -> tuple[str, int]:
    return row.model, row.step


def _rival(row: RivalRow, lang: Lang) -> Sequence[str]:
    p = row.pvalue_better if row.statistic <= 0.0 else row.pvalue_worse
    name = step_name(row.model, row.step, lang)
    return (
        name, row.rival, signed(row.skill, 4), signed(row.rival_skill, 4), signed(row.statistic, 2), pvalue(p),
        _found(row, lang),
    )  # fmt: skip


def _found(row: RivalRow, lang: Lang) -> str:
    if row.pvalue_better < ALPHA:
        return "▲ " + say("more accurate", lang)
    if row.pvalue_worse < ALPHA:
        return "▼ " + say("less accurate", lang)
    return "= " + say("no difference", lang)
