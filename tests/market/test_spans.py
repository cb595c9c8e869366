"""The same dates for every symbol, and for a symbol with all sessions the numbers of a study of its own."""

from __future__ import annotations

import numpy as np
import pytest
from tests.conftest import walk_bars
from tests.market.conftest import config_of, forecasts_of, market_bars, rows_of, run_market, write_set

from nextclose.core.errors import SettingsError
from nextclose.judging.splits import make_split
from nextclose.market.spans import MarketSplit, choose_spans, fold_starts, market_sessions
from nextclose.market.symbol import LeftOutError, admit
from nextclose.study.run import run

DAYS = walk_bars(200, seed=1).dates
FIELDS = ("train_start", "train_stop", "first_target", "last_target")
POINTS = ("origin", "step", "target_date", "yhat", "last_close", "y")
"""What plainer forecasts have in a market: they get no intervals there."""
COLUMNS = ("origin", "step", "target_date", "yhat", "lo", "hi", "level", "p_up", "last_close", "y")


def split_of(dates, first=150, last=199):
    """A symbol's share of a market that trains on all sessions before `first`."""
    sessions = DAYS[first : last + 1]
    return MarketSplit(
        train_start=0,
        train_stop=int(np.searchsorted(dates, DAYS[first])),
        test_first=int(np.searchsorted(dates, sessions[0])),
        test_last=int(np.searchsorted(dates, sessions[-1], side="right")) - 1,
        dates=dates,
        sessions=sessions,
    )


def plain(folds):
    return [tuple(getattr(fold, name) for name in FIELDS) for fold in folds]


@pytest.mark.parametrize("train_sessions", [None, 40])
@pytest.mark.parametrize("every", [0, 1, 7, 21, 50, 99])
def test_with_all_sessions_the_folds_are_those_of_a_study(every, train_sessions):
    own = make_split(DAYS, test_start=str(DAYS[150]))
    folds = split_of(DAYS).folds(every, train_sessions)
    assert plain(folds) == plain(own.folds(every, train_sessions))
    assert [fold.number for fold in folds] == list(range(len(folds)))


def test_a_refit_without_a_session_of_the_symbol_has_no_fold():
    dates = np.delete(DAYS, np.arange(158, 182))
    folds = split_of(dates).folds(10)
    assert [fold.number for fold in folds] == [0, 3, 4]
    targets = [dates[fold.first_target : fold.last_target + 1] for fold in folds]
    starts = fold_starts(DAYS[150:], 10)
    for fold, own in zip(folds, targets, strict=True):
        assert (np.searchsorted(starts, own, side="right") - 1 == fold.number).all()
        assert fold.train_stop == fold.first_target
    np.testing.assert_array_equal(np.concatenate(targets), dates[150:])


def test_a_symbol_that_ends_early_has_the_folds_up_to_its_end():
    folds = split_of(DAYS[:167]).folds(10)
    assert [fold.number for fold in folds] == [0, 1]
    assert folds[-1].last_target == 166


def test_the_default_test_span_is_that_of_a_study():
    spans = choose_spans(DAYS, train_start=None, train_end=None, test_start=None, test_end=None)
    own = make_split(DAYS)
    assert spans.sessions == tuple(map(str, DAYS[own.test_first :]))
    assert (spans.train_start, spans.train_end) == (str(DAYS[0]), str(DAYS[own.train_stop - 1]))


def test_dates_between_sessions_round_inward():
    spans = choose_spans(
        DAYS, train_start="2020-01-04", train_end="2020-05-03", test_start="2020-05-09", test_end="2020-06-07"
    )
    assert (spans.train_start, spans.train_end) == ("2020-01-06", "2020-05-01")
    assert (spans.test_start, spans.test_end) == ("2020-05-11", "2020-06-05")


