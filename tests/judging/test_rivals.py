"""What is said beside plainer forecasts, and at shifts."""

from __future__ import annotations

import numpy as np
import pytest

from nextclose.core.forecasts import Forecasts
from nextclose.judging.judge import judge

DRIFT = 0.004
NO_BETTER = "no better than a constant drift"


def drifting(n=800, seed=0):
    """Forecasts of a walk with a drift and, as a share of the close, the changes that came."""
    came = DRIFT + 0.01 * np.random.default_rng(seed).standard_normal(n)
    close = 100.0 * np.cumprod(np.concatenate([[1.0], 1.0 + came]))
    dates = np.busday_offset(np.datetime64("2020-01-01"), np.arange(n + 1))
    columns = {"symbol": "A", "origin": dates[:-1], "target_date": dates[1:], "last_close": close[:-1], "y": close[1:]}
    return columns, came


def forecast(columns, announced, model="m"):
    return Forecasts.make(columns | {"model": model, "yhat": columns["last_close"] * (1.0 + announced)})


def said_of(*tables):
    return next(row for row in judge(Forecasts.concat(tables)).models if row.name == "m")


def test_a_constant_with_tiny_noise_is_no_better_than_a_drift():
    columns, came = drifting()
    own = forecast(columns, DRIFT + 1e-5 * np.random.default_rng(1).standard_normal(len(came)))
    alone, beside = said_of(own), said_of(own, forecast(columns, DRIFT, "train-mean"))
    assert alone.verdict == beside.verdict == "beats persistence"
    assert NO_BETTER in alone.sentence
    assert "known in hindsight" in alone.sentence
    assert f"{NO_BETTER}, as far as these sessions can tell: train-mean has a skill of" in beside.sentence


def test_a_truly_better_forecast_is_not_called_a_drift():
    columns, came = drifting()
    own = forecast(columns, DRIFT + 0.4 * (came - DRIFT))
    alone, beside = said_of(own), said_of(own, forecast(columns, DRIFT, "train-mean"))
    assert "It is more accurate than any constant drift, known in hindsight." in alone.sentence
    assert "It is more accurate than every plainer forecast beside it (train-mean)." in beside.sentence
    assert NO_BETTER not in alone.sentence + beside.sentence


def test_a_rival_as_good_is_named():
    columns, came = drifting()
    known = DRIFT + 0.4 * (came - DRIFT)
    noise = 1e-4 * np.random.default_rng(2).standard_normal(len(came))
    row = said_of(
        forecast(columns, known + noise), forecast(columns, known, "ridge"), forecast(columns, DRIFT, "drift")
    )
    assert "It is not shown to be more accurate than ridge (+" in row.sentence
    assert NO_BETTER not in row.sentence


@pytest.mark.parametrize(
    ("announce", "likely"),
    [
        (lambda came, noise: came + noise, "a copy of the last close whose dates are one session early"),
        (lambda came, noise: 0.008 * np.sign(came), "forecasts that have seen what they forecast"),
    ],
)
def test_the_alarm_says_what_it_looks_like(announce, likely):
    columns, came = drifting()
    row = said_of(forecast(columns, announce(came, 1e-4 * np.random.default_rng(3).standard_normal(len(came)))))
    assert "is an alarm, not a triumph" in row.sentence
    assert likely in row.sentence
    assert f"Dated one session later its skill would be {row.rejudged[1].skill:+.2f}" in row.sentence


def test_a_modest_skill_raises_no_alarm():
    columns, came = drifting()
    row = said_of(forecast(columns, 0.012 * (came - DRIFT)))
    assert row.rejudged == ()
    assert "alarm" not in row.sentence
