from __future__ import annotations

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
from tests.conftest import walk_bars
from tests.study.conftest import QUICK

import nextclose as nc
from nextclose.core.errors import BarsError, NextcloseError, SavedRunError, SettingsError
from nextclose.core.plain import plain
from nextclose.study.predict import predict_run
from nextclose.study.rebase import rebase
from nextclose.study.saving import load_study


@pytest.fixture(scope="module")
def saved(small_study, tmp_path_factory):
    return small_study.save(tmp_path_factory.mktemp("runs") / "실행")


@pytest.fixture
def copy(saved, tmp_path):
    return shutil.copytree(saved, tmp_path / "run")


def files(folder):
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_study_comes_back_and_saves_to_the_same_bytes(saved, small_study, tmp_path):
    again = load_study(saved)
    assert again.tomorrow == small_study.tomorrow
    assert again.ladder == small_study.ladder
    assert [row.sentence for row in again.models] == [row.sentence for row in small_study.models]
    np.testing.assert_array_equal(again.table.yhat, small_study.table.yhat)
    again.save(tmp_path / "copy")
    before, after = files(saved), files(tmp_path / "copy")
    assert before.keys() == after.keys()
    assert [str(name) for name in before if before[name] != after[name]] == []


def test_nothing_saved_is_executable(saved):
    assert {path.suffix for path in saved.rglob("*") if path.is_file()} == {
        ".json",
        ".parquet",
        ".safetensors",
        ".html",
    }


def test_an_existing_study_is_only_written_over_by_force(small_study, copy):
    with pytest.raises(SettingsError, match="--force"):
        small_study.save(copy)
    (copy / "stray").write_text("x", encoding="utf-8")
    small_study.save(copy, force=True)
    assert not (copy / "stray").exists()
    assert list(copy.parent.iterdir()) == [copy]


def test_other_folders_and_files_are_never_written_over(small_study, tmp_path):
    (tmp_path / "diary").mkdir()
    (tmp_path / "diary" / "today.txt").write_text("dear diary", encoding="utf-8")
    with pytest.raises(SettingsError, match="holds no study.json"):
        small_study.save(tmp_path / "diary", force=True)
    with pytest.raises(SettingsError, match="is a file"):
        small_study.save(tmp_path / "diary" / "today.txt" / "run")
    with pytest.raises(SettingsError, match="it is a file"):
        small_study.save(tmp_path / "diary" / "today.txt")
    assert (tmp_path / "diary" / "today.txt").read_text(encoding="utf-8") == "dear diary"


@pytest.mark.parametrize(
    "victim",
    [
        "study.json",
        "forecasts.parquet",
        "bars.parquet",
        "models/default/weights.safetensors",
        "models/tutorial/model.json",
    ],
)
@pytest.mark.parametrize("damage", ["cut", "gone"])
def test_a_damaged_run_says_so(copy, victim, damage):
    path = copy / victim
    if damage == "cut":
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    else:
        path.unlink()
    with pytest.raises(SavedRunError, match="damaged|no saved|expected a") as caught:
        load_study(copy)
    assert caught.value.exit_status == 2


def test_a_run_from_a_newer_version_says_so(copy):
    page = json.loads((copy / "study.json").read_text(encoding="utf-8"))
    (copy / "study.json").write_text(json.dumps(page | {"format": 99}), encoding="utf-8")
    with pytest.raises(SavedRunError, match="newer nextclose .format 99"):
        predict_run(copy)


def test_a_saved_run_says_of_tomorrow_what_the_study_said(saved, small_study):
    prediction = predict_run(saved)
    assert [row.model for row in prediction.tomorrow] == ["tutorial", "default"]
    for row, before in zip(prediction.tomorrow, small_study.tomorrow[:2], strict=True):
        assert row == before


def newer(n=210):
    """The study's bars with ten more sessions: the same walk, drawn longer."""
    longer = walk_bars(200, seed=5, symbol="삼성")
    tail = walk_bars(n - 200, seed=9, start=str(longer.dates[-1] + 1))
    scale = longer.close[-1] / tail.open[0]
    columns = {
        name: np.concatenate([getattr(longer, name), scale * getattr(tail, name)])
        for name in ("open", "high", "low", "close")
    }
    dates = np.concatenate([longer.dates, tail.dates])
    return replace(longer, dates=dates, volume=np.ones(n), exchange="XNYS", **columns)


