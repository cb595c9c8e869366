"""Sections that the pages of a study and of a judged file share; each is empty where it has nothing to show."""

from __future__ import annotations

from collections.abc import Sequence

from nextclose.core.forecasts import Forecasts
from nextclose.core.lang import Lang, say
from nextclose.core.results import Contest, ModelRow, SymbolRow
from nextclose.report.contests import contest_parts
from nextclose.report.document import Pictures
from nextclose.report.drawn import best_model, first_step
from nextclose.report.figures import by_date, error_figure, forecast_figure
from nextclose.report.html import Markup, section, tag
from nextclose.report.hypotheses import hypotheses
from nextclose.report.leaderboard import leaderboard
from nextclose.report.shift import diagnosed, shift_figure, shift_sentences
from nextclose.report.sketch import sketch
from nextclose.report.symbols import symbol_counts, symbol_figure, symbol_sketch, symbol_table
from nextclose.report.traces import BLUE, NAIVE
from nextclose.report.verdicts import alarm_table, verdict_cards
from nextclose.report.words import by_skill

NOTHING = Markup("")


def verdict_section(shown: Sequence[ModelRow], lang: Lang) -> Markup:
    """A card a row of `shown`."""
    lead = say("Every model is measured against persistence: 'tomorrow's close is today's'.", lang)
    return section(say("Verdict", lang), lead, *verdict_cards(shown, lang), id_="verdict")


def alarm_section(rows: Sequence[ModelRow], lang: Lang) -> Markup:
    """The shifted skills of rows that are too good to be believed."""
    alarmed = [row for row in rows if row.rejudged]
    if not alarmed:
        return NOTHING
    lead = say(
        "So much skill on daily closes is an alarm: these are the same forecasts, as if each were for the session after or "
        "before. About 0 one session later means a copy of the last close that is dated a session early. Nearly 1 one session "
        "earlier means little: any forecast near the last close has that.",
        lang,
    )
    return section(say("Too good to be true?", lang), lead, alarm_table(alarmed, lang), id_="alarm")


def shift_section(rows: Sequence[ModelRow], told: Sequence[ModelRow], pictures: Pictures) -> Markup:
    """The picture of every diagnosed row of the nearest step, and the sentences of `told`."""
    lang, found = pictures.lang, diagnosed(told)
    if not found:
        return NOTHING
    lead = say(
        "The distance of each forecast from the close that it is for and from the closes around it; 1, the dotted line, is the "
        "error of repeating the last close. The full bar is the nearest close. That a forecast lies nearest to the last close "
        "proves nothing alone; whether the change that it adds comes true does.",
        lang,
    )
    drawable = [row for row in rows if row.step == first_step(rows)]
    figure = shift_figure(drawable, lang)
    picture = pictures.place("shift", figure) if figure["data"] else NOTHING
    parts = [picture, _which_step(rows, lang), shift_sentences(found, lang)]
    return section(say("A copy of the last close?", lang), lead, *parts, id_="shift")


def forecast_section(rows: Sequence[ModelRow], table: Forecasts, pictures: Pictures) -> Markup:
    """The curves of one symbol."""
    lang = pictures.lang
    lead = say(
        "A good-looking curve proves little: repeating the last close looks as good. Zoom in; click a name to show or hide "
        "it.",
        lang,
    )
    best = by_date(table, first_step(rows)).of(best_model(rows))
    still = sketch(((NAIVE, best.last_close), (BLUE, best.yhat), ("currentColor", best.y)))
    picture = pictures.place("forecast", forecast_figure(rows, table, lang), still)
    return section(say("Forecast against truth", lang), lead, picture, _which_step(rows, lang), id_="forecast")


def error_section(rows: Sequence[ModelRow], table: Forecasts, pictures: Pictures) -> Markup:
    """Skill as it grew, and the errors."""
    lang = pictures.lang
    if not any(row.n for row in rows if row.step == first_step(rows)):
        return NOTHING
    lead = say(
        "Above: the skill earned so far; rising means better than repeating the last close, and one steep step is "
        "one lucky or unlucky day. Below: each session's error.",
        lang,
    )
    if any(row.symbols > 1 for row in rows):
        lead += " " + say("The errors of a session are averaged over its symbols.", lang)
    picture = pictures.place("error", error_figure(rows, table, lang))
    return section(say("Error over time", lang), lead, picture, _which_step(rows, lang), id_="error")


def symbol_section(rows: Sequence[ModelRow], symbols: Sequence[SymbolRow], pictures: Pictures) -> Markup:
    """The picture of every symbol's skill, how often each verdict fell, and the best and worst."""
    lang = pictures.lang
    if not any(row.model != "persistence" for row in symbols):
        return NOTHING
    lead = say(
        "A dot is the skill on one symbol with its 90 % interval; above 0 is better than repeating the last close. With "
        "many symbols some look good or bad by chance: the verdicts hold the share of false finds below 5 %.",
        lang,
    )
    picture = pictures.place("symbols", symbol_figure(rows, symbols, lang), symbol_sketch(rows, symbols))
    parts = [picture, _which_step(rows, lang), symbol_counts(symbols, lang), *symbol_table(symbols, lang)]
    return section(say("Symbol by symbol", lang), lead, *parts, id_="symbols")


def contest_section(contests: Sequence[Contest], rows: Sequence[ModelRow], lang: Lang) -> Markup:
    """The models against each other."""
    if not contests:
        return NOTHING
    lead = say(
        "The best of many models looks good by luck alone. SPA asks whether the best one would still stand out; the model "
        "confidence set holds those that may be the best.",
        lang,
    )
    return section(say("Many models at once", lang), lead, *contest_parts(contests, rows, lang), id_="contest")


def numbers_section(rows: Sequence[ModelRow], lang: Lang) -> Markup:
    """Every measure of every row."""
    lead = say("Skill is 1 - (squared errors) / (those of repeating the last close); 0 is as good as no model.", lang)
    return section(say("Every number", lang), lead, *leaderboard(rows, lang), id_="table")


def tests_section(rows: Sequence[ModelRow], lang: Lang) -> Markup:
    """Every test of every row but persistence."""
    own = [row for row in by_skill(rows) if row.name != "persistence"]
    parts = hypotheses(own, lang) if own else []
    if not parts:
        return NOTHING
    lead = say(
        "What each test supposes and what it found, before any adjustment for many models; the sessions are the observations.",
        lang,
    )
    return section(say("The tests", lang), lead, *parts, id_="tests")


def _which_step(rows: Sequence[ModelRow], lang: Lang) -> Markup:
    """Which step a picture shows, where there are several."""
    if len({row.step for row in rows}) < 2:
        return NOTHING
    return tag("p", say("The picture shows step {step}.", lang, step=first_step(rows)), class_="notes")
