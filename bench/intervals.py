"""Which interval: rolling conformal beside adaptive variants and other scales, on many symbols, and what p_up is worth.

Variants are compared on 2016; 2017-01 to 2018-02, the test years, are read for what was there before and for what was
chosen. Scores come from forecasts since 2015 ("warm"), or from those of the span alone ("cold": none before 20).

OMP_NUM_THREADS=1 python bench/intervals.py [BARS.parquet] [--recipe SYMBOLS]
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from math import ceil
from pathlib import Path

import numpy as np
from scipy.special import ndtri

import nextclose as nc
from nextclose.bars.bars import Bars
from nextclose.bars.survey import iter_bars
from nextclose.baselines import make_baseline
from nextclose.judging.intervals import AT_LEAST, WINDOW, rolling_conformal
from nextclose.windows.volatility import ewma_volatility, range_volatility

FILE = Path(__file__).resolve().parents[1].parent / "shared" / "data" / "sp500_2013_2018.parquet"
VALIDATION, TEST = ("2016-01-01", "2016-12-31"), ("2017-01-01", "2018-02-28")
FIRST = np.datetime64("2015-01-01")
LEVEL = 0.9
ALPHA = 1.0 - LEVEL
WIDTH = 50
"""Columns of a name."""


@dataclass(frozen=True, eq=False)
class Market:
    """S symbols that have bars for all T sessions."""

    bars: list[Bars]

    @property
    def dates(self) -> np.ndarray:
        return self.bars[0].dates

    def column(self, name: str) -> np.ndarray:
        """(S, T)."""
        return np.stack([getattr(bars, name) for bars in self.bars])

    @cached_property
    def change(self) -> np.ndarray:
        """(S, T - 1) the return after each origin."""
        close = self.column("close")
        return close[:, 1:] / close[:, :-1] - 1.0

    @cached_property
    def ewma(self) -> np.ndarray:
        """(S, T - 1) at each origin."""
        return np.stack([ewma_volatility(bars.close)[:-1] for bars in self.bars])

    @cached_property
    def range(self) -> np.ndarray:
        """(S, T - 1) at each origin."""
        return np.stack([range_volatility(bars.high, bars.low, bars.close)[:-1] for bars in self.bars])

    def origins(self, span: tuple[str, str]) -> slice:
        """Rows of the origins whose targets lie in `span`."""
        inside = (self.dates[1:] >= np.datetime64(span[0])) & (self.dates[1:] <= np.datetime64(span[1]))
        rows = np.flatnonzero(inside)
        return slice(int(rows[0]), int(rows[-1]) + 1)


def read_market(path: Path) -> Market:
    found = [bars for _, bars in iter_bars(str(path)) if isinstance(bars, Bars)]
    longest = max(len(bars) for bars in found)
    return Market(bars=[bars for bars in found if len(bars) == longest])


def means(values: np.ndarray, decay: float) -> np.ndarray:
    """Exponentially weighted means of (S, T - 1) as known at each origin; the first origin has none."""
    out, weighted, weight = np.full(values.shape, np.nan), np.zeros(len(values)), 0.0
    for t in range(values.shape[1] - 1):
        weighted, weight = decay * weighted + values[:, t], decay * weight + 1.0
        out[:, t + 1] = weighted / weight
    return np.maximum(out, 1e-8)


def scales(market: Market) -> Iterator[tuple[str, np.ndarray]]:
    """Candidates for the volatility in whose units errors are scored, (S, T - 1) each."""
    close, r = market.column("close"), np.log1p(market.change)
    before = close[:, :-1]
    top, bottom = np.fmax(market.column("high")[:, 1:], before), np.fmin(market.column("low")[:, 1:], before)
    true_range = np.log(np.fmax(top, close[:, 1:]) / np.fmin(bottom, close[:, 1:]))

    def mixed(values: np.ndarray, fast: float, slow: float, share: float) -> np.ndarray:
        return share * means(values, fast) + (1.0 - share) * means(values, slow)

    yield "EWMA 0.94", market.ewma
    yield "EWMA 0.97", np.sqrt(means(r**2, 0.97))
    yield "EWMA 0.94 and 0.997, half each", np.sqrt(mixed(r**2, 0.94, 0.997, 0.5))
    yield "|r| 0.94", means(np.abs(r), 0.94)
    yield "|r| 0.94 and 0.997, 70:30", mixed(np.abs(r), 0.94, 0.997, 0.7)
    yield "true range 0.94", means(true_range, 0.94)
    yield "true range 0.9", means(true_range, 0.9)
    yield "true range 0.9 and 0.997, 50:50", mixed(true_range, 0.9, 0.997, 0.5)
    yield "true range 0.9 and 0.997, 70:30", mixed(true_range, 0.9, 0.997, 0.7)


def rolling(scores: np.ndarray, rows: slice, window: int) -> np.ndarray:
    """(S, rows) the conformal quantile of the `window` scores before each origin."""
    q = []
    for t in range(rows.start, rows.stop):
        past = scores[:, max(t - window, 1) : t]
        rank = ceil((past.shape[1] + 1) * LEVEL)
        q.append(np.partition(past, rank - 1, axis=1)[:, rank - 1])
    return np.stack(q, axis=1)


def adaptive(scores: np.ndarray, rows: slice, gamma: float) -> np.ndarray:
    """Gibbs & Candes 2021: alpha_{t+1} = alpha_t + gamma (alpha - miss_t), over a year before the span too."""
    alpha, q, everyone = np.full(len(scores), ALPHA), [], np.arange(len(scores))
    for t in range(rows.start - WINDOW, rows.stop):
        past = np.sort(scores[:, t - WINDOW : t], axis=1)
        rank = np.clip(np.ceil((WINDOW + 1) * (1.0 - alpha)).astype(int), 1, WINDOW)
        now = past[everyone, rank - 1]
        alpha = np.clip(alpha + gamma * (ALPHA - (scores[:, t] > now)), 1.0 / WINDOW, 0.5)
        q.append(now)
    return np.stack(q[WINDOW:], axis=1)


def fading(scores: np.ndarray, rows: slice, decay: float) -> np.ndarray:
    """Quantiles under weights decay^age (Barber, Candes, Ramdas & Tibshirani 2023)."""
    q, everyone = [], np.arange(len(scores))
    for t in range(rows.start, rows.stop):
        past = scores[:, 1:t]
        weight = decay ** np.arange(past.shape[1])[::-1]
        order = past.argsort(axis=1)
        mass = np.cumsum((weight / (weight.sum() + 1.0))[order], axis=1)
        place = np.minimum((mass < LEVEL).sum(axis=1), past.shape[1] - 1)
        q.append(past[everyone, order[everyone, place]])
    return np.stack(q, axis=1)


@dataclass(frozen=True, eq=False)
class Spanned:
    """A span of a market and the EWMA-scaled constant on it."""

    market: Market
    rows: slice

    @property
    def change(self) -> np.ndarray:
        return self.market.change[:, self.rows]

    def constant(self) -> tuple[np.ndarray, np.ndarray]:
        half = float(ndtri(1.0 - ALPHA / 2.0)) * self.market.ewma[:, self.rows]
        return -half, half

    def thirds(self) -> np.ndarray:
        """0 calm, 1 middle, 2 wild: of each symbol's origins by EWMA volatility."""
        rank = self.market.ewma[:, self.rows].argsort(axis=1).argsort(axis=1)
        return 3 * rank // rank.shape[1]

    def show(self, name: str, lo: np.ndarray, hi: np.ndarray, p_up: np.ndarray | None = None) -> None:
        """A line: ends are returns, (S, n), NaN where there is no interval."""
        there, y = np.isfinite(lo), self.change
        inside = np.where(there, (lo <= y) & (y <= hi), np.nan)
        by_symbol, by_session = np.nanmean(inside, axis=1), np.nanmean(inside[:, there.any(axis=0)], axis=0)
        thirds = self.thirds()
        ratio = np.nanmean(score(y, lo, hi)) / np.mean(score(y, *self.constant())[there])
        worst = int(np.argmin(by_session))
        day = self.market.dates[1:][self.rows][there.any(axis=0)][worst]
        cells = [
            f"{100 * np.nanmean(inside):5.1f}",
            f"{100 * np.mean((by_symbol >= 0.86) & (by_symbol <= 0.94)):5.0f}",
            f"{ratio:6.3f}",
            " ".join(f"{100 * np.nanmean(inside[thirds == third]):4.1f}" for third in range(3)),
            f"{day} {100 * by_session[worst]:3.0f}",
        ]
        if p_up is not None:
            rose = y > 0.0
            base = np.mean(rose[there])
            cells.append(f"{np.nanmean((p_up - rose) ** 2):.4f} {base * (1.0 - base):.4f}")
        print(f"{name:{WIDTH}}", "  ".join(cells), flush=True)


