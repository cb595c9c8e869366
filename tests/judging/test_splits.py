from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nextclose.core.errors import SettingsError
from nextclose.judging.splits import make_split


def weekdays(n: int) -> np.ndarray:
    return np.busday_offset(np.datetime64("2020-01-01"), np.arange(n))


def test_the_last_250_sessions_are_the_test_by_default():
    split = make_split(weekdays(2000))
    assert (split.train_start, split.train_stop, split.test_first, split.test_last) == (0, 1750, 1750, 1999)


def test_the_last_fifth_is_the_test_where_that_is_less():
    split = make_split(weekdays(300))
    assert (split.train_stop, split.test_first, split.test_last) == (240, 240, 299)


def test_dates_round_inward_and_say_so():
    dates = weekdays(300)  # 2020-01-04 and 05, 2020-09-05 and 06 are weekends
    split = make_split(
        dates, train_start="2020-01-04", train_end="2020/09/06", test_start="20200912", test_end="2020-10-11"
    )
    assert str(dates[split.train_start]) == "2020-01-06"
    assert str(dates[split.train_stop - 1]) == "2020-09-04"
    assert str(dates[split.test_first]) == "2020-09-14"
    assert str(dates[split.test_last]) == "2020-10-09"
    assert len(split.notes) == 4
    assert "2020-01-04 is no session; 2020-01-06 is taken" in str(split.notes[0])


def test_a_train_end_alone_lets_the_test_start_behind_it():
    split = make_split(weekdays(300), train_end="2020-06-30")
    assert split.test_first == split.train_stop
    assert split.test_last == 299


@pytest.mark.parametrize(
    ("spans", "message"),
    [
        ({"test_start": "2019-01-01"}, "lies outside the data"),
        ({"test_end": "2030-01-01"}, "lies outside the data"),
        ({"train_start": "soon"}, "expected a date"),
        ({"train_start": "2020-13-01"}, "expected a date"),
        ({"train_end": "2020-06-30", "test_start": "2020-06-30"}, "train and test overlap"),
        ({"train_start": "2020-08-03", "test_start": "2020-03-02", "test_end": "2020-06-01"}, "train span is empty"),
        ({"test_start": "2020-06-01", "test_end": "2020-05-01"}, "test span is empty"),
        ({"train_end": "2020-06-30", "test_end": "2020-05-01"}, "test span is empty"),
    ],
)
def test_spans_that_cannot_be_are_refused(spans, message):
    with pytest.raises(SettingsError, match=message):
        make_split(weekdays(300), **spans)


@given(n=st.integers(10, 600), every=st.integers(0, 70))
def test_folds_cover_the_test_once_and_train_on_nothing_later_than_their_origin(n, every):
    split = make_split(weekdays(n))
    folds = split.folds(every)
    targets = [row for fold in folds for row in range(fold.first_target, fold.last_target + 1)]
    assert targets == list(range(split.test_first, split.test_last + 1))
    for fold in folds:
        assert fold.train_stop - 1 <= fold.first_target - 1
        assert fold.train_start == 0
    assert len(folds) == (1 if every == 0 else -(-len(targets) // every))


def test_an_explicit_train_end_binds_the_first_fold_only():
    split = make_split(weekdays(300), train_end="2020-06-30", test_start="2020-08-03")
    folds = split.folds(50)
    assert folds[0].train_stop == split.train_stop < split.test_first
    assert folds[1].train_stop == folds[1].first_target


@given(n=st.integers(40, 400), every=st.integers(0, 60), sessions=st.integers(1, 300))
def test_a_rolling_span_ends_where_an_expanding_one_does(n, every, sessions):
    split = make_split(weekdays(n))
    for rolling, expanding in zip(split.folds(every, sessions), split.folds(every), strict=True):
        assert rolling.train_stop == expanding.train_stop
        assert rolling.train_stop - rolling.train_start == min(sessions, expanding.train_stop)
        assert (rolling.first_target, rolling.last_target) == (expanding.first_target, expanding.last_target)


@given(n=st.integers(40, 400), every=st.integers(0, 60), more=st.integers(0, 80))
def test_tomorrow_is_served_on_the_schedule(n, every, more):
    later = make_split(weekdays(n + more + 1), test_start=str(weekdays(n)[n - n // 5]))
    now = make_split(weekdays(n), test_start=str(weekdays(n)[n - n // 5]))
    live = now.live_fold(every, n + more)
    serving = next(fold for fold in later.folds(every) if fold.first_target <= n + more <= fold.last_target)
    assert (live.train_start, live.train_stop) == (serving.train_start, serving.train_stop)
