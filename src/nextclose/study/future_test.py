"""The future test: alter every bar after a session, and no forecast made by then may change by one bit."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from nextclose.bars import load_bars
from nextclose.bars.bars import PRICES, Bars
from nextclose.core.errors import SettingsError
from nextclose.core.forecasts import Forecasts
from nextclose.core.future import FutureTest, Moved
from nextclose.core.lang import Lang, Text
from nextclose.core.types import Float64s, Ints
from nextclose.judging.splits import make_split
from nextclose.study.backtests import Backtest, make_backtest
from nextclose.study.objects import copied
from nextclose.study.unmoved import differences
from nextclose.study.walk_forward import Schedule

CUTS = 3
"""Sessions after which bars are altered, spread over the origins."""
MODERATE = 0.03
"""Standard deviation of the log factor by which a later bar is moved moderately."""
TENFOLD = 10.0


def future_test(
    forecaster: Any,
    source: Any,
    *,
    cuts: int = CUTS,
    refit_every: int | None = None,
    train_sessions: int | None = None,
    seeds: int | None = None,
    test_start: str | None = None,
    test_end: str | None = None,
    seed: int = 0,
    lang: Lang = "en",
) -> FutureTest:
    """Whether a forecaster, or a whole backtest, sees the future.

    It is run twice on the bars as they are: what then differs is not reproducible, which is no leak but hides one. Then
    the values of every bar after a session t are altered (each price by some percent at random; upside down; all ten times
    as high; all a tenth as high; volumes and the user's own columns with them), and every yhat, lo, hi, p_up and quantile
    with origin <= t is compared, bit for bit. A forecaster whose later forecasts do not move either was not tested, and does
    not pass. The test proves the code, not the data: a set of survivors, back-adjusted prices and a column that holds
    tomorrow's close in today's row pass.

    Parameters
    ----------
    forecaster : whatever `walk_forward` takes, or a backtest: a function of bars that returns a forecasts table
        (target_date and yhat at least), or an array with a forecast for the session after each bar (NaN for none). An
        object whose predict(bars) returns an array with a value a bar is asked for all of them at once, from all bars: so
        what its features do with later bars shows.
    source : a SOURCE, a table or Bars of one symbol.
    cuts : how many sessions t, spread over the origins from the first to the last.
    refit_every, train_sessions, seeds, test_start, test_end : as for `walk_forward`; a backtest has its own.
    seed : of the alterations.

    Raises
    ------
    UserError : bars or a forecaster that cannot be used, or one that makes no forecast.
    """
    if cuts < 1:
        raise SettingsError("cuts: expected a whole number of at least 1, got {got}", got=cuts)
    bars = load_bars(source)
    split = make_split(bars.dates, test_start=test_start, test_end=test_end)
    schedule = Schedule(refit_every=refit_every, train_sessions=train_sessions)
    backtest = make_backtest(forecaster, bars, split, schedule, seeds)
    plain, again = backtest.run(copied(bars)), backtest.run(copied(bars))
    if not np.isfinite(plain.yhat).any():
        raise SettingsError(
            "'{name}' makes no forecast on these bars ({first} to {last}), so there is nothing to test",
            name=backtest.name,
            first=bars.dates[0],
            last=bars.dates[-1],
        )
    repeated = differences(plain, again)
    if repeated.first is not None:
        return _unrepeatable(backtest, bars, plain, repeated.first, lang)
    return _altered(backtest, bars, plain, _cuts(plain, bars, cuts), seed, lang)


def _altered(backtest: Backtest, bars: Bars, plain: Forecasts, rows: Ints, seed: int, lang: Lang) -> FutureTest:
    """Run on altered bars, a run a cut and alteration."""
    compared, moved, found = 0, set[tuple[str, ...]](), list[Moved]()
    reacts = not np.any(plain.origin > bars.dates[rows.min()])
    for row in rows.tolist():
        for said, alter in alterations(seed).items():
            cut = str(bars.dates[row])
            other = backtest.run(alter(bars, row))
            seen = differences(plain, other, until=bars.dates[row])
            reacts = reacts or differences(plain, other).closes > seen.closes
            compared += seen.compared
            moved |= seen.moved
            if seen.first is not None:
                found.append(replace(seen.first, cut=cut, alteration=said.render(lang)))
    first = min(found, key=lambda one: one.origin, default=None)
    return FutureTest(
        name=backtest.name,
        symbol=bars.symbol,
        passed=first is None and reacts,
        reproducible=True,
        reacts=reacts,
        forecasts=len(plain),
        compared=compared,
        cuts=tuple(str(bars.dates[row]) for row in rows.tolist()),
        alterations=tuple(said.render(lang) for said in alterations(seed)),
        first=first,
        moved=len(moved),
        sentence=(
            _sentence(backtest.name, plain, len(rows), first, len(moved)) if reacts or first else _deaf(backtest.name)
        ).render(lang),
    )


def alterations(seed: int) -> Mapping[Text, Callable[[Bars, int], Bars]]:
    """What is done to the bars after a row, by its words."""
    return {
        Text("each open, high, low and close moved by some percent at random"): partial(_shaken, seed=seed),
        Text("turned upside down"): _mirrored,
        Text("all ten times as high"): partial(_scaled, factor=TENFOLD),
        Text("all a tenth as high"): partial(_scaled, factor=1.0 / TENFOLD),
    }


def _shaken(bars: Bars, row: int, seed: int) -> Bars:
    """Every later price, volume and extra by a factor of its own; a high stays the highest, a low the lowest."""
    rng = np.random.default_rng([seed, row])
    n = len(bars) - row - 1
    factors = np.exp(MODERATE * rng.standard_normal((len(PRICES), n)))
    later = {name: getattr(bars, name)[row + 1 :] * factor for name, factor in zip(PRICES, factors, strict=True)}
    return _with(bars, row, _in_order(later), np.exp(10.0 * MODERATE * rng.standard_normal(n)))


def _mirrored(bars: Bars, row: int) -> Bars:
    """Every later price as far below the last known close, in logs, as it was above."""
    centre = bars.close[row] ** 2
    later = {name: centre / getattr(bars, name)[row + 1 :] for name in PRICES}
    return _with(bars, row, _in_order(later), np.full(len(bars) - row - 1, 2.0))


def _scaled(bars: Bars, row: int, factor: float) -> Bars:
    """Every later price, volume and extra by one factor."""
    later = {name: getattr(bars, name)[row + 1 :] * factor for name in PRICES}
    return _with(bars, row, later, np.full(len(bars) - row - 1, factor))


def _in_order(prices: Mapping[str, Float64s]) -> dict[str, Float64s]:
    """The same four columns with the highest of each bar as its high and the lowest as its low."""
    every = list(prices.values())
    return {**prices, "high": np.maximum.reduce(every), "low": np.minimum.reduce(every)}


def _with(bars: Bars, row: int, prices: Mapping[str, Float64s], factors: Float64s) -> Bars:
    """`bars` up to a row, then other prices, and volumes and extras by `factors`; adj_close moves as the close does."""
    after = slice(row + 1, None)

    def joined(known: Float64s, later: Float64s) -> Float64s:
        return np.concatenate([known[: row + 1], later])

    columns: dict[str, Any] = {name: joined(getattr(bars, name), later) for name, later in prices.items()}
    if bars.adj_close is not None:
        columns["adj_close"] = joined(bars.adj_close, bars.adj_close[after] * prices["close"] / bars.close[after])
    extra = {name: joined(values, _by(values, factors)) for name, values in bars.extra.items()}
    return replace(bars, **columns, volume=joined(bars.volume, bars.volume[after] * factors), extra=extra)


def _by(column: Float64s, factors: Float64s) -> Float64s:
    """A column's last values, moved: by their factor, what is below 0 towards it, and away from it where they are 0."""
    later = column[len(column) - len(factors) :]
    shrunk = later * np.minimum(factors, 1.0 / factors)
    return np.where(later == 0.0, factors, np.where(later < 0.0, shrunk, later * factors))


def _cuts(table: Forecasts, bars: Bars, cuts: int) -> Ints:
    """Rows of the bars to cut after: origins, evenly from the first to the last that has a bar behind it."""
    origins = np.unique(table.origin[~np.isnat(table.origin)])
    rows = np.searchsorted(bars.dates, origins)
    rows = rows[rows < len(bars) - 1]
    if len(rows) == 0:
        raise SettingsError("no bar follows any forecast's origin, so that none can be altered: use a longer history")
    chosen: Ints = np.unique(rows[np.linspace(0, len(rows) - 1, cuts).round().astype(np.int64)])
    return chosen


def _unrepeatable(backtest: Backtest, bars: Bars, plain: Forecasts, first: Moved, lang: Lang) -> FutureTest:
    sentence = Text(
        "{name} is not reproducible: run twice on the same bars, its {field} for {target} was {before}, then {after}. That is "
        "no leak, but it hides one: fix its seed and test again.",
        name=backtest.name,
        **_places(first),
    )
    return FutureTest(
        name=backtest.name,
        symbol=bars.symbol,
        passed=False,
        reproducible=False,
        reacts=True,
        forecasts=len(plain),
        compared=0,
        cuts=(),
        alterations=(),
        first=first,
        moved=0,
        sentence=sentence.render(lang),
    )


def _deaf(name: str) -> Text:
    return Text(
        "{name} does not react to its bars: no forecast moved, not even of the sessions that were altered. So nothing was "
        "tested: it is a constant, remembers an earlier run, or reads prices of its own.",
        name=name,
    )


def _sentence(name: str, plain: Forecasts, cuts: int, first: Moved | None, moved: int) -> Text:
    if first is None:
        return Text(
            "{name} does not see the future: its {count} forecasts stay as they are, bit for bit, when every bar after their "
            "origin is altered, moderately and by ten times ({cuts} cuts). That proves the code, not the data: a set of "
            "survivors and back-adjusted prices pass.",
            name=name,
            count=f"{len(plain):,}",
            cuts=cuts,
        )
    if first.field == "row":
        return Text(
            "{name} sees the future: whether it forecasts {target} from {origin} depends on bars after {cut} ({alteration}). "
            "{moved} of its {count} forecasts moved.",
            name=name,
            moved=f"{moved:,}",
            count=f"{len(plain):,}",
            **_places(first),
        )
    return Text(
        "{name} sees the future: made on {origin}, its {field} for {target} moved from {before} to {after} ({by}) when the bars "
        "after {cut} were altered ({alteration}). {moved} of its {count} forecasts moved.",
        name=name,
        moved=f"{moved:,}",
        count=f"{len(plain):,}",
        **_places(first),
    )


def _places(moved: Moved) -> dict[str, object]:
    """Where and how far, as a sentence says it."""
    return {
        "origin": moved.origin,
        "target": moved.target_date,
        "field": moved.field,
        "before": f"{moved.before:.10g}",
        "after": f"{moved.after:.10g}",
        "by": f"{100.0 * moved.by:+.2g} %" if np.isfinite(moved.by) else "-",
        "cut": moved.cut,
        "alteration": moved.alteration,
    }
