from __future__ import annotations

import numpy as np
import pytest

from nextclose.bars import load_bars
from nextclose.bars.calendars import closes_at, guess_exchange, sessions_ahead


def test_the_next_session_skips_a_holiday():
    dates, reason = sessions_ahead("XKRX", np.datetime64("2023-09-27"), 2)
    assert dates == ["2023-10-04", "2023-10-05"]
    assert reason is None


@pytest.mark.parametrize(("after", "coming"), [("2013-03-01", "2013-03-04"), ("2013-07-03", "2013-07-05")])
def test_new_york_keeps_its_own_days(after, coming):
    assert sessions_ahead("XNYS", np.datetime64(after), 1)[0] == [coming]


def test_beyond_its_end_a_calendar_says_so():
    dates, reason = sessions_ahead("XKRX", np.datetime64("2050-12-31"), 1)
    assert dates == [None]
    assert "XKRX" in str(reason)


def test_the_exchange_is_guessed_from_its_holidays():
    assert guess_exchange(load_bars("sample:AAPL").dates) == ("XNYS", None)
    days = np.arange(np.datetime64("2020-01-01"), np.datetime64("2020-12-31"))
    code, reason = guess_exchange(days)
    assert code is None
    assert "--exchange" in str(reason)


def test_one_date_fits_no_calendar():
    assert guess_exchange(np.array(["2020-01-04"], dtype="datetime64[D]"))[0] is None


def test_a_session_closes_in_its_own_zone():
    import datetime as dt

    assert closes_at("XKRX", dt.date(2023, 6, 30)) == dt.datetime(2023, 6, 30, 6, 30, tzinfo=dt.UTC)
    assert closes_at("XKRX", dt.date(2023, 7, 1)) is None
