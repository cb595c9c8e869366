"""The index page of a market run: sections in the order in which a reader asks."""

from __future__ import annotations

from pathlib import PurePath

from nextclose.core.lang import say
from nextclose.report.document import Pictures, assemble, asset, footer, json_element
from nextclose.report.html import Markup, bullets, join, tag
from nextclose.report.market_deciles import decile_section
from nextclose.report.market_how import how_section
from nextclose.report.market_left import left_section
from nextclose.report.market_skill import skill_section
from nextclose.report.market_table import table_section, table_words
from nextclose.report.market_time import time_section
from nextclose.report.market_verdict import survivors, verdict_section
from nextclose.report.market_view import MarketView
from nextclose.report.market_words import nearest, schedule_words, scope_words
from nextclose.report.sections import alarm_section, contest_section, numbers_section, tests_section
from nextclose.report.words import counted_symbols


def render_market(view: MarketView) -> str:
    """The index page as HTML text; plotly.js and the data of table and charts lie beside it."""
    lang, pictures = view.lang, Pictures(view.lang)
    body = [
        _header(view),
        _facts(view),
        survivors(view) if view.symbols else Markup(""),
        bullets(view.notes),
        verdict_section(view),
        alarm_section(view.models, lang),
        contest_section(view.contests, view.models, lang),
        skill_section(view, pictures),
        decile_section(view, pictures),
        time_section(view, pictures),
        table_section(view),
        numbers_section(view.models, lang) if view.models else Markup(""),
        tests_section(view.models, lang),
        left_section(view),
        how_section(view),
        footer(view.versions.get("nextclose", ""), lang),
    ]
    style = join([asset("style.css"), asset("market.css")], "\n")
    scripts = [
        json_element("market-words", table_words(view)),
        tag("script", "", src="plotly.js"),
        *(tag("script", asset(name)) for name in ("page.js", "market_beside.js", "market_chart.js", "market_table.js")),
    ]
    title = f"{PurePath(view.source).name} - nextclose"
    return assemble(title, body, pictures, style=style, scripts=scripts)


def _header(view: MarketView) -> Markup:
    """What was asked, of which set."""
    lang = view.lang
    title = say("Can the next close of {symbols} be predicted?", lang, symbols=counted_symbols(len(view.symbols), lang))
    if not view.symbols:
        title = say("No symbol could be used", lang)
    facts = [
        tag("code", PurePath(view.source).name),
        tag("span", say("tested {start} to {end}", lang, start=view.test_start, end=view.test_end), class_="fact"),
        tag("span", say("trained from {start} on", lang, start=view.train_start), class_="fact"),
    ]
    lead = tag("p", join(facts, " · "), class_="lead")
    return tag("header", tag("p", "nextclose", class_="brand"), tag("h1", title), lead)


def _facts(view: MarketView) -> Markup:
    """How much was judged, in four numbers."""
    lang = view.lang
    forecasts = max((row.n for row in view.models), default=0)
    facts = (
        (say("symbols", lang), f"{len(view.symbols):,}", _share(view)),
        (say("sessions", lang), f"{view.sessions:,}", schedule_words(view)),
        (say("forecasts a model", lang), f"{forecasts:,}", _counted(view)),
        (say("nets", lang), say("{count} seeds", lang, count=view.seeds), scope_words(view)),
    )  # fmt: skip
    rows = (tag("div", tag("dt", name), tag("dd", value), tag("small", more)) for name, value, more in facts)
    return tag("dl", *rows, class_="facts")


def _share(view: MarketView) -> str:
    """How many of the set's symbols these are."""
    lang, asked = view.lang, len(view.symbols) + len(view.left_out)
    if view.filtered:
        return say("of {count} in the set", lang, count=f"{asked + view.filtered:,}")
    if view.left_out:
        return say("{count} of the set left out", lang, count=f"{len(view.left_out):,}")
    return say("all {count} of the set", lang, count=f"{asked:,}")


def _counted(view: MarketView) -> str:
    """`2 recipes, 5 baselines`."""
    kinds = [row.kind for row in nearest(view)]
    recipes, baselines = kinds.count("recipe"), kinds.count("baseline")
    return say("{recipes} recipes, {baselines} baselines", view.lang, recipes=recipes, baselines=baselines)
