"""The report's page: sections in the order in which a reader asks."""

from __future__ import annotations

from nextclose.core.lang import Lang, say
from nextclose.core.results import StudyResult
from nextclose.report.attention import attention_section
from nextclose.report.data import data_parts
from nextclose.report.document import Pictures, document, footer
from nextclose.report.figures import candle_figure, loss_figure
from nextclose.report.html import Markup, section, tag
from nextclose.report.intervals import interval_section
from nextclose.report.ladder import ladder_parts
from nextclose.report.sections import (
    alarm_section,
    contest_section,
    error_section,
    forecast_section,
    numbers_section,
    shift_section,
    tests_section,
    verdict_section,
)
from nextclose.report.settings import settings_parts
from nextclose.report.tomorrow import tomorrow_parts
from nextclose.report.trading import study_trading_section


def render(study: StudyResult, lang: Lang) -> str:
    """The whole page as HTML text; the same study gives the same bytes."""
    page, rows, pictures = _Page(study, lang), study.models, Pictures(lang)
    recipes = [row for row in rows if row.kind == "recipe"]
    body = [
        page.header(),
        verdict_section(recipes, lang),
        alarm_section(rows, lang),
        page.tomorrow(),
        page.ladder(),
        forecast_section(rows, study.table, pictures),
        shift_section(rows, recipes, pictures),
        page.bars(pictures),
        error_section(rows, study.table, pictures),
        interval_section(study.intervals, rows, recipes, pictures),
        page.learning(pictures),
        attention_section(study.attention, pictures),
        contest_section(study.contests, rows, lang),
        numbers_section(rows, lang),
        tests_section(rows, lang),
        page.data(),
        page.settings(),
        study_trading_section(study, pictures),
        footer(study.versions.get("nextclose", ""), lang),
    ]
    return document(f"{study.data.symbol} - nextclose", body, pictures)


class _Page:
    """The sections that only a study has, in one language."""

    def __init__(self, study: StudyResult, lang: Lang) -> None:
        self.study, self.lang = study, lang

    def header(self) -> Markup:
        split, data, lang = self.study.split, self.study.data, self.lang
        title = say("Can {symbol}'s next close be predicted?", lang, symbol=data.symbol)
        span = say(
            "Tested on {sessions} sessions, {start} to {end}; trained on the {train} before them.",
            lang,
            sessions=f"{split.test_sessions:,}",
            start=split.test_start,
            end=split.test_end,
            train=f"{split.train_sessions:,}",
        )
        return tag("header", tag("p", "nextclose", class_="brand"), tag("h1", title), tag("p", span, class_="lead"))

    def tomorrow(self) -> Markup:
        lead = say("The next close by each model, with the interval that its own past errors give.", self.lang)
        return section(say("Tomorrow", self.lang), lead, *tomorrow_parts(self.study, self.lang), id_="tomorrow")

    def ladder(self) -> Markup:
        ladder, lang = self.study.ladder, self.lang
        if ladder is None:
            return Markup("")
        lead = say(
            "From the first rung to no model at all, one change a rung. Left of the line is better than repeating the "
            "last close.",
            lang,
        )
        return section(say("The ladder", lang), lead, *ladder_parts(ladder, lang), id_="ladder")

    def bars(self, pictures: Pictures) -> Markup:
        lead = say("Open, high, low, close and volume up to the end of the test span.", self.lang)
        figure = candle_figure(self.study.history, self.study.split.test_end, self.lang)
        return section(say("The bars", self.lang), lead, pictures.place("candles", figure), id_="bars")

    def learning(self, pictures: Pictures) -> Markup:
        if not self.study.losses:
            return Markup("")
        lead = say(
            "Training losses of the first fold, a line a seed; dotted lines are the held-out windows.", self.lang
        )
        figure = loss_figure(self.study.losses, self.lang)
        return section(say("Learning", self.lang), lead, pictures.place("loss", figure), id_="learning")

    def data(self) -> Markup:
        lead = say(
            "No model sees a bar after the forecast's origin; each fold trains on what lies before it.", self.lang
        )
        return section(say("Data and split", self.lang), lead, *data_parts(self.study, self.lang), id_="data")

    def settings(self) -> Markup:
        lead = say("Enough to compute every number here again; what differs between recipes is bold.", self.lang)
        return section(say("Settings", self.lang), lead, *settings_parts(self.study, self.lang), id_="settings")
