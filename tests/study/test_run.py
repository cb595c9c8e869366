from __future__ import annotations

import datetime as dt
from dataclasses import replace

import numpy as np
import pytest
from tests.conftest import walk_bars
from tests.study.conftest import QUICK, TODAY

from nextclose.baselines import BASELINES
from nextclose.core.errors import BarsError, FitError, SettingsError
from nextclose.recipes import LADDER
from nextclose.study.run import choose_recipes, run
from nextclose.study.watch import Watcher


def test_a_study_holds_every_model_on_the_same_sessions(small_study):
    names = [row.name for row in small_study.models]
    assert names == ["tutorial", "default", *BASELINES]
    assert {row.n for row in small_study.models} == {36}
    assert [row.kind for row in small_study.models] == ["recipe"] * 2 + ["baseline"] * 5
    assert all(len(row.rmse_by_seed) == 2 for row in small_study.models[:2])


def test_the_default_split_is_the_last_fifth(small_study):
    split = small_study.split
    assert (split.train_sessions, split.test_sessions) == (160, 40)
    assert len(split.folds) == 2


def test_forecasts_carry_their_truth_and_the_right_origin(small_study):
    frame = small_study.forecasts
    history = small_study.history
    close = dict(zip(history.dates.astype("datetime64[D]").tolist(), history.close.tolist(), strict=True))
    assert len(frame) == 36 + 6 * 40
    for row in frame.sample(40, random_state=0).itertuples():
        assert row.y == close[row.target_date.date()]
        assert row.last_close == close[row.origin.date()]
        assert np.searchsorted(history.dates, np.datetime64(row.target_date)) - 1 == np.searchsorted(
            history.dates, np.datetime64(row.origin)
        )


def test_a_row_is_the_mean_of_its_seeds(small_study):
    row = small_study.models[0]
    own = small_study.table.of("tutorial")
    shared = np.isin(own.target_date, small_study.table.of("persistence").target_date)
    assert row.rmse == pytest.approx(np.sqrt(np.mean((own.y[shared] - own.yhat[shared]) ** 2)))


def test_tomorrow_is_the_next_session_of_the_exchange(small_study):
    assert [row.model for row in small_study.tomorrow] == ["tutorial", "default", *BASELINES]
    for row in small_study.tomorrow:
        assert row.origin == str(small_study.history.dates[-1])
        assert row.target_date > row.origin
        assert row.lo < row.yhat < row.hi
        assert 0.0 < row.p_up < 1.0
    assert small_study.tomorrow[2].yhat == small_study.history.close[-1]


def test_old_data_are_called_old(small_study):
    assert any("already past" in note for note in small_study.notes)
    fresh = run(walk_bars(120, seed=5), recipes=["default"], settings=QUICK, today=dt.date(2020, 6, 17), ladder=False)
    assert not any("already past" in note for note in fresh.notes)


def test_the_ladder_goes_from_the_tutorial_to_persistence(small_study):
    rungs = small_study.ladder.rungs
    assert [rung.name for rung in rungs] == [*LADDER, "ridge", "persistence"]
    assert rungs[-1].rmse_ratio == 1.0
    assert rungs[-1].skill == 0.0
    ratios = [rung.typical for rung in rungs]
    gains = np.array(ratios[1:]) / ratios[:-1]
    assert small_study.ladder.decisive == rungs[int(gains.argmin()) + 1].name
    assert small_study.ladder.decisive in small_study.ladder.sentence or gains.min() > 0.98


def test_the_same_run_gives_the_same_bits(small_study):
    again = run(
        replace(walk_bars(200, seed=5, symbol="삼성"), exchange="XNYS"), settings=QUICK, today=TODAY, ladder=False
    )
    np.testing.assert_array_equal(again.table.yhat, small_study.table.yhat)
    np.testing.assert_array_equal(again.table.lo, small_study.table.lo)
    assert [row.sentence for row in again.models] == [row.sentence for row in small_study.models]


@pytest.mark.parametrize("recipe", ["tutorial", "default", "tutorial-return"])
def test_the_future_moves_no_earlier_forecast(recipe):
    bars = replace(walk_bars(200, seed=5), exchange="XNYS")
    later = walk_bars(200, seed=6)
    cut = 185
    mixed = {
        name: np.concatenate([getattr(bars, name)[:cut], 10.0 * getattr(later, name)[cut:]])
        for name in ("open", "high", "low", "close")
    }
    plain = {"recipes": [recipe], "settings": QUICK, "ladder": False, "today": TODAY, "refit_every": 9}
    before, after = run(bars, **plain).table, run(replace(bars, **mixed), **plain).table
    early = before.origin <= bars.dates[cut - 1]
    assert early.sum() > 60
    for column in ("yhat", "lo", "hi", "p_up"):
        np.testing.assert_array_equal(getattr(before, column)[early], getattr(after, column)[early])
    assert not np.array_equal(before.yhat[~early], after.yhat[~early])


