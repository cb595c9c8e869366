"""Trading forecasts that anyone made, by stated rules: an afterthought to judging them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from nextclose.bars.bars import Bars
from nextclose.core.forecasts import Forecasts
from nextclose.core.lang import Lang
from nextclose.core.results import PriceHistory
from nextclose.core.trading import Entry, Trading, TradingRules
from nextclose.judging.quotes import Quotes
from nextclose.judging.trading import trade as trade_table
from nextclose.judging.truth import infer_origins
from nextclose.study.judging import bars_by_symbol, read_given


def trade(
    forecasts: Any,
    bars: Any = None,
    *,
    entry: Entry = "open",
    cost_bp: float = 5.0,
    tax_bp: float = 0.0,
    short: bool = False,
    threshold_bp: float = 0.0,
    columns: Mapping[str, str] | None = None,
    lang: Lang = "en",
) -> Trading:
    """What trading one-step forecasts would have brought, beside buy-and-hold at the same costs.

    The signal is taken at the close that a forecast starts from, a change of position is traded at the next open or at
    that close, a position is kept while the signal stays, and the last one is closed at the last close. Several symbols:
    the mean of their returns in each session.

    Parameters
    ----------
    forecasts : what `judge` takes: a Forecasts table or what has one (a Study, a WalkForward, a Judgement), a .csv or
        .parquet path, or a frame.
    bars : a SOURCE, a table of bars or Bars with the opens; a Study and a WalkForward have their own. They also fill in
        last_close and y where a path or frame lacks them.
    entry : "open", which gives up the night after a new signal, or "close", which no order can be sure of.
    cost_bp : fees, spread and slippage of each trade, in basis points of the value traded.
    tax_bp : tax on each sale, in basis points of the value sold.
    short : whether a forecast below the last close is sold short, instead of no position.
    threshold_bp : announced change, in basis points, that must be exceeded for a position.
    columns : other names of the table's columns, as for `judge`.
    lang : of sentences and notes.

    Raises
    ------
    SettingsError : rules that cannot be. ForecastsError : a table that cannot be judged, or a session without an open.
    """
    rules = TradingRules(entry=entry, cost_bp=cost_bp, tax_bp=tax_bp, short=short, threshold_bp=threshold_bp)
    known = None if bars is None else bars_by_symbol(bars)
    held = getattr(forecasts, "table", None)
    if isinstance(held, Forecasts):
        return trade_table(infer_origins(held), rules, _own(forecasts) if known is None else known, lang=lang)
    table, notes = read_given(forecasts, columns, known)
    found = trade_table(infer_origins(table), rules, known, lang=lang)
    return replace(found, notes=(*(note.render(lang) for note in notes), *found.notes))


def _own(thing: Any) -> Mapping[str, Quotes] | None:
    """The bars that a Study or a WalkForward holds, by symbol."""
    bars, history = getattr(thing, "bars", None), getattr(thing, "history", None)
    if isinstance(bars, Bars):
        return {bars.symbol: bars}
    return {thing.data.symbol: history} if isinstance(history, PriceHistory) else None
