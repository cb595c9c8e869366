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
    figures: dict[str, Figure] = {}

    def picture(name: str, figure: Figure) -> Markup:
        figures[name] = figure
        return tag(
            "div",
            tag("noscript", say("This picture needs JavaScript.", lang)),
            class_="figure",
            data_figure=f"data-{name}",
        )

    body = [
        _header(study, lang),
        section(say("Verdict", lang), "", *verdicts(study, lang), id_="verdict"),
        section(
            say("Tomorrow", lang),
            say("The close of the next session by each model, with the interval that its own past errors give.", lang),
            *tomorrow_parts(study, lang),
            id_="tomorrow",
        ),
    ]
    if study.ladder is not None:
        lead = say(
            "From the tutorial to no model at all, one change a rung. Left of the line is better "
            "than repeating the last close.",
            lang,
        )
        body.append(
            section(
                say("The ladder", lang),
                lead,
                picture("ladder", ladder_figure(study.ladder, lang)),
                tag("p", study.ladder.sentence),
                id_="ladder",
            )
        )
    body += [
        section(
            say("Forecast against truth", lang),
            say(
                "A good-looking curve proves little: repeating the last close looks as good. Zoom in, "
                "and click names to show or hide them.",
                lang,
            ),
            picture("forecast", forecast_figure(study)),
            id_="forecast",
        ),
        section(
            say("Error over time", lang),
            say(
                "Rising means better than repeating the last close, falling means worse; one steep "
                "step is one lucky or unlucky day.",
                lang,
            ),
            picture("error", error_figure(study)),
            id_="error",
        ),
        section(
            say("The bars", lang),
            say("Open, high, low, close and volume up to the end of the test span.", lang),
            picture("candles", candle_figure(study.history, study.split.test_end, lang)),
            id_="bars",
        ),
    ]
    if study.losses:
        lead = say("Training losses of the first fold, a line a seed; dotted lines are the held-out windows.", lang)
        body.append(
            section(say("Learning", lang), lead, picture("loss", loss_figure(study.losses, lang)), id_="learning")
        )
    body += [
        section(say("Every number", lang), say("Skill is 1 - (squared errors) / (those of repeating the last close); 0 is as good as "
                "no model.", lang), *leaderboard(study, lang), id_="table"),
        section(say("Data and split", lang), "", *data_parts(study, lang), picture("folds", fold_figure(study)), id_="data"),
        section(say("Settings", lang), say("Enough to compute every number here again.", lang), *settings_parts(study, lang), id_="settings"),
        tag("footer", say("nextclose {version}. Past errors say nothing certain about tomorrow; this is no "
                "investment advice.", lang, version=study.versions.get("nextclose", ""))),
    ]  # fmt: skip
    return _document(study, lang, body, figures)


def _header(study: StudyResult, lang: Lang) -> Markup:
    span = say(
        "tested on {sessions} sessions, {start} to {end}; trained on {train} before them",
        lang,
        sessions=study.split.test_sessions,
        start=study.split.test_start,
        end=study.split.test_end,
        train=f"{study.split.train_sessions:,}",
    )
    return tag(
        "header",
        tag("h1", say("Can {symbol}'s next close be predicted?", lang, symbol=study.data.symbol)),
        tag("p", span),
    )


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
    return "<!doctype html>\n" + tag("html", head, tag("body", join(body, "\n"), join(scripts, "\n")), lang=lang) + "\n"


def _json(figure: Figure) -> Markup:
    """JSON that cannot end its script element."""
    return Markup(
        json.dumps(figure, ensure_ascii=False, allow_nan=False, separators=(",", ":")).replace("<", "\\u003c")
    )
