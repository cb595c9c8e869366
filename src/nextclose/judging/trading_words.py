"""What is said of trades: the rules, and what they brought beside buy-and-hold. Never an encouragement."""

from __future__ import annotations

from collections.abc import Sequence
from math import isclose, isfinite

from nextclose.core.lang import Joined, Lang, Text
from nextclose.core.trading import TradingRow, TradingRules

DASH = "—"
CHANCE = 2.0
"""Standard errors below which a difference is not told from chance."""


def rules_in_words(rules: TradingRules, symbols: int) -> Text:
    """The rules that were traded by, in sentences."""
    return Joined([_positions(rules), _entry(rules), _costs(rules), *_weights(symbols)], " ")


def row_sentence(row: TradingRow, hold: TradingRow) -> Text:
    """What one model's trades brought."""
    facts = {
        "name": row.name,
        "net": _percent(row.annual),
        "gross": _percent(row.annual_gross),
        "hold": _percent(hold.annual),
        "cost": f"{row.break_even_bp:.1f}" if isfinite(row.break_even_bp) else DASH,
    }
    if row.trades == 0:
        return Text("{name} never takes a position; buy-and-hold: {hold} a year.", **facts)
    if row.equity_gross[-1] <= 1.0:
        return Text(
            "{name} loses before any cost: {gross} a year, net {net}, against {hold} for buy-and-hold.", **facts
        )
    if row.final <= 1.0 and not isfinite(row.break_even_bp):
        return Text("{name}: taxes alone eat it: net {net} a year against {hold} for buy-and-hold.", **facts)
    if row.final <= 1.0:
        return Text(
            "{name}: costs eat it: net {net} a year against {hold} for buy-and-hold; break-even at {cost} bp a side.",
            **facts,
        )
    if row.trades == hold.trades and isclose(row.final, hold.final):
        return Text("{name} is always long, which is buy-and-hold: net {net} a year.", **facts)
    if row.final <= hold.final:
        return Text(
            "{name} ends below buy-and-hold: net {net} a year against {hold}; break-even at {cost} bp a side.", **facts
        )
    return Joined(
        [
            Text("{name}: net {net} a year against {hold} for buy-and-hold; break-even at {cost} bp a side.", **facts),
            _luck(row),
        ],
        " ",
    )


def sentence_of_all(rows: Sequence[TradingRow], hold: TradingRow, lang: Lang) -> str:
    """The only model's sentence, or how many of several traded, gained, and ended above buy-and-hold."""
    if len(rows) == 1:
        return rows[0].sentence
    traded = [row for row in rows if row.trades]
    above = sum(_above(row, hold) for row in traded)
    counted = Text(
        "{traded} of {models} models took positions; after costs {gained} of them ended with a gain and {above} above "
        "buy-and-hold ({hold} a year).",
        traded=len(traded),
        models=len(rows),
        gained=sum(row.final > 1.0 for row in traded),
        above=above,
        hold=_percent(hold.annual),
    )
    good = any(row.final > 1.0 and _above(row, hold) for row in traded)
    luck = [Text("The best of several looks good by luck alone.")] if good else []
    return Joined([counted, *luck], " ").render(lang)


def _above(row: TradingRow, hold: TradingRow) -> bool:
    """Whether it ends above buy-and-hold by more than rounding."""
    return row.final > hold.final and not isclose(row.final, hold.final)


def _luck(row: TradingRow) -> Text:
    """How far above buy-and-hold in standard errors."""
    if not isfinite(row.excess_se) or row.excess_se == 0.0:
        return Text("One past says little about the next.")
    errors = row.excess / row.excess_se
    if errors < CHANCE:
        return Text(
            "The difference is {errors} standard errors of its mean, as luck alone brings it.", errors=f"{errors:.1f}"
        )
    return Text(
        "The difference is {errors} standard errors of its mean; one past says little about the next.",
        errors=f"{errors:.1f}",
    )


def _positions(rules: TradingRules) -> Text:
    least = f"{rules.threshold_bp:g}"
    if rules.short and rules.threshold_bp:
        return Text(
            "At the close: long where the forecast is more than {least} bp above it, short where it is more than {least} bp "
            "below.",
            least=least,
        )
    if rules.short:
        return Text("At the close: long where the forecast is above it, short where it is below.")
    if rules.threshold_bp:
        return Text(
            "At the close: long where the forecast is more than {least} bp above it, else no position.", least=least
        )
    return Text("At the close: long where the forecast is above it, else no position.")


def _entry(rules: TradingRules) -> Text:
    if rules.entry == "open":
        return Text(
            "A change of position is traded at the next open, so the night after a new signal is given up; it is kept while the "
            "signal stays, and the last one is closed at the last close."
        )
    return Text(
        "A change of position is traded at that very close, which no order can be sure of; it is kept while the signal stays, "
        "and the last one is closed at the last close."
    )


def _costs(rules: TradingRules) -> Text:
    return Text(
        "Costs: {cost} bp of each trade's value, tax {tax} bp of each sale's.",
        cost=f"{rules.cost_bp:g}",
        tax=f"{rules.tax_bp:g}",
    )


def _weights(symbols: int) -> list[Text]:
    if symbols == 1:
        return []
    return [Text("{symbols} symbols, weighted equally anew at each session free of cost.", symbols=f"{symbols:,}")]


def _percent(value: float) -> str:
    """A signed percentage; a dash where it is not known."""
    return f"{100.0 * value:+.1f} %" if isfinite(value) else DASH
