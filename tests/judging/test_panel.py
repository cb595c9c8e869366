"""Sessions and the order of rows in them."""

from __future__ import annotations

import numpy as np
import pytest

from nextclose.core.forecasts import Forecasts
from nextclose.judging.panel import Sessions

DAYS = np.array([3, 3, 4, 7, 7, 7, 9])


def test_sessions_by_hand():
    sessions = Sessions.of_days(DAYS)
    assert (sessions.of.tolist(), sessions.count, sessions.alone) == ([0, 0, 1, 2, 2, 2, 3], 4, False)
    assert sessions.starts.tolist() == [0, 2, 3, 6]


@pytest.mark.parametrize("columns", [(), (2,)])
def test_sums_are_a_plain_loop(columns):
    values = np.random.default_rng(0).standard_normal((len(DAYS), *columns))
    expected = [sum(value for value, own in zip(values, DAYS, strict=True) if own == day) for day in (3, 4, 7, 9)]
    np.testing.assert_allclose(Sessions.of_days(DAYS).sums(values), expected, rtol=1e-14)


def test_one_symbol_is_its_own_sessions():
    values = np.arange(5.0)
    for sessions in (Sessions.single(5), Sessions.of_days(np.arange(5) * 3)):
        assert sessions.alone
        np.testing.assert_array_equal(sessions.sums(values), values)
    assert Sessions.of_days(np.empty(0, dtype=np.int64)).count == 0


def test_what_follows_what(make_panel):
    day = np.array(
        ["2020-01-02", "2020-01-02", "2020-01-03", "2020-01-06", "2020-01-06", "2020-01-07"], "datetime64[D]"
    )
    before = np.array(["2020-01-01", "2020-01-01", "2020-01-02", "2020-01-03", "2020-01-03", "2020-01-06"], day.dtype)
    symbol = np.array(["A", "B", "A", "A", "B", "B"], dtype=object)
    panel = make_panel(Forecasts.make({"symbol": symbol, "origin": before, "target_date": day, "yhat": np.ones(6)}))
    assert panel.by_symbol.tolist() == [0, 2, 3, 1, 4, 5]
    # A: 2, 3 and 6 January in a row; B: 2 January, then the 6th, whose origin is the 3rd, then the 7th.
    assert panel.follows.tolist() == [False, True, True, False, False, True]
    assert panel.followed.tolist() == [True, True, False, False, True, False]
    assert panel.lines.before.tolist() == [-1, -1, 0, 2, 1, 4]
