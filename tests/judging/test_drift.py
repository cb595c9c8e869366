"""An alarm when a model errs otherwise than it did, and seldom without."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest

from nextclose.core.evening import Drift
from nextclose.core.lang import Text
from nextclose.judging import drift as module
from nextclose.judging.drift import FEWEST, REFERENCE, WINDOW, coverage_floor, drift, error_band
from nextclose.judging.tally import Tally

SYMBOLS = 8


def world(seed, sessions=250 + 2 * WINDOW, *, steady=False, volatility=None, coverage=0.9):
    """A model that announces noise, session by session, in a market whose volatility wanders."""
    rng = np.random.default_rng(seed)
    logs = np.zeros(sessions)
    for day in range(1, sessions):
        logs[day] = 0.95 * logs[day - 1] + 0.1 * rng.standard_normal()
    scale = 0.02 * np.exp(logs if volatility is None else np.log(volatility) * np.ones(sessions))[:, None]
    change = scale * (0.5 * rng.standard_normal((sessions, 1)) + 0.8 * rng.standard_normal((sessions, SYMBOLS)))
    announced = 0.2 * (0.02 if steady else scale) * rng.standard_normal((sessions, SYMBOLS))
    inside = rng.binomial(SYMBOLS, coverage, sessions)
    return sums(((change - announced) ** 2).sum(axis=1), (change**2).sum(axis=1), inside)


def sums(lost, base, inside, intervals=SYMBOLS):
    T = len(lost)
    blank = {field.name: np.zeros(T) for field in fields(Tally)}
    own = {
        "step": 1,
        "dates": np.arange(T).astype("datetime64[D]"),
        "n": np.full(T, SYMBOLS),
        "lost": lost,
        "base": base,
    }
    return Tally(**blank | own | {"inside": inside, "intervals": np.full(T, intervals), "level": np.full(T, 0.9)})


def part(tally, first, stop, error=1.0):
    """Some sessions of it, with an error so many times as large."""
    own = {field.name: getattr(tally, field.name) for field in fields(Tally)}
    cut = {name: values if name == "step" else values[first:stop] for name, values in own.items()}
    return Tally(**cut | {"lost": cut["lost"] * error**2})


def looks(seeds, error=1.0, **more):
    """What is found in two stretches of each world."""
    found = []
    for seed in seeds:
        every = world(seed, **more)
        for first in (250, 250 + WINDOW):
            found.append(drift(part(every, 0, 250), part(every, first, first + WINDOW, error), name="net"))
    return found


@pytest.mark.parametrize("steady", [False, True])
def test_alarms_are_seldom_false(steady):
    """By the bands' making in 0.5 % of evenings, and in half as many for coverage: less than one of these 80."""
    assert sum(one.alarm for one in looks(range(40), steady=steady)) <= 5


@pytest.mark.parametrize(("error", "least"), [(1.2, 28), (1.5, 30)])
def test_a_larger_error_is_seen(error, least):
    found = looks(range(15), error)
    assert sum(one.ratio > one.high for one in found) >= least
    assert "errs more" in max(found, key=lambda one: one.ratio).sentence


def test_too_good_is_an_alarm_too():
    found = looks(range(5), 0.5)
    assert all(one.alarm and one.ratio < one.low for one in found)
    assert all("Look for a leak" in one.sentence for one in found)


def test_a_calm_market_is_no_drift_of_a_net_whose_changes_keep_their_size():
    """Against persistence it errs more then, and the band knows."""
    wild, calm = world(1, steady=True), world(2, steady=True, volatility=0.5)
    found = drift(part(wild, 0, 250), part(calm, 0, WINDOW), name="net")
    plain = np.sqrt(wild.lost[:250].sum() / wild.base[:250].sum())
    assert found.ratio > plain * 1.03
    assert found.low < found.ratio < found.high


def test_the_last_sessions_are_looked_at():
    every = world(3)
    recent = part(every, 250, 290)
    worse = Tally(**vars(recent) | {"lost": recent.lost * np.where(np.arange(40) < 20, 9.0, 1.0)})
    found = drift(part(every, 0, 250), worse, name="net")
    assert found.ratio == pytest.approx(np.sqrt(recent.lost[20:].sum() / recent.base[20:].sum()))
    assert (found.sessions, found.reference, found.alarm) == (20, 250, False)


