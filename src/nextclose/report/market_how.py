"""How a market run was made: spans, settings, versions and the command."""

from __future__ import annotations

from nextclose.core.lang import say
from nextclose.report.html import Markup, section, tag
from nextclose.report.market_view import MarketView
from nextclose.report.market_words import schedule_words, scope_words
from nextclose.report.settings import fact_list, recipe_parts


def how_section(view: MarketView) -> Markup:
    """Enough to make the run again."""
    lang = view.lang
    lead = say("Enough to compute every number here again; what differs between recipes is bold.", lang)
    facts = {
        say("source", lang): view.source,
        say("train", lang): say("{first} to {last}", lang, first=view.train_start, last=view.train_end),
        say("test", lang): say("{first} to {last}", lang, first=view.test_start, last=view.test_end),
        say("nets", lang): scope_words(view),
        say("schedule", lang): schedule_words(view),
        say("seeds", lang): f"{view.seeds:,}",
        **view.settings,
        **view.versions,
    }
    command = [tag("pre", tag("code", view.command))] if view.command else []
    title = say("How it was made", lang)
    versions = tag("h3", say("Versions and data", lang))
    return section(title, lead, *command, *recipe_parts(view.recipes, lang), versions, fact_list(facts), id_="how")
