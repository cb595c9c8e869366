"""Trading a Forecasts table by stated rules, beside buy-and-hold: an afterthought, since accuracy is judged elsewhere.

One-step forecasts are traded, every model on the sessions that all of them forecast and that have a truth. A position is
long where the forecast lies above last_close (1 + threshold), short where it lies below last_close (1 - threshold) and
shorts are allowed, and none otherwise: a tie or a forecast that is no number is no position. `portfolio` draws when it is
traded and what it costs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from nextclose.core.errors import ForecastsError
from nextclose.core.forecasts import Forecasts
from nextclose.core.lang import Lang, Text
from nextclose.core.trading import BP, Trading, TradingRow, TradingRules
from nextclose.core.types import Bools, Dates, Float64s, Ints
from nextclose.judging.checks import check
from nextclose.judging.keys import Keys, shared
from nextclose.judging.performance import YEAR, annual_return, drawdown, mean_error, sharpe, volatility
from nextclose.judging.portfolio import Book, Market, equity_of, log_growth
from nextclose.judging.quotes import Quotes, open_over_close
from nextclose.judging.rivals import PLAINER
from nextclose.judging.trading_words import row_sentence, rules_in_words, sentence_of_all

BASELINES = ("persistence", *PLAINER)
NAN = float("nan")


def trade(
    forecasts: Forecasts, rules: TradingRules, quotes: Mapping[str, Quotes] | None = None, *, lang: Lang = "en"
) -> Trading:
    """What trading each model of a table would have brought.

    Parameters
    ----------
    forecasts : rows of any number of symbols and models; those of steps above 1 and those without a truth are left out.
        Several symbols: the mean of the symbols' returns in each session.
    quotes : symbol -> opens and closes by date; needed where the rules enter at the open.
    lang : of the sentences, notes and reasons.

    Raises
    ------
    ForecastsError : no one-step forecast with a truth, two forecasts of one thing, a session without an open.
    """
    keys = Keys(forecasts)
    check(keys)
    priced = (forecasts.step == 1) & _priced(forecasts)
    there = np.unique(keys.model[priced]).tolist()
    if not there:
        raise ForecastsError("nothing to trade: the table holds no one-step forecast with a truth and a last close")
    found = {
        keys.models[model]: _oldest_first(keys, rows)
        for model, rows in zip(there, shared(keys, priced, there), strict=True)
    }
    first = next(iter(found.values()))
    if len(first) == 0:
        raise ForecastsError("nothing to trade: the models have no session in common")
    floor = _Floor.of(keys, first, rules, {} if quotes is None else quotes)
    rows = [floor.row(name, positions(forecasts.where(own), rules), lang) for name, own in found.items()]
    hold = floor.hold(lang)
    told = [replace(row, sentence=row_sentence(row, hold).render(lang)) for row in rows]
    return Trading(
        rules=rules,
        told=rules_in_words(rules, floor.symbols).render(lang),
        sentence=sentence_of_all([row for row in told if row.name != "persistence"] or told, hold, lang),
        start="" if np.isnat(floor.start) else str(floor.start),
        dates=floor.dates,
        symbols=floor.symbols,
        rows=tuple(told),
        buy_and_hold=hold,
        notes=tuple(note.render(lang) for note in _notes(keys, priced, found)),
    )


def positions(rows: Forecasts, rules: TradingRules) -> Float64s:
    """(n,) 1 long, -1 short, 0 none."""
    least = rules.threshold_bp * BP
    long = rows.yhat > rows.last_close * (1.0 + least)
    short = rules.short & (rows.yhat < rows.last_close * (1.0 - least))
    return long.astype(np.float64) - short


def market_of(rows: Forecasts, symbol: Ints, ratio: Float64s | None) -> Market:
    """The market of n rows, those of a symbol together and oldest first.

    ratio : (n,) open over close of the target date where positions change at the open; None: at the close before.
    """
    whole = rows.y / rows.last_close
    starts = np.diff(symbol, prepend=-1) != 0
    follows = np.concatenate([[False], rows.origin[1:] == rows.target_date[:-1]])
    return Market(
        first=np.zeros(len(rows)) if ratio is None else whole * ratio - 1.0,
        second=whole - 1.0 if ratio is None else 1.0 / ratio - 1.0,
        session=np.unique(rows.target_date, return_inverse=True)[1].astype(np.int64),
        starts=starts,
        fresh=starts | ~follows,
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class _Floor:
    """Where every model trades: one market, one set of rules."""

    market: Market
    rules: TradingRules
    dates: Dates
    start: np.datetime64
    symbols: int

    @classmethod
    def of(cls, keys: Keys, rows: Ints, rules: TradingRules, quotes: Mapping[str, Quotes]) -> _Floor:
        table, symbol = keys.table.where(rows), keys.symbol[rows]
        ratio = open_over_close(table, quotes) if rules.entry == "open" else None
        dates = np.unique(table.target_date)
        origins = table.origin[table.target_date == dates[0]]
        return cls(
            market=market_of(table, symbol, ratio), rules=rules, dates=dates, start=origins.max(), symbols=len(np.unique(symbol))
        )  # fmt: skip

    def row(self, name: str, held: Float64s, lang: Lang) -> TradingRow:
        """One model's trades."""
        return self._row(name, Book.of(held, self.market), lang)

    def hold(self, lang: Lang) -> TradingRow:
        """Buying once and selling once."""
        return self._row("buy-and-hold", Book.buy_and_hold(self.market), lang)

    def _row(self, name: str, book: Book, lang: Lang) -> TradingRow:
        rules, sessions = self.rules, len(self.dates)
        gross, net = book.returns(), book.returns(rules.cost, rules.tax)
        equity = equity_of(net)
        lost = drawdown(equity)
        days = ["" if np.isnat(self.start) else str(self.start), *np.datetime_as_string(self.dates, unit="D").tolist()]
        ratio, ratio_error = sharpe(net)
        held = Book.buy_and_hold(self.market).returns(rules.cost, rules.tax)
        excess, excess_error = mean_error(net - held)
        row = TradingRow(
            name=name,
            kind="baseline" if name in BASELINES else "recipe",
            sessions=sessions,
            in_market=float(np.mean(self.market.mean((book.held != 0.0).astype(np.float64)))),
            trades=book.orders,
            turnover=float(np.mean(self.market.mean(book.traded))) * YEAR,
            gross=float(np.mean(gross)),
            net=float(np.mean(net)),
            annual_gross=annual_return(log_growth(gross), sessions),
            annual=annual_return(log_growth(net), sessions),
            volatility=volatility(net),
            break_even_bp=book.break_even(rules.tax) / BP,
            sharpe=ratio,
            sharpe_se=ratio_error,
            drawdown=lost.loss,
            drawdown_from=days[lost.peak] if lost.loss > 0.0 else "",
            drawdown_to=days[lost.trough] if lost.loss > 0.0 else "",
            final=float(equity[-1]),
            excess=excess,
            excess_se=excess_error,
            equity=equity,
            equity_gross=equity_of(gross),
        )
        return replace(row, reasons={name: reason.render(lang) for name, reason in _reasons(row).items()})