def test_a_shorter_stretch_has_a_wider_band():
    reference = part(world(4), 0, 250)
    base = float(reference.base.sum() / reference.n.sum())
    bands = [error_band(reference, m, base) for m in (5, 20)]
    assert bands[0][0] < bands[1][0] < bands[1][1] < bands[0][1]


def test_what_comes_again_later_makes_the_band_wider():
    """Errors that come in runs leave fewer independent sessions; the same ones in any order would leave more."""
    rng = np.random.default_rng(5)
    runs = np.repeat(np.exp(0.3 * rng.standard_normal(50)), 5)
    base = np.ones(250) * SYMBOLS
    inside = np.zeros(250, dtype=np.int64)
    widths = [np.diff(error_band(sums(lost, base, inside), 20, 1.0))[0] for lost in (runs, rng.permutation(runs))]
    assert widths[0] > 1.3 * widths[1]


def test_coverage_that_falls_is_an_alarm():
    good, poor = world(6, coverage=0.9), world(7, coverage=0.7)
    found = drift(part(good, 0, 250), part(poor, 250, 270), name="net")
    assert found.alarm
    assert found.low < found.ratio < found.high
    assert found.coverage == poor.inside[250:270].sum() / (20 * SYMBOLS)
    assert found.coverage < found.coverage_low < 0.9
    assert "instead of 90%" in found.sentence


def test_coverage_that_was_above_its_level_and_is_at_it_is_no_alarm():
    good, fair = world(8, coverage=0.999), world(9, coverage=0.92)
    found = drift(part(good, 0, 250), part(fair, 250, 270), name="net")
    assert found.coverage < found.coverage_low
    assert not found.alarm


def test_symbols_that_miss_together_are_no_evidence_of_their_number():
    rng = np.random.default_rng(10)
    apart, together = rng.binomial(100, 0.9, 250), 100 * rng.binomial(1, 0.9, 250)
    ones = np.ones(250)
    floors = [coverage_floor(sums(ones, ones, inside, 100), 20) for inside in (apart, together)]
    assert floors[1] < floors[0] - 0.1


def test_without_intervals_nothing_is_said_of_coverage():
    every = world(11)
    bare = Tally(
        **vars(every) | {"intervals": 0 * every.n, "inside": 0 * every.n, "level": np.full(len(every.n), np.nan)}
    )
    found = drift(part(bare, 0, 250), part(bare, 250, 270), name="net")
    assert np.isnan(found.coverage)
    assert np.isnan(found.coverage_low)
    assert not found.alarm


def test_too_few_sessions_have_no_band():
    every = world(12)
    few = drift(part(every, 0, 250), part(every, 250, 250 + FEWEST - 1), name="net")
    young = drift(part(every, 0, REFERENCE - 1), part(every, 250, 270), name="net")
    assert isinstance(few, Text)
    assert "so far 4" in str(few)
    assert isinstance(young, Text)
    assert f"{REFERENCE} of them" in str(young)
    assert isinstance(drift(part(every, 0, REFERENCE), part(every, 250, 250 + FEWEST), name="net"), Drift)


def test_without_an_error_there_is_none_to_compare():
    every = world(13)
    nothing = Tally(**vars(every) | {"base": 0.0 * every.base})
    assert "no error" in str(drift(part(every, 0, 250), part(nothing, 250, 270), name="net"))


def test_persistence_itself_never_drifts():
    every = world(14)
    same = Tally(**vars(every) | {"lost": every.base})
    found = drift(part(same, 0, 250), part(same, 250, 270), name="persistence")
    assert (found.ratio, found.alarm) == (1.0, False)


def test_it_is_the_same_every_time():
    every = world(15)
    found = [
        drift(part(every, 0, 250), part(every, 250, 270), name="net")
        for _ in range(2)
        if not module._draws.cache_clear()
    ]
    assert found[0] == found[1]
