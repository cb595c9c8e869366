"""Many settings at once: judged as one family, kept as they are done, and the same after any interruption."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from tests.conftest import walk_bars

import nextclose as nc
from nextclose.core.errors import FitError, NextcloseError, SavedRunError, SettingsError, UserError
from nextclose.core.files import locked
from nextclose.core.plain import plain
from nextclose.study import sweep_files, sweep_plan
from nextclose.study.sweep import SweepWatcher, load_sweep, sweep
from nextclose.study.sweep_conclude import error_percent

GRID = {"hidden_size": [2, 3], "lr": [0.01, 0.02], "epochs": 3}
QUICK = {"recipe": "tutorial", "seeds": 2, "engine": "fused"}


class Counts(SweepWatcher):
    """How many fits are announced and done, and what was kept."""

    def __init__(self):
        self.total, self.done, self.before, self.finished = 0, 0, 0, False

    def began(self, plan, manifest, folder, fits):
        self.total = fits

    def kept(self, combinations, finished):
        self.before, self.finished = combinations, finished

    def fitted(self, model, fits):
        self.done += fits


@pytest.fixture(scope="module")
def walk():
    return walk_bars(200, seed=5)


@pytest.fixture(autouse=True)
def one_at_a_time(monkeypatch):
    """One combination is fitted at once, on a machine of any size."""
    monkeypatch.setattr(sweep_plan, "FITS_A_CORE", 0)


def lasting(folder):
    """Every file but the seconds, by name."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.name not in ("timings.json", ".lock")
    }


@pytest.fixture(scope="module")
def whole(walk, tmp_path_factory):
    """A sweep that nobody disturbed."""
    folder = tmp_path_factory.mktemp("whole") / "s"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sweep_plan, "FITS_A_CORE", 0)
        return sweep(walk, settings=GRID, out=folder, **QUICK), folder


def test_every_combination_is_a_model_beside_the_plainer_forecasts(whole):
    result, _ = whole
    names = [f"tutorial hidden_size={size} lr={lr}" for size in (2, 3) for lr in (0.01, 0.02)]
    assert [row.name for row in result.scores] == names
    assert result.table.models() == (*names, "persistence", "drift", "train-mean", "ar", "ridge")
    assert [row.kind for row in result.models].count("recipe") == 4
    assert result.sentence.startswith("4 settings were tried; after Holm over 4")
    assert result.best == max(result.scores, key=lambda row: row.skill).name
    assert "partly luck" in result.sentences[-1]
    assert result.chosen is None


def test_a_combination_forecasts_what_a_run_of_these_settings_does(whole, walk):
    result, _ = whole
    study = nc.run(
        walk, recipes=["tutorial"], seeds=2, settings={"hidden_size": 3, "lr": 0.02, "epochs": 3}, ladder=False
    )
    own, alone = result.table.of("tutorial hidden_size=3 lr=0.02"), study.table.of("tutorial")
    np.testing.assert_array_equal(own.yhat, alone.yhat)
    row = next(row for row in study.models if row.name == "tutorial")
    score = result.scores[3]
    assert (score.skill, score.rmse, score.rmse_ratio_by_seed) == (row.skill, row.rmse, row.rmse_ratio_by_seed)


def test_the_error_in_percent_is_over_every_step_and_by_seed(whole):
    result, _ = whole
    score, own = result.scores[0], result.table.of(result.scores[0].name)
    assert score.error_percent == pytest.approx(100.0 * np.mean(np.abs(own.y - own.yhat) / own.last_close), rel=1e-12)
    assert len(score.error_percent_by_seed) == 2
    yhat, y, last = np.array([[9.0, 12.0]]), np.array([[10.0, 10.0]]), np.array([9.0])
    assert error_percent(yhat, y, last, 1.0) == pytest.approx(15.0)


def test_a_saved_sweep_is_read_again_as_it_was(whole):
    result, folder = whole
    again = nc.load(folder)
    assert isinstance(again, nc.SweepResult)
    assert plain(again.scores) == plain(result.scores)
    assert again.sentences == result.sentences
    np.testing.assert_array_equal(again.table.yhat, result.table.yhat)
    np.testing.assert_array_equal(again.cells[1].losses, result.cells[1].losses)
    assert again.axes == {"hidden_size": (2, 3), "lr": (0.01, 0.02)}
    assert "설정 4가지" in load_sweep(folder, "ko").sentence


