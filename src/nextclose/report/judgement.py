"""The page of a judged file: are these forecasts better than 'tomorrow = today'?"""

from __future__ import annotations

from pathlib import PurePath

import numpy as np

from nextclose.core.lang import Lang, say
from nextclose.core.results import Judgement
from nextclose.report.document import Pictures, document, footer
from nextclose.report.drawn import first_step, shared_rows
from nextclose.report.html import Markup, bullets, section, tag
from nextclose.report.intervals import interval_section
from nextclose.report.sections import (
    alarm_section,
    contest_section,
    error_section,
    forecast_section,
    numbers_section,
    shift_section,
    symbol_section,
    tests_section,
    verdict_section,
)
from nextclose.report.trading import trading_section
from nextclose.report.words import counted_models, counted_sessions, counted_symbols


def render_judgement(judged: Judgement, lang: Lang) -> str:
    """The whole page as HTML text; the same judgement gives the same bytes."""
    from nextclose import __version__

    rows, table, pictures = judged.models, judged.table, Pictures(lang)
    claims = [row for row in rows if row.name != "persistence"] or rows
    body = [
        _header(judged, lang),
        verdict_section(claims, lang),
        alarm_section(rows, lang),
        shift_section(rows, rows, pictures),
        symbol_section(rows, judged.symbols, pictures) if judged.symbols else forecast_section(rows, table, pictures),
        error_section(rows, table, pictures),
        interval_section(judged.intervals, rows, rows, pictures),
        contest_section(judged.contests, (*rows, *judged.beside), lang),
        numbers_section((*rows, *judged.beside), lang),
        tests_section(rows, lang),
        _notes(judged, lang),
        _trading(judged, pictures),
        footer(__version__, lang),
    ]
    return document(f"{PurePath(judged.source).name or say('forecasts', lang)} - nextclose", body, pictures)


def _header(judged: Judgement, lang: Lang) -> Markup:
    """What was asked, of which file, and how much of it there is."""
    table = judged.table
    rows = next(iter(shared_rows(table, first_step(judged.models)).values()))
    dates = np.unique(rows.target_date if len(rows) else table.target_date)
    facts = [
        counted_models(len(table.models()), lang),
        counted_symbols(len(dict.fromkeys(table.symbol.tolist())), lang),
        counted_sessions(len(dates), lang),
        say("{first} to {last}", lang, first=str(dates[0]), last=str(dates[-1])),
    ]
    name = PurePath(judged.source).name
    lead = tag("p", *([tag("code", name), " · "] if name else []), " · ".join(facts), class_="lead")
    title = say("Do these forecasts beat 'tomorrow = today'?", lang)
    return tag("header", tag("p", "nextclose", class_="brand"), tag("h1", title), lead)


def _notes(judged: Judgement, lang: Lang) -> Markup:
    """What was assumed, left out or found odd."""
    if not judged.notes:
        return Markup("")
    return section(say("What was assumed", lang), "", bullets(judged.notes), id_="notes")


def _trading(judged: Judgement, pictures: Pictures) -> Markup:
    """What trading would have brought, where that was asked."""
    if judged.trading is None:
        return Markup("")
    rows = judged.trading.rows
    return trading_section(judged.trading, [row for row in rows if row.name != "persistence"] or rows, pictures)