def test_newer_bars_move_the_forecast_on(saved, tmp_path):
    newer().to_pandas().drop(columns="symbol").to_csv(tmp_path / "newer.csv", index=False)
    prediction = predict_run(saved, str(tmp_path / "newer.csv"))
    assert prediction.tomorrow[0].origin == str(newer().dates[-1])
    assert prediction.notes == ()


@pytest.mark.parametrize("ratio", [0.02, 2.0, 0.9931])
def test_a_split_since_is_named_and_applied(saved, ratio):
    plain = newer()
    scaled = replace(plain, **{name: ratio * getattr(plain, name) for name in ("open", "high", "low", "close")})
    before, after = predict_run(saved, plain), predict_run(saved, scaled)
    assert f"{ratio:g} times" in after.notes[0]
    for one, other in zip(before.tomorrow, after.tomorrow, strict=True):
        for name in ("yhat", "lo", "hi", "last_close"):
            assert getattr(other, name) == pytest.approx(ratio * getattr(one, name), rel=1e-6)
        assert other.p_up == one.p_up


def test_bars_that_do_not_continue_the_known_ones_are_refused():
    known, other = newer()[:205], newer()
    with pytest.raises(BarsError, match="bars of MSFT, but the model was trained on 삼성"):
        rebase(replace(other, symbol="MSFT"), known)
    with pytest.raises(BarsError, match="end on .* before"):
        rebase(other[:190], known)
    with pytest.raises(BarsError, match="share no session"):
        rebase(replace(other, dates=other.dates + 4000), known)
    close = other.close.copy()
    close[50] *= 1.01
    with pytest.raises(BarsError, match="another history.*1 of 205 shared sessions differ"):
        rebase(replace(other, close=close), known)
    with pytest.raises(BarsError, match="another history"):
        rebase(replace(walk_bars(210, seed=77, symbol="삼성"), exchange="XNYS"), known)


def test_a_target_date_overrides_the_calendar(saved):
    assert {row.target_date for row in predict_run(saved, target_date="2021-01-04").tomorrow} == {"2021-01-04"}
    with pytest.raises(SettingsError, match="expected a date"):
        predict_run(saved, target_date="soon")
    with pytest.raises(SettingsError, match="after the last bar"):
        predict_run(saved, target_date="2020-01-02")


def test_a_forecaster_is_fitted_saved_and_loaded(tmp_path):
    bars = replace(walk_bars(150, seed=3), exchange="XNYS")
    forecaster = nc.Forecaster("default", seeds=2, settings={"epochs": 3})
    with pytest.raises(NextcloseError, match="call fit"):
        forecaster.predict(bars)
    assert forecaster.fit(bars) is forecaster
    row = forecaster.predict(bars)
    assert float(row) == row.yhat
    assert row.lo < row.yhat < row.hi
    again = nc.load(forecaster.save(tmp_path / "m"))
    assert again.predict(bars) == row
    with pytest.raises(SettingsError, match="--force"):
        forecaster.save(tmp_path / "m")


def test_a_recipe_without_held_out_windows_has_no_interval_and_says_why():
    row = nc.Forecaster("tutorial", settings=QUICK).fit(replace(walk_bars(80, seed=3), exchange="XNYS")).predict()
    assert np.isnan(row.lo)
    assert "past out-of-sample errors" in row.reasons["lo"]


def test_a_live_forecast_is_the_backtests():
    bars = replace(walk_bars(200, seed=5), exchange="XNYS")
    study = nc.run(
        bars, recipes=["default"], settings=QUICK, refit_every=1, test_start=str(bars.dates[190]), ladder=False
    )
    live = nc.Forecaster("default", settings=QUICK).fit(bars[:195]).predict()
    (row,) = study.table.of("default").where(study.table.of("default").origin == bars.dates[194]).yhat
    assert live.yhat == pytest.approx(row, rel=1e-9)


def test_loading_where_nothing_is_saved(tmp_path):
    for load in (nc.load, predict_run):
        with pytest.raises(SavedRunError, match="no saved"):
            load(tmp_path)


def test_intervals_are_saved_and_a_study_from_before_them_loads(copy, small_study):
    assert plain(load_study(copy).intervals) == plain(small_study.intervals)
    assert {row.model for row in small_study.intervals} == {row.name for row in small_study.models}
    page = json.loads((copy / "study.json").read_text(encoding="utf-8"))
    del page["intervals"]
    (copy / "study.json").write_text(json.dumps(page), encoding="utf-8")
    assert load_study(copy).intervals == ()
