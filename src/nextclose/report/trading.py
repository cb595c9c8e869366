"""An afterthought: what trading the forecasts would have brought, beside buy-and-hold."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nextclose.core.errors import ForecastsError
from nextclose.core.lang import Lang, say
from nextclose.core.results import StudyResult
from nextclose.core.trading import Trading, TradingRow, TradingRules
from nextclose.core.types import Float64s
from nextclose.judging.trading import trade
from nextclose.judging.trading_words import sentence_of_all
from nextclose.report.document import Pictures
from nextclose.report.footnotes import Footnotes
from nextclose.report.html import Markup, bullets, section, table, tag, two_lines
from nextclose.report.traces import NAIVE, SERIES, Figure, figure, level, line
from nextclose.report.words import DASH, percent, signed

VISIBLE = 4
"""Models whose curves are drawn before a click."""


def study_trading_section(study: StudyResult, pictures: Pictures) -> Markup:
    """The study's forecasts traded by the default rules; nothing where they cannot be traded."""
    try:
        traded = trade(study.table, TradingRules(), {study.data.symbol: study.history}, lang=pictures.lang)
    except ForecastsError:
        return Markup("")
    return trading_section(traded, [row for row in traded.rows if row.kind == "recipe"], pictures)


def trading_section(traded: Trading, shown: Sequence[TradingRow], pictures: Pictures) -> Markup:
    """What came of it, a table, the rules, and the curves of `shown` beside buy-and-hold."""
    lang = pictures.lang
    if not shown:
        return Markup("")
    lead = say(
        "Whether forecasts are accurate is answered above. This is what following them by fixed rules would have left, which "
        "hangs on one past, on these rules and on these costs; it is no advice.",
        lang,
    )
    told = sentence_of_all(shown, traded.buy_and_hold, lang)
    several = bullets(row.sentence for row in shown) if len(shown) > 1 else Markup("")
    drawn = pictures.place("trading", equity_figure(traded, shown, lang))
    parts = [tag("p", told, class_="answer"), several, drawn, *_numbers(traded, shown, lang)]
    notes = [tag("p", traded.told, class_="notes"), bullets(traded.notes)]
    return section(say("An afterthought: trading", lang), lead, *parts, *notes, id_="trading")


def equity_figure(traded: Trading, shown: Sequence[TradingRow], lang: Lang) -> Figure:
    """What 1 becomes after costs, and before them dotted, on a logarithmic axis."""
    started = traded.start != ""
    days = np.concatenate([[np.datetime64(traded.start)], traded.dates]) if started else traded.dates

    def curve(equity: Float64s) -> Float64s:
        return np.concatenate([[1.0], equity]) if started else equity

    hold = traded.buy_and_hold
    traces = [line(days, curve(hold.equity), hold_name(lang), NAIVE, width=2.0)]
    for number, row in enumerate(shown):
        colour, visible = SERIES[number % len(SERIES)], True if number < VISIBLE else "legendonly"
        before = line(days, curve(row.equity_gross), row.name, colour, width=1.0, dash="dot", visible=visible)
        traces.append({**before, "showlegend": False, "hoverinfo": "skip"})
        traces.append(line(days, curve(row.equity), row.name, colour, width=2.0, visible=visible))
    made = figure(traces, y=say("equity, from 1", lang), height=360)
    made["layout"]["yaxis"] |= {"type": "log"}
    made["layout"]["shapes"] = [level(1.0)]
    return made


def hold_name(lang: Lang) -> str:
    """What the row beside the models is called."""
    return say("buy-and-hold", lang)


def sharpe_words(row: TradingRow) -> str:
    """The ratio with its standard error."""
    return f"{signed(row.sharpe, 2)} ± {row.sharpe_se:.2f}" if np.isfinite(row.sharpe) else DASH


def break_even_words(row: TradingRow) -> str:
    """Basis points a side."""
    return f"{row.break_even_bp:,.1f}" if np.isfinite(row.break_even_bp) else DASH


def yearly(value: float) -> str:
    """A signed percentage."""
    return f"{signed(100.0 * value, 1)} %" if np.isfinite(value) else DASH


def times(value: float) -> str:
    """A multiple of the equity."""
    return f"{value:,.1f}"


def _numbers(traded: Trading, shown: Sequence[TradingRow], lang: Lang) -> list[Markup]:
    head = [
        say("model", lang), say("invested", lang), two_lines(say("turnover a year", lang), say("trades", lang)),
        two_lines(say("net a year", lang), say("before costs", lang)), say("volatility", lang),
        two_lines("Sharpe", say("± standard error", lang)), say("drawdown", lang),
        two_lines(say("break-even", lang), say("bp a side", lang)), say("equity at the end", lang),
    ]  # fmt: skip
    footnotes = Footnotes()
    rows = [_cells(row, row.name, footnotes) for row in shown]
    rows.append(_cells(traded.buy_and_hold, hold_name(lang), footnotes))
    drawn = table(head, rows, quiet=[*(False for _ in shown), True], class_="board")
    words = say(
        "Turnover: value bought and sold, in multiples of the equity. Break-even: the cost of a trade at which nothing is "
        "left. Sharpe: of yearly returns, with the standard error of Lo (2002) for independent sessions. Dotted: before costs.",
        lang,
    )
    return [drawn, footnotes.listed(), tag("p", words, class_="notes")]


def _cells(row: TradingRow, name: str, footnotes: Footnotes) -> Sequence[str]:
    def known(shown: str, *fields: str) -> str:
        return footnotes.explain(shown, row.reasons, *fields)

    fall = percent(row.drawdown)
    return (
        name,
        percent(row.in_market, 0),
        two_lines(times(row.turnover), f"{row.trades:,}"),
        two_lines(known(yearly(row.annual), "annual"), known(yearly(row.annual_gross), "annual_gross")),
        known(percent(row.volatility), "volatility"),
        known(sharpe_words(row), "sharpe", "sharpe_se"),
        two_lines(fall, f"{row.drawdown_from} .. {row.drawdown_to}") if row.drawdown_to else fall,
        known(break_even_words(row), "break_even_bp"),
        f"{row.final:.3f}",
    )
