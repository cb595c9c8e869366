"""How often an alarm of drift is false, and how often it sees one: the band of `judging.drift`, and two plainer charts.

Worlds in which nothing drifts: log volatility wanders (AR(1), 0.97 a session, standard deviation 0.4), symbols share half of
a market factor, returns have Student's t with 5 degrees of freedom. The forecast is noise, of 15 % of the volatility of the
day, or of that of an average day. 250 reference sessions, then 20 to 60 that the last 20 are looked at of, each evening.

window   quantiles of the 231 windows of 20 sessions of the reference
ewma     an exponentially weighted mean (0.1) of the log ratio of each session, against its standard deviation before

    python bench/drift.py [WORLDS]
"""

from __future__ import annotations

import sys
from dataclasses import fields
from statistics import NormalDist

import numpy as np

from nextclose.core.types import Float64s
from nextclose.judging.drift import RATE, WINDOW, error_band
from nextclose.judging.tally import Tally

REFERENCE, EVENINGS = 250, 41
LARGER = (1.05, 1.2, 1.5)
FORGETTING = 0.1


def world(symbols: int, steady: bool, seed: int) -> tuple[Float64s, Float64s]:
    """(T,) squared errors of the model and of persistence, summed over the symbols of each session."""
    rng, T = np.random.default_rng(seed), REFERENCE + WINDOW + EVENINGS - 1
    shocks, log_volatility = 0.4 * rng.standard_normal(T), np.zeros(T)
    log_volatility[0] = shocks[0]
    for day in range(1, T):
        log_volatility[day] = 0.97 * log_volatility[day - 1] + np.sqrt(1.0 - 0.97**2) * shocks[day]
    volatility = 0.02 * np.exp(log_volatility)[:, None]
    common, own = rng.standard_t(5, (T, 1)), rng.standard_t(5, (T, symbols))
    change = volatility * (0.5 * common + np.sqrt(0.75) * own) / np.sqrt(5.0 / 3.0)
    announced = 0.15 * (0.02 if steady else volatility) * rng.standard_normal((T, symbols))
    return ((change - announced) ** 2).sum(axis=1), (change**2).sum(axis=1)


def tally(lost: Float64s, base: Float64s, symbols: int) -> Tally:
    """Sums of which only these are looked at."""
    T = len(lost)
    blank = {field.name: np.zeros(T) for field in fields(Tally)}
    days = np.arange(T).astype("datetime64[D]")
    return Tally(**blank | {"step": 1, "dates": days, "n": np.full(T, symbols), "lost": lost, "base": base})


def windows(values: Float64s) -> Float64s:
    """Sums over every 20 sessions."""
    running = np.concatenate([[0.0], np.cumsum(values)])
    return running[WINDOW:] - running[:-WINDOW]


def looks(symbols: int, steady: bool, seed: int) -> dict[str, tuple[float, list[bool]]]:
    """Design -> (share of evenings with an alarm, whether a larger error of the first 20 sessions is seen)."""
    lost, base = world(symbols, steady, seed)
    first, after = slice(REFERENCE), slice(REFERENCE, None)
    ratios = np.sqrt(windows(lost[after]) / windows(base[after]))
    reference = tally(lost[first], base[first], symbols)
    bands = [error_band(reference, WINDOW, own) for own in windows(base[after]) / WINDOW / symbols]
    low, high = np.array(bands).T
    before = np.sqrt(windows(lost[first]) / windows(base[first]))
    edges = np.quantile(before, [RATE / 2.0, 1.0 - RATE / 2.0])
    return {
        "band": _told(ratios, low, high),
        "window": _told(ratios, np.full(EVENINGS, edges[0]), np.full(EVENINGS, edges[1])),
        "ewma": _chart(0.5 * np.log(lost / base)),
    }


def _told(ratios: Float64s, low: Float64s, high: Float64s) -> tuple[float, list[bool]]:
    return float(np.mean((ratios < low) | (ratios > high))), [bool(ratios[0] * more > high[0]) for more in LARGER]


def _chart(logs: Float64s) -> tuple[float, list[bool]]:
    logs = logs - logs[:REFERENCE].mean()
    charts = [_smooth(logs + np.log(more) * (np.arange(len(logs)) >= REFERENCE)) for more in (1.0, *LARGER)]
    limit = NormalDist().inv_cdf(1.0 - RATE / 2.0) * charts[0][WINDOW:REFERENCE].std()
    last = REFERENCE + WINDOW - 1
    return float(np.mean(np.abs(charts[0][last:]) > limit)), [bool(chart[last] > limit) for chart in charts[1:]]


def _smooth(values: Float64s) -> Float64s:
    smooth = np.zeros(len(values))
    for day in range(1, len(values)):
        smooth[day] = (1.0 - FORGETTING) * smooth[day - 1] + FORGETTING * values[day]
    return smooth


def main(worlds: int) -> None:
    """A line a world and design."""
    print(f"{worlds} worlds, {EVENINGS} evenings each; nominal rate of false alarms {RATE:.1%} an evening")
    print("symbols  forecast    design  false alarms  seen: error " + " ".join(f"x {more:<5}" for more in LARGER))
    for symbols in (1, 100):
        for steady in (False, True):
            found = [looks(symbols, steady, seed) for seed in range(worlds)]
            for design in found[0]:
                false = np.mean([one[design][0] for one in found])
                seen = np.mean([one[design][1] for one in found], axis=0)
                size = "steady" if steady else "as volatile"
                shares = "   ".join(f"{share:5.0%}" for share in seen)
                print(f"{symbols:7}  {size:11} {design:7} {false:11.2%}            {shares}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100)