@pytest.mark.parametrize(
    "dates",
    [
        {"test_start": "2030-01-01"},
        {"test_end": "2019-01-01"},
        {"train_end": "2020-06-01", "test_start": "2020-05-01"},
        {"train_start": "2020-07-01", "test_start": "2020-06-01"},
        {"train_end": "2019-01-01"},
    ],
    ids=str,
)
def test_spans_that_do_not_fit_are_refused(dates):
    wished = dict.fromkeys(("train_start", "train_end", "test_start", "test_end")) | dates
    with pytest.raises(SettingsError, match="the spans do not fit"):
        choose_spans(DAYS, **wished)


def test_a_date_that_only_a_few_symbols_have_is_no_session():
    counts = np.array([100, 100, 3, 100, 12])
    assert market_sessions(DAYS[:5], counts).tolist() == DAYS[[0, 1, 3, 4]].tolist()


def test_symbols_without_bars_where_they_are_needed_are_left_out(small_config):
    bars = walk_bars(140, seed=0)
    assert len(admit(bars, small_config).bars) == 140
    with pytest.raises(LeftOutError, match=r"39 bars .* at least 60") as short:
        admit(rows_of(bars, slice(73, None)), small_config)
    with pytest.raises(LeftOutError, match="no bar between") as ended:
        admit(rows_of(bars, slice(0, 100)), small_config)
    assert (short.value.kind, ended.value.kind) == ("too-short", "no-test")


RUNS = {
    "tutorial": ("tutorial", {}),
    "fitted once": ("tutorial", {"refit_every": 0}),
    "rolling": ("default", {"train_sessions": 70}),
    "two steps": ("default", {"settings": {"epochs": 2, "horizon": 2, "target": "volatility-return"}}),
    "warm": ("default", {"settings": {"epochs": 2, "warm_start": True, "warm_epochs": 1}, "seeds": 2}),
    "quantile": ("quantile", {}),
}


@pytest.mark.parametrize("case", RUNS)
def test_forecasts_are_those_of_a_study_bit_for_bit(tmp_path, case):
    recipe, wishes = RUNS[case]
    every = market_bars(("A", "B"), 140)
    config = config_of(write_set(tmp_path / "set.parquet", *every), (recipe,), **wishes)
    run_market(config, tmp_path / "run")
    found = forecasts_of(tmp_path / "run")
    asked = {"settings": {"epochs": 2}, "seeds": 1, "refit_every": 10} | wishes
    study = run(
        every[1], recipes=[recipe], settings=asked["settings"], seeds=asked["seeds"], refit_every=asked["refit_every"],
        train_sessions=asked.get("train_sessions"), test_start=config.spans.test_start, ladder=False,
    )  # fmt: skip
    own = study.table
    for model in (recipe, "persistence", "drift", "train-mean", "ar", "ridge"):
        here = found.where(np.flatnonzero((found.symbol == "B") & (found.model == model)))
        there = own.where(np.flatnonzero((own.model == model) & np.isfinite(own.y)))
        assert len(here) == len(there) > 20
        for name in COLUMNS if model in (recipe, "persistence") else POINTS:
            np.testing.assert_array_equal(getattr(here, name), getattr(there, name), err_msg=f"{model} {name}")


def test_the_fold_of_a_later_step_is_that_of_the_model_that_made_it(tmp_path):
    import pyarrow.parquet as pq

    settings = {"epochs": 1, "horizon": 2, "target": "volatility-return"}
    config = config_of(write_set(tmp_path / "set.parquet", *market_bars(("A", "B"))), ("default",), settings=settings)
    run_market(config, tmp_path / "run")
    rows = pq.ParquetFile(tmp_path / "run" / "forecasts" / "00000.parquet").read()
    rows = rows.filter(rows["model"].to_numpy(zero_copy_only=False) == "default").to_pandas()
    folds = rows.groupby(["symbol", "origin"])["fold"].nunique()
    assert (folds == 1).all()
    assert sorted(rows["fold"].unique()) == [0, 1, 2]
