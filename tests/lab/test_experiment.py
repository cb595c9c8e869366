"""The lab computes what `nextclose run` does, on bars that end where the envelope begins."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
from tests.conftest import walk_bars

import nextclose as nc
from nextclose.bars.bars import Finding
from nextclose.core.errors import BarsError, FitError, SettingsError
from nextclose.lab import desk as desk_module
from nextclose.lab import train
from nextclose.lab.bent import bend
from nextclose.lab.choices import read_choices
from nextclose.lab.desk import LEAST, TRAINED, Desk
from nextclose.lab.diverged import DivergedError
from nextclose.lab.experiment import experiment
from nextclose.lab.frames import pack, unpack
from nextclose.lab.job import Job, StaleError
from nextclose.lab.judged import verdict
from nextclose.lab.looked_at import look_at

QUICK = {"epochs": "12", "seeds": "2"}


@pytest.fixture(scope="module")
def desk():
    return Desk(walk_bars(420, seed=3))


def always() -> bool:
    return True


def job(newest=always, alive=always) -> Job:
    return Job(alive, newest, "en")


def test_the_last_quarter_is_sealed(desk):
    assert desk.explored == 315
    assert len(desk.bars) == 315
    np.testing.assert_array_equal(desk.bars.close, desk.whole.close[:315])


def test_what_was_found_under_the_seal_is_not_told():
    whole = walk_bars(420, seed=3)
    days = [str(whole.dates[row]) for row in (5, 314, 315, 400)]

    def finding(*dates):
        return Finding(
            kind="zero-volume", severity="note", action="noted", count=len(dates), dates=dates, text="no volume"
        )

    desk = Desk(replace(whole, findings=(finding(*days), finding(*days[:2]), finding(*days[2:]), finding())))
    assert [one.dates for one in desk.bars.findings] == [(days[0], days[1]), (days[0], days[1]), ()]
    assert [one.count for one in desk.bars.findings] == [2, 2, 0]


def test_what_happens_under_the_seal_changes_nothing(desk):
    close = desk.whole.close.copy()
    close[desk.explored :] *= 3.0
    other = Desk(replace(desk.whole, close=close))
    for values in (QUICK, {**QUICK, "recipe": "default"}, {**QUICK, "scaler": "everything"}, {**QUICK, "leak": "on"}):
        choices = read_choices(values)
        np.testing.assert_array_equal(experiment(desk, choices).prices, experiment(other, choices).prices)


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"recipe": "default"},
        {"recipe": "tutorial-return", "seq_len": "6", "features": "open,close"},
        {"cell": "gru", "h0": "random"},
        {"cell": "lstm", "num_layers": "2", "bias": "true"},
        {"cell": "mlp", "optimizer": "adam", "batch_size": "32", "shuffle": "true"},
        {"memory": "false", "validation": "0.2"},
        {"dtype": "float64", "test_start": "2020-10-01", "test_end": "2020-12-15", "train_start": "2020-03-02"},
    ],
)
def test_numbers_are_those_of_run(desk, values):
    choices = read_choices({**QUICK, **values})
    found = experiment(desk, choices)
    dates, split = desk.bars.dates, found.split
    study = nc.run(
        desk.whole,
        recipes=[choices.recipe.name],
        settings=choices.recipe.settings(),
        train_start=str(dates[split.train_start]),
        test_start=str(dates[split.test_first]),
        test_end=str(dates[split.test_last]),
        refit_every=0,
        ladder=False,
        exchange="XNYS",
    )
    rows = study.table.where(np.flatnonzero(study.table.model == choices.recipe.name))
    np.testing.assert_array_equal(found.yhat, rows.yhat)
    np.testing.assert_array_equal(found.y, rows.y)
    theirs, own = study.models[0], verdict(desk, found, "en")[0]
    assert (own.skill, own.skill_lo, own.skill_hi) == (theirs.skill, theirs.skill_lo, theirs.skill_hi)
    assert own.sentence == theirs.sentence
    assert found.skill == pytest.approx(theirs.skill, abs=1e-12)
    assert found.interval() == pytest.approx((theirs.skill_lo, theirs.skill_hi), abs=1e-12)
    assert found.ratio == pytest.approx(theirs.rmse_ratio, abs=1e-12)
    np.testing.assert_allclose(found.ratios(), theirs.rmse_ratio_by_seed)


def test_spans_by_default(desk):
    split = desk.split(read_choices({}))
    assert (split.train_start, split.test_last) == (0, 314)
    long = Desk(walk_bars(2000, seed=5))
    split = long.split(read_choices({}))
    assert split.train_stop - split.train_start == TRAINED
    assert split.test_last - split.test_first + 1 == 250
    assert long.split(read_choices({"train_start": str(long.bars.dates[3])})).train_start == 3


def test_too_few_bars_are_refused():
    with pytest.raises(BarsError, match=f"at least {LEAST} bars, got {LEAST - 1}"):
        Desk(walk_bars(LEAST - 1, seed=1))
    assert len(experiment(Desk(walk_bars(LEAST, seed=1)), read_choices(QUICK)).y) > 0


def test_a_date_under_the_seal_is_refused(desk):
    seal = desk.whole.dates[desk.explored]
    for date in (seal, desk.whole.dates[-1]):
        with pytest.raises(
            SettingsError, match=f"span: {date} lies in the sealed quarter, which starts on {seal}"
        ) as said:
            desk.split(read_choices({"test_end": str(date)}))
        assert "봉인" in said.value.message("ko")


@pytest.mark.parametrize(("date", "told"), [("1066-10-14", "outside the explored"), ("soon", "expected a date")])
def test_a_date_that_cannot_be_is_told_in_words_of_the_page(desk, date, told):
    with pytest.raises(SettingsError, match=f"^the start of the test span: .*{told}") as said:
        desk.split(read_choices({"test_start": date}))
    assert "--" not in str(said.value)


def test_the_best_seed_is_the_one_that_errs_least(desk):
    every = experiment(desk, read_choices({**QUICK, "seeds": "4"}))
    best = experiment(desk, read_choices({**QUICK, "seeds": "4", "pick": "best"}))
    errors = np.sum(((every.y - every.prices) / every.last_close) ** 2, axis=1)
    assert best.best == int(np.argmin(errors))
    np.testing.assert_array_equal(best.yhat, every.prices[best.best])


@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
def test_a_carried_state_changes_every_forecast_but_the_first(desk, cell):
    choices = read_choices({**QUICK, "cell": cell, "dtype": "float64", "h0": "carried"})
    found, plain = experiment(desk, choices), experiment(desk, choices.changed(h0="zero"))
    np.testing.assert_allclose(found.prices[:, 0], plain.prices[:, 0], rtol=1e-12)
    assert np.abs(found.prices[:, 1:] / plain.prices[:, 1:] - 1.0).min() > 0.0


def test_training_that_diverges_shows_its_losses_up_to_there(desk):
    choices = read_choices({"epochs": "40", "seeds": "2", "lr": "3"})
    (frame,) = train.answer(desk, choices, {}, job())
    header, arrays = unpack(pack(frame))
    assert header["part"] == "diverged"
    assert re.match(r"^seed 0: training diverged: the loss of epoch \d+ is nan\. Lower", header["problem"])
    with pytest.raises(FitError, match="fold 1 of 1, seed 0: training diverged") as said:
        nc.run(desk.bars, recipes=["tutorial"], settings=choices.recipe.settings(), ladder=False, exchange="XNYS")
    assert header["problem"] in str(said.value)
    assert arrays["losses"].dtype == np.float64
    assert len(arrays["losses"]) == 2
    for losses in arrays["losses"]:
        known = int(np.isfinite(losses).sum())
        assert 3 < known < 40
        assert np.isnan(losses[known:]).all()
        assert losses[known - 1] > 1e6 * losses[0]


def test_the_only_net_that_diverges_is_told_without_its_number(desk):
    with pytest.raises(DivergedError, match=r"^training diverged") as said:
        experiment(desk, read_choices({"epochs": "40", "seeds": "1", "lr": "3"}))
    assert "학습이 발산했습니다" in said.value.message("ko")


def test_what_diverges_is_no_try(desk):
    tried = desk.tried
    list(train.answer(desk, read_choices({"epochs": "40", "seeds": "1", "lr": "3.5"}), {}, job()))
    assert desk.tried == tried


def test_a_picture_comes_before_its_verdict(desk):
    picture, ruled = train.answer(desk, read_choices(QUICK), {}, job())
    assert picture.header["part"] == "picture"
    assert np.shape(picture.arrays["losses"]) == (2, 12)
    names = [row["name"] for row in ruled.header["rows"]]
    assert names[0] == "tutorial"
    assert set(names[1:]) == {"ar", "drift", "persistence", "ridge", "train-mean"}


def test_looking_again_at_the_same_is_no_new_try():
    desk = Desk(walk_bars(200, seed=9))
    for lr in ("0.01", "0.02", "0.01"):
        list(train.answer(desk, read_choices({**QUICK, "lr": lr}), {}, job()))
    assert desk.tried == 2


def test_a_page_that_has_gone_gets_nothing(desk):
    with pytest.raises(StaleError):
        list(train.answer(desk, read_choices(QUICK), {}, job(alive=lambda: False)))


def test_a_request_that_comes_soon_after_a_picture_stops_its_verdict(desk, monkeypatch):
    looks = iter([True, True, False])
    monkeypatch.setattr(train, "REST", 60.0)
    frames = train.answer(desk, read_choices(QUICK), {}, job(newest=lambda: next(looks)))
    next(frames)
    with pytest.raises(StaleError):
        next(frames)
    assert next(looks, "none") == "none"


def test_a_newer_request_stops_the_verdict_and_not_the_picture(desk):
    frames = train.answer(desk, read_choices(QUICK), {}, job(newest=lambda: False))
    assert next(frames).header["part"] == "picture"
    with pytest.raises(StaleError):
        next(frames)


def test_windows_are_remembered_as_far_as_there_is_room(bars, monkeypatch):
    desk = Desk(bars)
    first, second, third = (read_choices({"seq_len": length}).recipe.windows for length in ("10", "12", "14"))
    made = desk.dataset(first)
    monkeypatch.setattr(desk_module, "KEPT_BYTES", 2 * desk.dataset(second).X.nbytes)
    assert desk.dataset(first) is made
    latest = desk.dataset(third)
    assert desk.dataset(third) is latest
    assert desk.dataset(first) is not made


def test_bent_windows_are_remembered_as_far_as_there_is_room(bars, monkeypatch):
    desk, choices = Desk(bars), read_choices({"days": "shuffled"})
    split, data = desk.split(choices), desk.dataset(choices.recipe.windows)
    monkeypatch.setattr(desk_module, "KEPT_BYTES", data.X.nbytes)
    made = [desk.kept(key, lambda: bend(data, choices, split)) for key in ("one", "other")]
    assert desk.kept("other", lambda: None) is made[1]
    assert desk.kept("one", lambda: bend(data, choices, split)) is not made[0]


def test_a_session_to_look_at_that_is_no_date_is_told_in_words_of_the_page(desk):
    with pytest.raises(SettingsError, match="^the session looked at: expected a date such as 2023-04-01, got 'soon'"):
        look_at(desk, read_choices(QUICK), {"at": "soon"}, lambda: None)