def _reasons(row: TradingRow) -> dict[str, Text]:
    """Why a number of `row` is NaN."""
    found: dict[str, Text] = {}
    if np.isnan(row.break_even_bp):
        found["break_even_bp"] = (
            Text("no trade was made")
            if row.trades == 0
            else Text("it loses even without the cost")
            if row.final < 1.0
            else Text("no cost up to the whole value traded takes the gain")
        )
    few = Text("it takes two sessions")
    if np.isnan(row.sharpe):
        found |= dict.fromkeys(("sharpe", "sharpe_se"), few if row.sessions < 2 else Text("the returns do not vary"))
    for name in ("volatility", "excess_se"):
        if np.isnan(getattr(row, name)):
            found[name] = few
    for name in ("annual", "annual_gross"):
        if np.isnan(getattr(row, name)):
            found[name] = Text("the growth of a year is too large to be written")
    return found


def _priced(table: Forecasts) -> Bools:
    """(n,) rows with a positive truth and last close."""
    known: Bools = np.isfinite(table.y) & (table.y > 0.0) & np.isfinite(table.last_close) & (table.last_close > 0.0)
    return known


def _oldest_first(keys: Keys, rows: Ints) -> Ints:
    """Row numbers with those of a symbol together, oldest first."""
    ordered: Ints = rows[np.argsort(keys.session[rows], kind="stable")]
    return ordered


def _notes(keys: Keys, priced: Bools, found: Mapping[str, Ints]) -> list[Text]:
    """What was left out or assumed."""
    notes: list[Text] = []
    table = keys.table
    further = int(np.count_nonzero(table.step != 1))
    if further:
        notes.append(Text("{count} forecasts of later steps are not traded.", count=f"{further:,}"))
    dropped = int(np.count_nonzero(priced)) - sum(map(len, found.values()))
    if dropped:
        notes.append(
            Text("{count} forecasts of sessions that only some models forecast are not traded.", count=f"{dropped:,}")
        )
    blank = sum(int(np.count_nonzero(~np.isfinite(table.yhat[rows]))) for rows in found.values())
    if blank:
        notes.append(Text("{count} forecasts that are no number are taken as no position.", count=f"{blank:,}"))
    first, *others = found.values()
    if any(not np.allclose(prices[own], prices[first]) for own in others for prices in (table.y, table.last_close)):
        notes.append(Text("The models' prices differ: all are traded at those of {model}.", model=next(iter(found))))
    return notes
