from __future__ import annotations

import numpy as np
import pytest
from tests.conftest import walk_bars
from tests.judging.test_judge import table

import nextclose as nc
from nextclose.core.errors import ForecastsError
from nextclose.core.forecasts import Forecasts
from nextclose.judging.truth import check_agreement, check_last_close, fill_truth, infer_origins


def from_bars(bars, first=100):
    """Forecasts of the bars' last sessions that lack everything the bars know."""
    rows = np.arange(first, len(bars))
    return Forecasts.make(
        {"symbol": bars.symbol, "model": "m", "target_date": bars.dates[rows], "yhat": bars.close[rows] * 1.01}
    )


def test_bars_fill_what_a_table_lacks_and_nothing_else():
    bars = walk_bars(160, seed=3)
    filled, notes = fill_truth(from_bars(bars), {bars.symbol: bars})
    np.testing.assert_array_equal(filled.y, bars.close[100:])
    np.testing.assert_array_equal(filled.last_close, bars.close[99:-1])
    np.testing.assert_array_equal(filled.origin, bars.dates[99:-1])
    assert notes == ()
    own = filled.replace(y=filled.y * 1.5)
    again, notes = fill_truth(own, {bars.symbol: bars})
    np.testing.assert_array_equal(again.y, own.y)
    assert str(notes[0]).startswith("60 truths differ")


def test_two_steps_ahead_are_filled_from_two_sessions_before():
    bars = walk_bars(160, seed=3)
    filled, _ = fill_truth(from_bars(bars).replace(step=np.full(60, 2)), {bars.symbol: bars})
    np.testing.assert_array_equal(filled.last_close, bars.close[98:-2])


def test_each_symbol_takes_its_own_bars_and_strangers_are_told():
    one, two = walk_bars(160, seed=3, symbol="ONE"), walk_bars(150, seed=4, symbol="TWO")
    forecasts = Forecasts.concat([from_bars(one), from_bars(two)])
    filled, _ = fill_truth(forecasts, {"TWO": two, "ONE": one})
    np.testing.assert_array_equal(filled.y, np.concatenate([one.close[100:], two.close[100:]]))
    filled, notes = fill_truth(forecasts, {"TWO": two, "X": one})
    assert np.isnan(filled.y[:60]).all()
    assert "1 symbols are not among the bars" in str(notes[-1])
    with pytest.raises(ForecastsError, match="bars hold X, but the forecasts are of ONE, TWO"):
        fill_truth(forecasts, {"X": one})


def test_an_origin_that_is_missing_is_the_session_before_in_the_table():
    made = table(n=50)
    bare = made.replace(origin=np.full(50, np.datetime64("NaT", "D")))
    found = infer_origins(bare).origin
    assert np.isnat(found[0])
    np.testing.assert_array_equal(found[1:], made.target_date[:-1])
    np.testing.assert_array_equal(infer_origins(made).origin, made.origin)
    twofold = infer_origins(bare.replace(step=np.full(50, 2))).origin
    np.testing.assert_array_equal(twofold[2:], made.target_date[:-2])
    assert np.isnat(twofold[:2]).all()


def test_a_last_close_that_is_not_the_last_close_is_told():
    made = table(n=50, noise=0.2)
    assert check_last_close(made) == ()
    (note,) = check_last_close(made.replace(last_close=made.y))
    assert "49 of 49 rows have a last_close" in str(note)
    later = np.arange(50) % 2 == 1
    (note,) = check_last_close(made.replace(last_close=np.where(later, made.y, made.last_close)))
    assert "25 of 49" in str(note)
    assert check_last_close(made.where(np.arange(50) % 2 == 0)) == ()


def test_models_that_disagree_on_what_came_are_told():
    made = table(n=50, noise=0.2)
    other = made.replace(model=np.full(50, "b", dtype=object))
    assert check_agreement(Forecasts.concat([made, other])) == ()
    (note,) = check_agreement(Forecasts.concat([made, other.replace(y=made.y * 1.02)]))
    assert "disagree on y for 50 forecasts" in str(note)
    (note,) = check_agreement(
        Forecasts.concat([made, other.replace(last_close=np.where(np.arange(50) == 7, 1.0, made.last_close))])
    )
    assert "disagree on last_close for 1 forecasts" in str(note)


def test_bars_that_end_early_fill_nothing_after_their_end():
    bars = walk_bars(160, seed=3)
    short = nc.Bars(**{name: getattr(bars, name)[:140] if isinstance(getattr(bars, name), np.ndarray) else getattr(bars, name)
                       for name in bars.__dataclass_fields__})  # fmt: skip
    filled, notes = fill_truth(from_bars(bars), {bars.symbol: short})
    np.testing.assert_array_equal(np.isnan(filled.last_close), np.arange(60) >= 40)
    np.testing.assert_array_equal(np.isnat(filled.origin), np.arange(60) >= 40)
    assert "20 forecasts are for sessions after the last bar" in str(notes[0])
