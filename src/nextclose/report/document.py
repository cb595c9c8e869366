"""A page as one HTML file: style, script, the drawing library and every figure's data inside."""

from __future__ import annotations

import json
from collections.abc import Sequence
from importlib.resources import files
from typing import Any

from nextclose.core.lang import Lang, say
from nextclose.report.html import Markup, join, tag
from nextclose.report.traces import Figure


class Pictures:
    """Collects the figures of one page in one language."""

    def __init__(self, lang: Lang) -> None:
        self.lang = lang
        self.figures: dict[str, Figure] = {}

    def place(self, name: str, figure: Figure, still: str = "") -> Markup:
        """A place for a figure, which page.js draws; `still` is what stands there without JavaScript."""
        self.figures[name] = figure
        words = say(
            "The picture that can be zoomed needs JavaScript; every table and number of this page does not.", self.lang
        )
        without = tag("noscript", still, tag("p", words, class_="notes"))
        height = f"min-height:{figure['layout']['height']}px"
        return tag("div", without, class_="figure", data_figure=f"data-{name}", style=height)


def document(title: str, body: Sequence[Markup], pictures: Pictures) -> str:
    """The whole page as HTML text."""
    scripts = [tag("script", Markup(drawing_library())), tag("script", asset("page.js"))]
    return assemble(title, body, pictures, style=asset("style.css"), scripts=scripts)


def assemble(
    title: str, body: Sequence[Markup], pictures: Pictures, *, style: Markup, scripts: Sequence[Markup]
) -> str:
    """A page of these parts: the figures' data stand between the body and the scripts."""
    data = [json_element(f"data-{name}", figure) for name, figure in pictures.figures.items()]
    head = tag(
        "head",
        Markup('<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'),
        tag("title", title),
        tag("style", style),
    )
    page = tag("html", head, tag("body", join(body, "\n"), join([*data, *scripts], "\n")), lang=pictures.lang)
    return f"<!doctype html>\n{page}\n"


def drawing_library() -> str:
    """The text of plotly.js."""
    from plotly.offline import get_plotlyjs

    return str(get_plotlyjs())


def asset(name: str) -> Markup:
    """A style sheet or a script that lies beside this file."""
    return Markup((files("nextclose.report") / name).read_text(encoding="utf-8"))


def json_element(name: str, value: Any) -> Markup:
    """A value that a script of the page finds by the element's id."""
    return tag("script", json_text(value), type="application/json", id_=name)


def footer(version: str, lang: Lang) -> Markup:
    """Who wrote the page, and what it is not."""
    said = say(
        "nextclose {version}. Past errors say nothing certain about tomorrow; this is no investment advice.",
        lang,
        version=version,
    )
    return tag("footer", said)


def json_text(value: Any) -> Markup:
    """JSON that cannot end its script element."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return Markup(text.replace("<", "\\u003c"))
