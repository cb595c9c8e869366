"""A page as one HTML file: style, script, the drawing library and every figure's data inside."""

from __future__ import annotations

import json
from collections.abc import Sequence
from importlib.resources import files

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
    from plotly.offline import get_plotlyjs

    here = files("nextclose.report")
    style = Markup((here / "style.css").read_text(encoding="utf-8"))
    script = Markup((here / "page.js").read_text(encoding="utf-8"))
    data = [
        tag("script", _json(figure), type="application/json", id_=f"data-{name}")
        for name, figure in pictures.figures.items()
    ]
    head = tag(
        "head",
        Markup('<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'),
        tag("title", title),
        tag("style", style),
    )
    scripts = [*data, tag("script", Markup(get_plotlyjs())), tag("script", script)]
    page = tag("html", head, tag("body", join(body, "\n"), join(scripts, "\n")), lang=pictures.lang)
    return f"<!doctype html>\n{page}\n"


def footer(version: str, lang: Lang) -> Markup:
    """Who wrote the page, and what it is not."""
    said = say(
        "nextclose {version}. Past errors say nothing certain about tomorrow; this is no investment advice.",
        lang,
        version=version,
    )
    return tag("footer", said)


def _json(figure: Figure) -> Markup:
    """JSON that cannot end its script element."""
    text = json.dumps(figure, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return Markup(text.replace("<", "\\u003c"))
