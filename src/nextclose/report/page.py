"""The report's page: sections in the order in which a reader asks."""

from __future__ import annotations

import json
from importlib.resources import files

from nextclose.core.lang import Lang, say
from nextclose.core.results import StudyResult
from nextclose.report.figures import (
    Figure,
    candle_figure,
    error_figure,
    fold_figure,
    forecast_figure,
    ladder_figure,
    loss_figure,
)
from nextclose.report.html import Markup, join, section, tag
from nextclose.report.sections import data_parts, leaderboard, settings_parts, tomorrow_parts, verdicts


def render(study: StudyResult, lang: Lang) -> str:
    """The whole page as HTML text; the same study gives the same bytes."""
    page = _Page(study, lang)
    body = [
        page.header(),
        page.verdict(),
        page.tomorrow(),
        page.ladder(),
        page.forecast(),
        page.error(),
        page.bars(),
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

    def picture(self, name: str, figure: Figure) -> Markup:
        """A place for a figure, which page.js draws."""
        self.figures[name] = figure
        without = tag("noscript", say("This picture needs JavaScript.", self.lang))
        return tag("div", without, class_="figure", data_figure=f"data-{name}")

    def header(self) -> Markup:
        split, lang = self.study.split, self.lang
        title = say("Can {symbol}'s next close be predicted?", lang, symbol=self.study.data.symbol)
        span = say(
            "tested on {sessions} sessions, {start} to {end}; trained on {train} before them",
            lang,
            sessions=split.test_sessions,
            start=split.test_start,
            end=split.test_end,
            train=f"{split.train_sessions:,}",
        )
        return tag("header", tag("h1", title), tag("p", span))

    def verdict(self) -> Markup:
        return section(say("Verdict", self.lang), "", *verdicts(self.study, self.lang), id_="verdict")

    def tomorrow(self) -> Markup:
        lead = say("The next close by each model, with the interval that its own past errors give.", self.lang)
        return section(say("Tomorrow", self.lang), lead, *tomorrow_parts(self.study, self.lang), id_="tomorrow")

    def ladder(self) -> Markup:
        ladder, lang = self.study.ladder, self.lang
        if ladder is None:
            return Markup("")
        lead = say(
            "From the tutorial to no model at all, one change a rung. Left of the line is better than repeating the "
            "last close.",
            lang,
        )
        picture = self.picture("ladder", ladder_figure(ladder, lang))
        return section(say("The ladder", lang), lead, picture, tag("p", ladder.sentence), id_="ladder")

    def forecast(self) -> Markup:
        lead = say(
            "A good-looking curve proves little: repeating the last close looks as good. Zoom in; click a name to show or "
            "hide it.",
            self.lang,
        )
        picture = self.picture("forecast", forecast_figure(self.study, self.lang))
        return section(say("Forecast against truth", self.lang), lead, picture, id_="forecast")

    def error(self) -> Markup:
        lead = say(
            "Rising means better than repeating the last close, falling means worse; one steep step is one lucky or "
            "unlucky day.",
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
        picture = self.picture("folds", fold_figure(self.study, self.lang))
        return section(say("Data and split", self.lang), "", *data_parts(self.study, self.lang), picture, id_="data")

    def settings(self) -> Markup:
        lead = say("Enough to compute every number here again.", self.lang)
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
