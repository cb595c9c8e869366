"""The table of all symbols: what stands in the page, and the file of columns that its script fills it from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from nextclose.core.lang import Lang, say
from nextclose.core.results import Verdict
from nextclose.core.types import Float64s
from nextclose.report.drawn import drawn
from nextclose.report.html import Markup, join, section, tag, void
from nextclose.report.market_charts import GROUP, UNIT
from nextclose.report.market_view import MarketView, SymbolColumns
from nextclose.report.market_words import UNITS, kind_word, nearest, recipe_names
from nextclose.report.traces import NAIVE, numbers
from nextclose.report.verdicts import MARKS
from nextclose.report.words import counted_symbols, verdict_word

VERDICTS: Sequence[Verdict] = (
    "beats persistence", "worse than persistence", "no difference found", "too few to tell",
)  # fmt: skip
"""A verdict's number in the columns is its place here; -1 where there is none."""


def table_section(view: MarketView) -> Markup:
    """Search, filter, table and pages; market.js fills them."""
    lang = view.lang
    if not view.symbols:
        return Markup("")
    lead = say(
        "Search, sort by a column's title, and open a symbol to see its forecasts. Skills carry their 90 % interval; the marks "
        "are the verdicts after Benjamini-Hochberg.",
        lang,
    )
    without = say("The table of symbols needs JavaScript; the same numbers are in the run's metrics.parquet.", lang)
    parts = [
        tag("noscript", tag("p", without, class_="notes")),
        _controls(view),
        tag("p", "", class_="status", id_="symbol-status", role="status"),
        tag("div", _table(view), class_="scroll symbols", tabindex="-1"),
        _pager(lang),
    ]
    title = say("Every symbol", lang)
    return section(title, lead, *parts, id_="symbols")


def table_words(view: MarketView) -> dict[str, Any]:
    """What market.js says and draws with: words, units and colours."""
    lang = view.lang
    colours = {own.name: own for own in drawn(nearest(view))} if view.models else {}
    return {
        "group": GROUP,
        "unit": UNIT,
        "money": UNITS[lang],
        "verdicts": [{"word": verdict_word(verdict, lang), "mark": MARKS[verdict][0], "kind": MARKS[verdict][1]}
                     for verdict in VERDICTS],
        "colours": [{"name": own.name, "colour": own.colour, "visible": own.visible} for own in colours.values()],
        "naive": NAIVE,
        "all": counted_symbols(len(view.symbols), lang),
        "some": say("{found} of {count} symbols", lang, found="%1", count=f"{len(view.symbols):,}"),
        "page": say("{first} to {last} of {count}", lang, first="%1", last="%2", count="%3"),
        "nothing": say("No symbol matches.", lang),
        "leftOut": say("Left out: {symbol} ({reason})", lang, symbol="%1", reason="%2"),
        "missing": say("{file} is not beside this page: keep the folder together.", lang, file="%1"),
        "loading": say("loading", lang),
        "noChart": say("This symbol has no chart.", lang),
        "truth": say("the close that came", lang),
        "last": say("last close (persistence)", lang),
        "persistence": say("persistence", lang),
        "price": say("price", lang),
        "error": say("error, %", lang),
        "folds": say("Dotted uprights: the nets were fitted again.", lang),
        "head": [say("model", lang), say("skill", lang), say("90 % interval", lang), say("verdict", lang), "n", "RMSE",
                 say("direction", lang), say("coverage", lang)],
    }  # fmt: skip


def table_columns(view: MarketView, charts: Mapping[str, int]) -> dict[str, Any]:
    """The file of columns: one entry a symbol in each, models with the recipes first."""
    names = set(recipe_names(view))
    order = [row.name for row in nearest(view) if row.name in view.by_symbol]
    order += [name for name in view.by_symbol if name not in order]
    order.sort(key=lambda name: name not in names)
    return {
        "symbols": list(view.symbols),
        "value": _short(view.value, 3),
        "volatility": _short(view.volatility, 3),
        "chart": [charts.get(symbol, -1) for symbol in view.symbols],
        "models": [{"name": name, "recipe": name in names} | _model(view.by_symbol[name]) for name in order],
        "leftOut": [[own.symbol, own.reason or kind_word(own.kind, view.lang)] for own in view.left_out],
    }


def _model(own: SymbolColumns) -> dict[str, Any]:
    codes = {verdict: number for number, verdict in enumerate(VERDICTS)}
    return {
        "skill": _short(own.skill, 5),
        "lo": _short(own.skill_lo, 5),
        "hi": _short(own.skill_hi, 5),
        "verdict": [codes.get(verdict, -1) for verdict in own.verdict.tolist()],
        "n": own.n.tolist(),
        "rmse": _short(own.rmse, 4),
        "direction": _short(own.directional_accuracy, 3),
        "coverage": _short(own.coverage, 3),
    }


def _short(values: Float64s, digits: int) -> list[float | None]:
    """In so many significant digits, and no more than six decimals; null where not finite."""
    return numbers(np.round(values, 6), digits)


def _controls(view: MarketView) -> Markup:
    lang = view.lang
    search = tag(
        "label", tag("span", say("symbol", lang)),
        void(
            "input", type="search", id_="symbol-search", autocomplete="off", spellcheck="false", placeholder=_example(view)
        ),
    )  # fmt: skip
    choices = [tag("option", say("all", lang), value="")]
    for number, name in enumerate(recipe_names(view)):
        options = [
            tag("option", f"{name}: {MARKS[verdict][0]} {verdict_word(verdict, lang)}", value=f"{number}/{code}")
            for code, verdict in enumerate(VERDICTS)
        ]
        choices.append(tag("optgroup", *options, label=name))
    verdicts = tag("label", tag("span", say("verdict", lang)), tag("select", *choices, id_="symbol-filter"))
    return tag("div", search, verdicts, class_="controls")


def _example(view: MarketView) -> str:
    """The most traded symbol, or the first."""
    known = np.isfinite(view.value)
    return view.symbols[int(np.argmax(np.where(known, view.value, -np.inf)))]


def _table(view: MarketView) -> Markup:
    """The head: a button a column, which sorts by it."""
    lang = view.lang
    columns = [("symbol", say("symbol", lang), "word")]
    columns += [(f"skill/{number}", name, "num") for number, name in enumerate(recipe_names(view))]
    columns += [
        ("n", "n", "num"), ("value", say("value a session", lang), "num"), ("volatility", say("volatility", lang), "num"),
    ]  # fmt: skip
    head = [
        tag("th", tag("button", title, type="button", data_sort=key), class_=kind, scope="col")
        for key, title, kind in columns
    ]
    body = Markup('<tbody id="symbol-rows"></tbody>')
    return tag("table", tag("caption", say("Every symbol", lang)), tag("thead", tag("tr", *head)), body)


def _pager(lang: Lang) -> Markup:
    buttons = [
        tag("button", "‹ " + say("previous", lang), type="button", id_="symbol-previous"),
        tag("span", "", id_="symbol-page"),
        tag("button", say("next", lang) + " ›", type="button", id_="symbol-next"),
    ]
    return tag("nav", join(buttons), class_="pager", aria_label=say("pages of the table", lang))