def score(y: np.ndarray, lo: np.ndarray, hi: np.ndarray) -> np.ndarray:
    return hi - lo + 2.0 / ALPHA * (np.maximum(lo - y, 0.0) + np.maximum(y - hi, 0.0))


def head(title: str) -> None:
    print(f"\n{title}")
    print(f"{'':{WIDTH}} cover  in 86-94  score  calm mid. wild  worst session  Brier  base")


def validate(market: Market) -> None:
    """Every variant on 2016 around persistence."""
    span = Spanned(market, market.origins(VALIDATION))
    head(f"2016, {len(market.bars)} symbols, persistence; score: beside 1.64 EWMA volatilities")
    span.show("1.64 EWMA volatilities", *span.constant())
    variants: list[tuple[str, Callable[[np.ndarray], np.ndarray]]] = [
        (f"rolling {WINDOW}", lambda scores: rolling(scores, span.rows, WINDOW))
    ]
    more: list[tuple[str, Callable[[np.ndarray], np.ndarray]]] = [
        ("rolling 100", lambda scores: rolling(scores, span.rows, 100)),
        ("rolling 500", lambda scores: rolling(scores, span.rows, 500)),
        *((f"adaptive, gamma {g}", lambda scores, g=g: adaptive(scores, span.rows, g)) for g in (0.005, 0.02, 0.05)),
        *((f"fading {d}", lambda scores, d=d: fading(scores, span.rows, d)) for d in (0.99, 0.995)),
    ]
    every = list(scales(market))
    for name, scale in every:
        scores = np.abs(market.change) / scale
        for variant, quantile in variants + (more if name in (every[0][0], every[-1][0]) else []):
            half = quantile(scores) * scale[:, span.rows]
            span.show(f"{name}; {variant}", -half, half)