def test_without_a_folder_nothing_is_written(walk, whole, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = sweep(walk, settings=GRID, **QUICK)
    assert list(tmp_path.iterdir()) == []
    assert plain(result.scores) == plain(whole[0].scores)


def test_a_finished_sweep_is_only_read(walk, whole):
    watcher, before = Counts(), lasting(whole[1])
    result = sweep(walk, settings=GRID, out=whole[1], watcher=watcher, **QUICK)
    assert (watcher.before, watcher.finished, watcher.done) == (4, True, watcher.total)
    assert plain(result.scores) == plain(whole[0].scores)
    assert lasting(whole[1]) == before


@pytest.mark.parametrize("after", [False, True])
def test_a_sweep_that_dies_at_any_write_goes_on_to_the_same_bytes(walk, whole, tmp_path, monkeypatch, after):
    keep, left = sweep_files.replace_bytes, [0]

    def dies(path, content):
        left[0] -= 1
        if left[0] == 0 and not after:
            raise RuntimeError
        keep(path, content)
        if left[0] == 0:
            raise RuntimeError

    monkeypatch.setattr(sweep_files, "replace_bytes", dies)
    folder, deaths = tmp_path / "s", 0
    for write in range(1, 20):
        left[0] = write
        try:
            sweep(walk, settings=GRID, out=folder, **QUICK)
            break
        except RuntimeError:
            deaths += 1
    assert deaths >= 3
    assert lasting(folder) == lasting(whole[1])


def test_combinations_that_are_there_are_not_fitted_again(walk, whole, tmp_path, monkeypatch):
    folder = tmp_path / "s"

    class Stops(SweepWatcher):
        def reached(self, cells):
            if len(cells) == 2:
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        sweep(walk, settings=GRID, out=folder, watcher=Stops(), **QUICK)
    with pytest.raises(SavedRunError, match="not finished"):
        nc.load(folder)
    stamps = {path.name: path.stat().st_mtime_ns for path in (folder / "cells").iterdir()}
    watcher = Counts()
    sweep(walk, settings=GRID, out=folder, watcher=watcher, **QUICK)
    assert (watcher.before, watcher.finished) == (2, False)
    assert {name: (folder / "cells" / name).stat().st_mtime_ns for name in stamps} == stamps
    assert lasting(folder) == lasting(whole[1])


@pytest.mark.parametrize("harm", ["cut", "flipped", "other"])
def test_a_damaged_combination_is_computed_again_and_said(walk, whole, tmp_path, harm):
    folder = tmp_path / "s"
    for name, content in lasting(whole[1]).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    path = folder / "cells" / "0001.safetensors"
    content = path.read_bytes()
    flipped = bytearray(content)
    flipped[-1] ^= 1
    other = (folder / "cells" / "0002.safetensors").read_bytes()
    path.write_bytes({"cut": content[:-9], "flipped": bytes(flipped), "other": other}[harm])
    with pytest.raises(SavedRunError):
        nc.load(folder)
    result = sweep(walk, settings=GRID, out=folder, **QUICK)
    assert "0001.safetensors' was damaged and was computed again" in result.notes[0]
    assert lasting(folder) == lasting(whole[1])


def test_another_sweep_is_refused_and_written_over_only_by_force(walk, whole, tmp_path):
    folder = tmp_path / "s"
    sweep(walk, settings={"lr": [0.01, 0.02], "epochs": 2}, out=folder, **QUICK)
    with pytest.raises(SettingsError, match=r"another sweep: it differs in settings, axes"):
        sweep(walk, settings=GRID, out=folder, **QUICK)
    with pytest.raises(SettingsError, match=r"differs in sha256"):
        sweep(walk_bars(200, seed=6), settings={"lr": [0.01, 0.02], "epochs": 2}, out=folder, **QUICK)
    sweep(walk, settings=GRID, out=folder, force=True, **QUICK)
    assert lasting(folder) == lasting(whole[1])


def test_the_same_axes_in_another_order_are_another_sweep(walk, whole):
    before, turned = lasting(whole[1]), dict(reversed(GRID.items()))
    with pytest.raises(SettingsError, match="another sweep: it differs in axes"):
        sweep(walk, settings=turned, out=whole[1], **QUICK)
    assert lasting(whole[1]) == before


def test_a_folder_of_something_else_is_left_alone(walk, tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    for force in (False, True):
        with pytest.raises(SettingsError, match=r"holds no sweep\.json"):
            sweep(walk, settings=GRID, out=tmp_path, force=force, **QUICK)
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_two_sweeps_do_not_share_a_folder(walk, tmp_path):
    (tmp_path / "s").mkdir()
    with locked(tmp_path / "s"), pytest.raises(SettingsError, match="another nextclose is working"):
        sweep(walk, settings=GRID, out=tmp_path / "s", **QUICK)


def test_what_other_versions_began_is_not_finished_by_these(walk, tmp_path):
    folder = tmp_path / "s"
    sweep(walk, settings=GRID, out=folder, **QUICK)
    manifest = json.loads((folder / "sweep.json").read_text())
    manifest["versions"]["numpy"] = "1.0"
    (folder / "sweep.json").write_text(json.dumps(manifest))
    sweep(walk, settings=GRID, out=folder, **QUICK)
    (folder / "forecasts.parquet").unlink()
    with pytest.raises(SettingsError, match=r"other versions \(numpy 1\.0, now"):
        sweep(walk, settings=GRID, out=folder, **QUICK)


def test_a_full_disk_is_told_and_keeps_what_is_done(walk, tmp_path, monkeypatch):
    keep, folder = sweep_files.replace_bytes, tmp_path / "s"

    def full(path, content):
        if path.name == "0001.safetensors":
            raise OSError(28, "No space left on device")
        keep(path, content)

    monkeypatch.setattr(sweep_files, "replace_bytes", full)
    with pytest.raises(NextcloseError, match="No space left on device. What was finished is kept"):
        sweep(walk, settings=GRID, out=folder, **QUICK)
    assert (folder / "cells" / "0000.safetensors").is_file()


def test_a_combination_that_diverges_stops_no_other(walk, tmp_path):
    settings = {"lr": [1e30, 0.01], "epochs": 5}
    result = sweep(walk, settings=settings, out=tmp_path / "s", **QUICK)
    failed, good = result.scores
    assert "tutorial lr=1e+30" in failed.problem
    assert (failed.verdict, good.problem) == ("", "")
    assert "1 could not be fitted." in result.sentences
    assert result.table.models()[0] == "tutorial lr=0.01"
    assert nc.load(tmp_path / "s").scores[0].problem == failed.problem
    with pytest.raises(FitError, match="no combination could be fitted"):
        sweep(walk, settings={"lr": [1e30, 1e31], "epochs": 5}, **QUICK)


def test_the_one_with_the_lowest_validation_loss_is_named(walk):
    settings = {"lr": [0.003, 0.01, 0.03], "epochs": 3}
    result = sweep(walk, recipe="default", settings=settings, seeds=2, refit_every=0, engine="fused")
    assert result.chosen == min(result.scores, key=lambda row: row.validation).name
    assert "Lowest validation loss" in result.sentences[-1]
    assert all(len(row.validation_by_seed) == 2 for row in result.scores)


def test_losses_in_different_units_choose_nothing(walk):
    settings = {"target": ["log-return", "volatility-return"], "epochs": 2}
    result = sweep(walk, recipe="default", settings=settings, seeds=1, refit_every=0, engine="fused")
    assert result.chosen is None
    assert np.isfinite(result.scores[0].validation)


def test_a_file_that_a_setting_names_is_part_of_the_sweep(walk, tmp_path):
    init = tmp_path / "init.json"
    init.write_text(json.dumps({"w_x": np.full((2, 4), 0.1).tolist(), "w_h": np.zeros((2, 2)).tolist(),
                                "w_y": [[0.1, 0.2]], "b_y": [0.3]}))  # fmt: skip
    settings = {"init": str(init), "hidden_size": 2, "lr": [0.01, 0.02], "epochs": 2}
    sweep(walk, settings=settings, out=tmp_path / "s", **QUICK)
    init.write_text(init.read_text().replace("0.3", "0.4"))
    with pytest.raises(SettingsError, match="differs in files"):
        sweep(walk, settings=settings, out=tmp_path / "s", **QUICK)


def test_horizons_are_judged_step_by_step_as_one_family_each(walk):
    settings = {"horizon": 3, "lr": [0.01, 0.02], "epochs": 2}
    result = sweep(walk, recipe="default", settings=settings, seeds=1, refit_every=0, engine="fused")
    assert "2 settings were tried at 3 steps; after Holm over 2 at each" in result.sentence
    for name in (result.models[0].name, "persistence", "ridge"):
        assert {row.step for row in result.models if row.name == name} == {1, 2, 3}
    with pytest.raises(SettingsError, match="horizon: all combinations are judged on one split and the same steps"):
        sweep(walk, recipe="default", settings={"horizon": [1, 3]}, seeds=1)


def test_what_cannot_be_is_told_before_anything_is_fitted(walk, tmp_path):
    with pytest.raises(SettingsError, match="nextclose run"):
        sweep(walk, settings={"lr": [0.1]}, **QUICK)
    with pytest.raises(SettingsError, match="seeds: given twice"):
        sweep(walk, settings={"lr": [0.1, 0.2], "seeds": 3}, **QUICK)
    with pytest.raises(UserError, match="too few"):
        sweep(walk, settings={"seq_len": [4, 400]}, out=tmp_path / "s", **QUICK)
    assert list(tmp_path.iterdir()) == []


def test_a_result_is_frozen(whole):
    result, _ = whole
    with pytest.raises(AttributeError):
        result.best = "x"
    with pytest.raises(KeyError):
        result.cell("nobody")
    assert replace(result, best=None).best is None
