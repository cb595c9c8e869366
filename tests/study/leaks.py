"""Backtests and forecasters with a leak planted in each, and the same without it."""

from __future__ import annotations

import numpy as np
import pandas as pd

HALF = 150
"""The last train session of the backtests here."""


def returns(bars):
    return np.diff(np.log(bars.close), prepend=np.log(bars.close[0]))


def slope(x, y):
    return float(x @ y / (x @ x))


def rows(bars):
    return np.arange(HALF, len(bars) - 1)


def table(bars, change):
    """Forecasts for the sessions after row HALF: close (1 + change)."""
    at = rows(bars)
    return pd.DataFrame({"target_date": bars.dates[at + 1], "yhat": bars.close[at] * (1.0 + change[at])})


def scaler_on_everything(bars):
    """Min-max scaling over all bars, then a ridge that is not scale-free."""
    low, high = bars.close.min(), bars.close.max()
    scaled = (bars.close - low) / (high - low)
    x, y = scaled[: HALF - 1], scaled[1:HALF]
    weight = (x @ y) / (x @ x + 1.0)
    yhat = np.full(len(bars), np.nan)
    yhat[HALF:] = (weight * scaled * (high - low) + low)[HALF:]
    return yhat


def centred_average(bars):
    """A moving average that reaches a session ahead."""
    smooth = np.convolve(bars.close, np.ones(3) / 3.0, mode="same")
    return table(bars, smooth / bars.close - 1.0)


def shuffled_split(bars):
    """Trained on sessions drawn from all of history."""
    r = returns(bars)
    train = np.random.default_rng(0).permutation(len(bars) - 1)[:HALF]
    return table(bars, slope(r[train], r[train + 1]) * r)


def stops_on_the_test_span(bars):
    """As many gradient steps as serve the test span best."""
    r = returns(bars)
    x, y = r[1 : HALF - 1], r[2:HALF]
    test = rows(bars)
    weights = [0.0]
    for _ in range(200):
        weights.append(weights[-1] + 20.0 * float(x @ (y - weights[-1] * x)))
    best = min(weights, key=lambda w: float(np.sum((r[test + 1] - w * r[test]) ** 2)))
    return table(bars, best * r)


def target_among_the_features(bars):
    """The next return is a column, of little weight."""
    r = returns(bars)
    ahead = np.append(r[1:], 0.0)
    return table(bars, 0.1 * r + 0.01 * ahead)


def next_body(bars):
    """The direction of the next bar's body, which no change of scale shows."""
    yhat = bars.close.copy()
    yhat[:-1] *= 1.0 + 0.005 * np.sign(bars.close - bars.open)[1:]
    return yhat


def next_range(bars):
    yhat = bars.close.copy()
    yhat[:-1] *= 1.0 + 0.1 * np.log(bars.high / bars.low)[1:]
    return yhat


class CentredFeatures:
    """Fits on its span alone, but answers for all bars at once with features that look ahead."""

    def fit(self, bars):
        self.weight = slope(returns(bars)[1:-1], returns(bars)[2:])
        return self

    def predict(self, bars):
        smooth = np.convolve(returns(bars), np.ones(3) / 3.0, mode="same")
        return bars.close * (1.0 + self.weight * smooth)


LEAKS = (
    scaler_on_everything,
    centred_average,
    shuffled_split,
    stops_on_the_test_span,
    target_among_the_features,
    next_body,
    next_range,
    CentredFeatures(),
)


def scaler_on_the_train_span(bars):
    low, high = bars.close[:HALF].min(), bars.close[:HALF].max()
    scaled = (bars.close - low) / (high - low)
    x, y = scaled[: HALF - 1], scaled[1:HALF]
    weight = (x @ y) / (x @ x + 1.0)
    yhat = np.full(len(bars), np.nan)
    yhat[HALF:] = (weight * scaled * (high - low) + low)[HALF:]
    return yhat


def trailing_average(bars):
    smooth = np.convolve(bars.close, np.ones(3) / 3.0)[: len(bars)]
    return table(bars, smooth / bars.close - 1.0)


def last_return_again(bars):
    return float(bars.close[-1] ** 2 / bars.close[-2])


class Slope:
    """An AR(1), fitted on its span, asked one session at a time."""

    name = "slope"

    def fit(self, bars):
        self.weight = slope(returns(bars)[1:-1], returns(bars)[2:])

    def predict(self, bars):
        return {"yhat": bars.close[-1] * (1.0 + self.weight * returns(bars)[-1]), "p_up": 0.5}


class SlopeAtOnce(Slope):
    name = "slope at once"

    def predict(self, bars):
        return bars.close * (1.0 + self.weight * returns(bars))


class Learning(Slope):
    """Learns from every session that it is asked about."""

    name = "learning"

    def fit(self, bars):
        self.seen = [bars.close[-1]]

    def predict(self, bars):
        self.seen.append(bars.close[-1])
        return float(np.mean(self.seen[-3:]))


def an_interval_now_and_then(bars):
    close = bars.close[-1]
    return {"yhat": close, "lo": 0.9 * close, "hi": 1.1 * close, "level": 0.9} if close > bars.close[0] else close


HONEST = (
    scaler_on_the_train_span,
    trailing_average,
    last_return_again,
    an_interval_now_and_then,
    Slope(),
    SlopeAtOnce(),
    Learning(),
)


def throws_dice(bars):
    return float(bars.close[-1] * (1.0 + 0.01 * np.random.default_rng().standard_normal()))