def test_a_date_by_no_calendar_is_null_with_its_reason():
    days = np.arange(np.datetime64("2020-01-01"), np.datetime64("2020-01-01") + 100)
    study = run(
        replace(walk_bars(100, seed=1), dates=days), recipes=["default"], settings=QUICK, today=TODAY, ladder=False
    )
    assert all(row.target_date is None and "target_date" in row.reasons for row in study.tomorrow)
    assert any("has no date" in note for note in study.notes)


def test_few_test_sessions_give_null_intervals_and_no_verdict():
    bars = replace(walk_bars(60, seed=1), exchange="XNYS")
    study = run(
        bars, recipes=["default"], settings=QUICK | {"validation": 0.0, "patience": None}, today=TODAY, ladder=False
    )
    assert {row.verdict for row in study.models} == {"too few to tell"}
    assert all(np.isnan(row.lo) and "lo" in row.reasons for row in study.tomorrow)


def test_constant_prices_are_judged_without_dividing_by_zero():
    flat = {name: np.full(120, 50.0) for name in ("open", "high", "low", "close")}
    study = run(replace(walk_bars(120, seed=1), **flat), settings=QUICK, today=TODAY)
    row = study.models[2]
    assert np.isnan(row.skill)
    assert "skill" in row.reasons
    assert row.rmse == 0.0


def test_recipes_are_chosen_once_and_the_ladder_is_its_rungs():
    chosen = choose_recipes(["ladder", "tutorial", "default"], seeds=2, refit_every=5, settings={"hidden_size": 3})
    assert [recipe.name for recipe in chosen] == [*LADDER, "default"]
    assert {recipe.seeds for recipe in chosen} == {2}
    assert {recipe.refit_every for recipe in chosen} == {5}
    assert {recipe.net.hidden_size for recipe in chosen} == {3}


@pytest.mark.parametrize(
    ("more", "error", "message"),
    [
        ({"recipes": ["tutoral"]}, SettingsError, "Did you mean 'tutorial'"),
        ({"recipes": []}, SettingsError, "at least one recipe"),
        ({"settings": {"lrr": 1}}, SettingsError, "Did you mean 'lr'"),
        ({"engine": "warp"}, SettingsError, "unknown engine"),
        ({"seeds": 0}, SettingsError, "seeds: expected a whole number of at least 1"),
        ({"test_start": "1999-01-01"}, SettingsError, "outside the data"),
        ({"test_start": "2020-10-05", "test_end": "2020-10-06"}, SettingsError, "can forecast nothing"),
        ({"train_start": "2020-06-01", "train_end": "2020-06-04", "test_start": "2020-07-01"}, BarsError,
         "at least 6 train sessions"),
        ({"settings": {"lr": 1e30, "activation": "relu", "epochs": 50}}, FitError, "diverged"),
        ({"lang": "fr"}, SettingsError, "unknown language"),
    ],
)  # fmt: skip
def test_what_cannot_be_run_says_why(more, error, message):
    plain = {"recipes": ["tutorial"], "ladder": False, "today": TODAY}
    with pytest.raises(error, match=message):
        run(walk_bars(200, seed=5), **(plain | more))


def test_five_bars_are_too_few():
    with pytest.raises(BarsError, match="5 bars are too few for recipe 'tutorial', which needs at least 6"):
        run(walk_bars(5, seed=1), recipes=["tutorial"], ladder=False, today=TODAY)


def test_a_watcher_hears_of_every_fit_and_epoch():
    class Counter(Watcher):
        def __init__(self):
            self.fits = self.epochs = 0
            self.expected = None

        def started(self, data, split, fits):
            self.expected = fits

        def fitted(self, model, fits):
            self.fits += fits

        def losses(self, model, fold, seed, losses):
            self.epochs += len(losses)

    watcher = Counter()
    run(walk_bars(200, seed=5), recipes=["tutorial"], settings=QUICK, today=TODAY, watcher=watcher)
    assert watcher.expected == watcher.fits == 2 + 5 * 5
    assert watcher.epochs == 2 * 3


@pytest.mark.slow
def test_sixty_tutorial_seeds_are_as_bad_as_is_known(shared_data):
    study = run(
        shared_data / "samsung_005930_2019_2023.parquet", recipes=["tutorial"], seeds=60, ladder=False,
        train_start="2020-06-11", train_end="2023-03-23", test_start="2023-04-01", test_end="2023-07-01", today=TODAY,
    )  # fmt: skip
    row = study.models[0]
    assert study.shapes["tutorial"] == {
        "X_train": (685, 4, 4), "y_train": (685, 1), "X_test": (57, 4, 4), "y_test": (57, 1),
    }  # fmt: skip
    ratios, losses = np.array(row.rmse_ratio_by_seed), np.array(row.final_loss_by_seed)
    assert 2.2 <= np.median(ratios) <= 2.9
    assert ratios.min() > 0.9
    assert ratios.max() < 9.0
    assert 0.010 <= np.median(losses) <= 0.022
    assert losses.min() >= 0.0015
    assert losses.max() <= 0.07
    assert row.verdict == "worse than persistence"
    assert study.tomorrow[0].target_date == "2023-09-18"