def announced(market: Market, model: str) -> np.ndarray:
    """(S, T - 1) forecast returns; the baseline is fitted each year on all bars before it."""
    found = np.zeros(market.change.shape)
    if model == "persistence":
        return found
    years = [np.datetime64(f"{year}-01-01") for year in range(2015, 2019)]
    for row, bars in enumerate(market.bars):
        ohlc = np.stack([bars.open, bars.high, bars.low, bars.close], axis=1)
        needs = make_baseline(model, 10).needs
        windows = np.lib.stride_tricks.sliding_window_view(ohlc, needs, axis=0).swapaxes(1, 2)
        for year in years:
            first = int(np.searchsorted(bars.dates, year))
            stop = min(int(np.searchsorted(bars.dates, year + np.timedelta64(365, "D"))), len(bars))
            fitted = make_baseline(model, 10).fit(ohlc[:first])
            own = np.arange(first - 1, stop - 1)
            found[row, own] = fitted.predict(windows[own - needs + 1]) / bars.close[own] - 1.0
    return found


def intervals(market: Market, model: str, scale: np.ndarray, span: Spanned, *, warm: bool) -> list[np.ndarray]:
    """lo, hi (as returns) and p_up of every symbol in the span, by the package's own function."""
    first = int(np.searchsorted(market.dates, FIRST)) - 1 if warm else span.rows.start
    change, forecast = market.change, announced(market, model)
    t = np.arange(first, span.rows.stop)
    rows = [
        rolling_conformal(1.0 + forecast[s, t], np.ones(len(t)), 1.0 + change[s, t], scale[s, t], t, t + 1, level=LEVEL)
        for s in range(len(change))
    ]
    lo, hi, p_up = (np.stack(column)[:, span.rows.start - first :] for column in zip(*rows, strict=True))
    return [lo - 1.0, hi - 1.0, p_up]


