"""What a ledger's tables say together."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys

import numpy as np
import pytest
from tests.market.ledger.conftest import ORIGIN, at, forecast, rows, truth

from nextclose.market.ledger import book


@pytest.fixture(autouse=True, params=["as it is", "keys far apart"])
def matching(request, monkeypatch):
    """Both ways to find a row by its key."""
    if request.param == "keys far apart":
        monkeypatch.setattr(book, "_dense", lambda *keys: False)


def write(ledger, *entries):
    for kind, *every in entries:
        ledger.append(kind, rows(kind, *every), as_of=str(ORIGIN), page={}, now=at())
    return book.read(ledger)


def test_a_ledger_without_forecasts_has_an_empty_book(ledger):
    found = book.read(ledger)
    assert len(found.forecasts) == len(found.truths) == len(found.joined()) == 0


def test_a_forecast_without_a_truth_waits(ledger):
    found = write(ledger, ("forecasts", forecast()))
    assert found.matched.tolist() == [-1]
    joined = found.joined()
    assert np.isnan(joined.y[0])
    assert joined.target_date[0] == np.datetime64(ORIGIN + dt.timedelta(days=1))


def test_forecasts_meet_the_truth_of_their_symbol_origin_and_step(ledger):
    later = ORIGIN + dt.timedelta(days=7)
    said = [forecast("B"), forecast("A", step=2), forecast("A", model="two"), forecast("A", origin=later)]
    came = [truth("A", y=1.0), truth("A", step=2, y=2.0), truth("A", origin=later, y=3.0), truth("C", y=4.0)]
    joined = write(ledger, ("forecasts", *said), ("truths", *came)).joined()
    assert joined.y.tolist() == [pytest.approx(np.nan, nan_ok=True), 2.0, 1.0, 3.0]
    assert joined.symbol.tolist() == ["B", "A", "A", "A"]
    assert joined.model.tolist() == ["net", "net", "two", "net"]


def test_prices_are_those_of_the_truth_and_the_session_is_the_one_that_came(ledger):
    came = truth(y=51.0, basis=0.5, last_close=50.0, actual_date=ORIGIN + dt.timedelta(days=3), mark="holiday")
    joined = write(ledger, ("forecasts", forecast()), ("truths", came)).joined()
    assert [joined.yhat[0], joined.lo[0], joined.hi[0], joined.last_close[0], joined.y[0]] == [
        50.5,
        47.5,
        53.5,
        50.0,
        51.0,
    ]
    assert joined.target_date[0] == np.datetime64(ORIGIN + dt.timedelta(days=3))
    assert [joined.level[0], joined.p_up[0]] == [0.9, 0.5]


def test_a_basis_of_one_leaves_every_bit(ledger):
    said = forecast(yhat=0.1 + 0.2, last_close=1 / 3)
    joined = write(ledger, ("forecasts", said), ("truths", truth())).joined()
    assert joined.yhat[0] == 0.1 + 0.2
    assert joined.last_close[0] == 1 / 3


def test_some_rows_are_joined_as_they_are_in_the_whole(ledger):
    days = [ORIGIN + dt.timedelta(days=number) for number in range(3)]
    said = [forecast(symbol, origin=day, yhat=yhat) for day in days for symbol, yhat in (("A", 101.0), ("B", None))]
    book_of = write(ledger, ("forecasts", *said), ("truths", truth(origin=days[1], y=3.0, basis=2.0)))
    whole, part = book_of.joined(), book_of.joined(np.array([4, 2]))
    for name, column in whole.columns():
        np.testing.assert_array_equal(getattr(part, name), column[[4, 2]])


def test_truths_that_came_later_are_put_to_those_that_were_known(ledger):
    before = write(ledger, ("forecasts", forecast(), forecast("B")), ("truths", truth(y=1.0)))
    ledger.append("truths", rows("truths", truth("B", y=3.0), truth(y=2.0)), as_of=str(ORIGIN), page={}, now=at())
    after, anew = book.with_truths(before, ledger), book.read(ledger)
    assert after.joined().y.tolist() == anew.joined().y.tolist() == [2.0, 3.0]
    assert after.superseded == anew.superseded == 1
    assert after.entries == ledger.entries
    assert before.joined().y.tolist()[0] == 1.0


def test_parts_share_no_symbol_and_leave_no_row_out(ledger, monkeypatch):
    monkeypatch.setattr(book, "PART", 3)
    found = write(ledger, ("forecasts", *(forecast(symbol, model) for model in ("x", "y") for symbol in "ABCDE")))
    parts = list(found.by_symbols(np.arange(1, 10)))
    assert len(parts) == 3
    assert sorted(np.concatenate(parts).tolist()) == list(range(1, 10))
    symbols = [set(found.joined(part).symbol.tolist()) for part in parts]
    assert sum(map(len, symbols)) == len(set.union(*symbols)) == 5


def test_the_first_number_counts(ledger):
    found = write(ledger, ("forecasts", forecast(yhat=1.0)), ("forecasts", forecast(yhat=2.0)))
    assert found.joined().yhat.tolist() == [1.0]
    assert found.forecasts["entry"].to_pylist() == [2]


def test_a_number_may_follow_where_there_was_none(ledger):
    nothing = forecast(yhat=None, status="failed")
    found = write(ledger, ("forecasts", nothing, forecast("B")), ("forecasts", forecast(yhat=2.0)))
    assert found.forecasts["symbol"].to_pylist() == ["B", "A"]
    assert found.joined().yhat.tolist() == [101.0, 2.0]


def test_of_several_rows_without_a_number_the_last_tells(ledger):
    said = [("forecasts", forecast(yhat=None, status=status)) for status in ("failed", "stale")]
    found = write(ledger, *said)
    assert found.forecasts["status"].to_pylist() == ["stale"]
    assert found.numbered.tolist() == [False]


def test_a_later_truth_supersedes_an_earlier_one(ledger):
    found = write(ledger, ("forecasts", forecast()), ("truths", truth(y=1.0)), ("truths", truth(y=2.0), truth("B")))
    assert found.joined().y.tolist() == [2.0]
    assert found.superseded == 1
    assert len(found.truths) == 2


def test_reading_needs_arrays_and_arrow_alone():
    asked = (
        "import sys; from nextclose.market.ledger import book, chain; "
        "print([name for name in ('torch', 'numba', 'scipy', 'pandas', 'duckdb', 'plotly') if name in sys.modules])"
    )
    answer = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"
