"""The report's page: sections in the order in which a reader asks."""

from __future__ import annotations

import json
from importlib.resources import files

from nextclose.core.lang import Lang, say
from nextclose.core.results import StudyResult
from nextclose.report.data import data_parts
from nextclose.report.figures import (
    BLUE,
    NAIVE,
    Figure,
    best_recipe,
    candle_figure,
    error_figure,
    forecast_figure,
    loss_figure,
)
from nextclose.report.html import Markup, join, section, tag
from nextclose.report.ladder import ladder_parts
from nextclose.report.leaderboard import leaderboard
from nextclose.report.settings import settings_parts
from nextclose.report.sketch import sketch
from nextclose.report.tomorrow import tomorrow_parts
from nextclose.report.verdicts import verdict_cards


def render(study: StudyResult, lang: Lang) -> str:
    """The whole page as HTML text; the same study gives the same bytes."""
    page = _Page(study, lang)
    body = [
        page.header(),
        page.verdict(),
        page.tomorrow(),
        page.ladder(),
        page.forecast(),
        page.bars(),
        page.error(),
        page.learning(),
        page.numbers(),
        page.data(),
        page.settings(),
        page.footer(),
    ]
    return _document(study, lang, body, page.figures)


class _Page:
    """The sections of one study in one language; collects the figures that they show."""

    def __init__(self, study: StudyResult, lang: Lang) -> None:
        self.study, self.lang = study, lang
        self.figures: dict[str, Figure] = {}

    def picture(self, name: str, figure: Figure, still: str = "") -> Markup:
        """A place for a figure, which page.js draws; `still` is what stands there without JavaScript."""
        self.figures[name] = figure
        words = say(
            "The picture that can be zoomed needs JavaScript; every table and number of this page does not.", self.lang
        )
        without = tag("noscript", still, tag("p", words, class_="notes"))
        height = f"min-height:{figure['layout']['height']}px"
        return tag("div", without, class_="figure", data_figure=f"data-{name}", style=height)

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

    def verdict(self) -> Markup:
        lead = say("Every model is measured against persistence: 'tomorrow's close is today's'.", self.lang)
        return section(say("Verdict", self.lang), lead, *verdict_cards(self.study, self.lang), id_="verdict")

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

    def forecast(self) -> Markup:
        lead = say(
            "A good-looking curve proves little: repeating the last close looks as good. Zoom in; click a name to show or "
            "hide it.",
            self.lang,
        )
        picture = self.picture("forecast", forecast_figure(self.study, self.lang), self.still())
        return section(say("Forecast against truth", self.lang), lead, picture, id_="forecast")

    def still(self) -> Markup:
        """The best recipe's forecasts against the truth and persistence, as plain lines."""
        own = self.study.table.of(best_recipe(self.study), step=1)
        return sketch(((NAIVE, own.last_close), (BLUE, own.yhat), ("currentColor", own.y)))

    def error(self) -> Markup:
        lead = say(
            "Above: the skill earned so far; rising means better than repeating the last close, and one steep step is "
            "one lucky or unlucky day. Below: each session's error.",
            self.lang,
        )
        picture = self.picture("error", error_figure(self.study, self.lang))
        return section(say("Error over time", self.lang), lead, picture, id_="error")

    def bars(self) -> Markup:
        lead = say("Open, high, low, close and volume up to the end of the test span.", self.lang)
        picture = self.picture("candles", candle_figure(self.study.history, self.study.split.test_end, self.lang))
        return section(say("The bars", self.lang), lead, picture, id_="bars")

    def learning(self) -> Markup:
        if not self.study.losses:
            return Markup("")
        lead = say(
            "Training losses of the first fold, a line a seed; dotted lines are the held-out windows.", self.lang
        )
        picture = self.picture("loss", loss_figure(self.study.losses, self.lang))
        return section(say("Learning", self.lang), lead, picture, id_="learning")

    def numbers(self) -> Markup:
        lead = say(
            "Skill is 1 - (squared errors) / (those of repeating the last close); 0 is as good as no model.", self.lang
        )
        return section(say("Every number", self.lang), lead, *leaderboard(self.study, self.lang), id_="table")

    def data(self) -> Markup:
        lead = say(
            "No model sees a bar after the forecast's origin; each fold trains on what lies before it.", self.lang
        )
        return section(say("Data and split", self.lang), lead, *data_parts(self.study, self.lang), id_="data")

    def settings(self) -> Markup:
        lead = say("Enough to compute every number here again; what differs between recipes is bold.", self.lang)
        return section(say("Settings", self.lang), lead, *settings_parts(self.study, self.lang), id_="settings")

    def footer(self) -> Markup:
        said = say(
            "nextclose {version}. Past errors say nothing certain about tomorrow; this is no investment advice.",
            self.lang,
            version=self.study.versions.get("nextclose", ""),
        )
        return tag("footer", said)


def _document(study: StudyResult, lang: Lang, body: list[Markup], figures: dict[str, Figure]) -> str:
    from plotly.offline import get_plotlyjs

    here = files("nextclose.report")
    style = Markup((here / "style.css").read_text(encoding="utf-8"))
    script = Markup((here / "page.js").read_text(encoding="utf-8"))
    data = [
        tag("script", _json(figure), type="application/json", id_=f"data-{name}") for name, figure in figures.items()
    ]
    head = tag(
        "head",
        Markup('<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'),
        tag("title", f"{study.data.symbol} - nextclose"),
        tag("style", style),
    )
    scripts = [*data, tag("script", Markup(get_plotlyjs())), tag("script", script)]
    page = tag("html", head, tag("body", join(body, "\n"), join(scripts, "\n")), lang=lang)
    return f"<!doctype html>\n{page}\n"


def _json(figure: Figure) -> Markup:
    """JSON that cannot end its script element."""
    text = json.dumps(figure, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return Markup(text.replace("<", "\\u003c"))