def test(market: Market) -> None:
    """What was there before and what was chosen, on the test years."""
    span = Spanned(market, market.origins(TEST))
    head(f"{TEST[0]} to {market.dates[-1]}, {len(market.bars)} symbols")
    span.show("1.64 EWMA volatilities", *span.constant())
    for model in ("persistence", "ar"):
        for name, scale in (("EWMA 0.94", market.ewma), ("true range", market.range)):
            for warm in (True, False):
                lo, hi, p_up = intervals(market, model, scale, span, warm=warm)
                span.show(f"{model}: {name}, {'warm' if warm else 'cold'}", lo, hi, p_up)


def priors(market: Market) -> None:
    """Brier scores on 2016 where p_up is drawn towards 1/2 by more and more sessions."""
    rows = market.origins(VALIDATION)
    counts = (1, 50, 100, 250, 500, 1_000)
    print("\nBrier score of p_up on 2016 by further scores, half of them rises")
    print(f"{'':{WIDTH}}", "  ".join(f"{count:6,}" for count in counts))
    rng = np.random.Generator(np.random.PCG64(0))
    spread = market.change.std(axis=1, keepdims=True)
    signal = 0.04 * market.change + 0.196 * spread * rng.standard_normal(market.change.shape)
    worlds = {name: announced(market, name) for name in ("persistence", "ar")} | {"4 % of the variance known": signal}
    for name, forecast in worlds.items():
        scores = (market.change - forecast) / market.range
        for warm in (True, False):
            losses: list[list[float]] = []
            for t in range(rows.start + (0 if warm else AT_LEAST), rows.stop):
                past = scores[:, (t - WINDOW if warm else max(t - WINDOW, rows.start)) : t]
                k = (forecast[:, t, None] + past * market.range[:, t, None] > 0.0).sum(axis=1)
                rose = market.change[:, t] > 0.0
                losses.append([np.mean(((k + c / 2) / (past.shape[1] + c) - rose) ** 2) for c in counts])
            shown = "  ".join(f"{loss:.4f}" for loss in np.mean(losses, axis=0))
            print(f"{name + (', warm' if warm else ', cold'):{WIDTH}}", shown)


def recipe(market: Market, symbols: int) -> None:
    """The `default` recipe on the test years: the interval that a study's table has, and the others on its forecasts."""
    chosen = [market.bars[i] for i in np.linspace(0, len(market.bars) - 1, symbols).astype(int)]
    some = Market(bars=chosen)
    span = Spanned(some, some.origins(TEST))
    yhat = []
    for bars in chosen:
        study = nc.run(bars, recipes=["default"], test_start=TEST[0], seeds=2)
        yhat.append(study.table.of("default", 1).yhat / bars.close[span.rows] - 1.0)
    forecast = np.stack(yhat)
    head(f"{TEST[0]} to {some.dates[-1]}, recipe default on {symbols} symbols, cold")
    span.show("1.64 EWMA volatilities", *span.constant())
    for name, scale in (("EWMA 0.94", some.ewma), ("true range", some.range)):
        t = np.arange(span.rows.start, span.rows.stop)
        rows = [
            rolling_conformal(1.0 + forecast[s], np.ones(len(t)), 1.0 + span.change[s], scale[s, t], t, t + 1)
            for s in range(symbols)
        ]
        lo, hi, p_up = (np.stack(column) for column in zip(*rows, strict=True))
        span.show(f"default: {name}, cold", lo - 1.0, hi - 1.0, p_up)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bars", nargs="?", type=Path, default=FILE)
    parser.add_argument("--recipe", type=int, default=0, metavar="SYMBOLS", help="also the default recipe on so many")
    asked = parser.parse_args()
    market = read_market(asked.bars)
    validate(market)
    priors(market)
    test(market)
    if asked.recipe:
        recipe(market, asked.recipe)


if __name__ == "__main__":
    main()
