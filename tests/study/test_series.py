"""A recipe with a series of its own: its numbers, what it leaves, and where it is refused."""

from __future__ import annotations

import json
from dataclasses import fields, replace

import numpy as np
import pytest
from tests.conftest import walk_bars

import nextclose as nc
from nextclose.core.errors import FitError, SavedRunError, SettingsError
from nextclose.core.plain import plain
from nextclose.core.series import SeriesResult
from nextclose.recipes import load_recipe
from nextclose.study.export import export_run
from nextclose.study.predict import predict_run
from nextclose.study.run import run
from nextclose.study.summary import series_summary
from nextclose.study.watch import Watcher
from nextclose.training.resolve import resolve_engine

NAME = "trigonometric"


def quick(**changes):
    return run(recipes=[NAME], seeds=changes.pop("seeds", 2), settings={"epochs": 3, **changes})


@pytest.fixture(scope="module")
def study():
    return quick()


def test_the_windows_are_the_lectures(study):
    assert study.shapes == {
        NAME: {"X_train": (2390, 10, 1), "y_train": (2390, 1), "X_test": (2390, 10, 1), "y_test": (2390, 1)}
    }
    assert study.one_step.shape == study.rolled.shape == (2, 2390)
    assert (study.seq_len, study.data.rows, study.data.source) == (10, 2400, None)
    assert {name: array.shape for name, array in study.nets[0].items()} == {
        "w_x": (50, 1),
        "w_h": (50, 50),
        "w_y": (1, 50),
    }
    assert study.losses[0].losses.shape == (2, 3)
    assert (study.tomorrow, study.models[0].fits) == ((), 2)
    assert study.models[0].fit_seconds > 0.0


def test_a_rollout_feeds_each_prediction_back(study):
    engine, net = resolve_engine("auto", load_recipe(NAME)), load_recipe(NAME).net
    np.testing.assert_allclose(study.rolled[:, 0], study.one_step[:, 0], rtol=1e-5)
    for seed in range(2):
        for step in (1, 4, 10, 700, 2389):
            known = np.concatenate([study.y[:10], study.rolled[seed]])[step : step + 10]
            said = engine.predict(study.nets[seed], known[None, :, None], net=net, outputs=1)
            assert study.rolled[seed, step] == pytest.approx(said[0, 0], rel=1e-5, abs=1e-6)
    assert not np.allclose(study.rolled, study.one_step, atol=0.01)


def test_the_rows_are_those_of_the_arrays(study):
    frame = study.forecasts
    assert list(frame.columns[:4]) == ["t", "y", "one_step", "rollout"]
    assert len(frame) == 2400
    assert frame["one_step"].isna().sum() == 10
    row, alone = study.models[0], study.rollout.own
    assert row.rmse == pytest.approx(np.sqrt(np.mean((frame["y"] - frame["one_step"]) ** 2)))
    assert alone.rmse == pytest.approx(np.sqrt(np.mean((frame["y"] - frame["rollout"]) ** 2)))
    assert len(row.rmse_by_seed) == len(alone.follows_steps_by_seed) == 2


def test_the_same_run_gives_the_same_bits(study):
    again = quick()
    np.testing.assert_array_equal(again.rolled, study.rolled)
    assert again.config == study.config


@pytest.mark.slow
def test_both_engines_give_the_same_numbers():
    small = {
        "recipes": [NAME],
        "seeds": 1,
        "settings": {"epochs": 5, "hidden_size": 7, "dtype": "float64", "seq_len": 2390},
    }
    fused, torch = (run(engine=engine, **small) for engine in ("fused", "torch"))
    assert fused.rolled.shape == (1, 10)
    np.testing.assert_allclose(fused.one_step, torch.one_step, rtol=1e-8)
    np.testing.assert_allclose(fused.rolled, torch.rolled, rtol=1e-8)
    assert (fused.engine["chosen"], torch.engine["chosen"]) == ("fused", "torch")


def test_a_watcher_hears_of_the_series_and_every_fit():
    class Counter(Watcher):
        def __init__(self):
            self.told = []

        def planned(self, plan):
            self.told.append(plan.folder().name.rpartition("-")[0])

        def series(self, data, fits):
            self.told.append((data.formula, fits))

        def fitted(self, model, fits):
            self.told.append(fits)

        def losses(self, model, fold, seed, losses):
            self.told.append((fold, seed, len(losses)))

    watcher = Counter()
    run(recipes=[NAME], seeds=3, settings={"epochs": 2, "hidden_size": 2, "seq_len": 2300}, watcher=watcher)
    assert watcher.told[:2] == [NAME, ("sin t + sin 2t", 3)]
    assert sum(told for told in watcher.told if isinstance(told, int)) == 3
    assert watcher.told[-3:] == [(0, 0, 2), (0, 1, 2), (0, 2, 2)]


def test_what_is_saved_comes_back(study, tmp_path):
    folder = study.save(tmp_path / "x")
    assert sorted(path.name for path in folder.iterdir()) == [
        "report.html", "series.parquet", "study.json", "timings.json", "weights.safetensors",
    ]  # fmt: skip
    loaded = nc.load(folder)
    for field in fields(SeriesResult):
        assert plain(getattr(loaded, field.name)) == plain(getattr(study, field.name)), field.name
    for own, other in zip(loaded.nets, study.nets, strict=True):
        assert own.keys() == other.keys()
        assert all(np.array_equal(own[name], other[name]) for name in own)
    again = loaded.save(tmp_path / "y")
    assert (again / "study.json").read_bytes() == (folder / "study.json").read_bytes()
    assert (again / "report.html").read_bytes() == (folder / "report.html").read_bytes()


def test_a_folder_is_written_whole_or_not_at_all(study, tmp_path, monkeypatch):
    folder = study.save(tmp_path / "x")
    with pytest.raises(SettingsError, match="--force"):
        study.save(folder)

    def full(*_, **__):
        raise OSError("no space left")

    before = (folder / "study.json").read_bytes()
    monkeypatch.setattr("nextclose.study.series_study.write_series", full)
    for name in ("x", "new"):
        with pytest.raises(SettingsError, match="Nothing was left there"):
            study.save(tmp_path / name, force=True)
    assert [path.name for path in tmp_path.iterdir()] == ["x"]
    assert (folder / "study.json").read_bytes() == before


def test_a_damaged_folder_is_said_to_be_so(study, tmp_path):
    folder = study.save(tmp_path / "x")
    (folder / "series.parquet").unlink()
    with pytest.raises(SavedRunError, match="is damaged and cannot be read"):
        nc.load(folder)


def test_the_summary_has_every_key_of_a_run_and_says_why_some_are_empty(study, tmp_path, small_study):
    from nextclose.study.summary import study_summary

    page = json.loads(json.dumps(plain(series_summary(study, tmp_path))))
    assert study_summary(small_study, tmp_path).keys() <= page.keys()
    assert plain(small_study.data).keys() <= page["data"].keys()
    for key in ("split", "tomorrow", "ladder", "intervals"):
        assert not page[key]
        assert page["reasons"][key]
    for key in ("source", "first", "last", "exchange"):
        assert page["data"][key] is None
        assert page["data"]["reasons"][key]
    assert page["rollout"]["rmse"] == study.rollout.own.rmse
    assert page["rollout"]["follows_steps"] == study.rollout.own.follows_steps
    assert [row["name"] for row in page["models"]] == [NAME, "persistence", "mean"]
    assert [row["verdict"] for row in page["models"]] == [None] * 3


GIVEN = [
    ({"source": "sample:AAPL"}, "takes no SOURCE"),
    ({"source": walk_bars(60, seed=1)}, "takes no SOURCE"),
    ({"test_start": "2020-01-01", "train_end": "2019-01-01"}, "takes no --train-end, --test-start"),
    ({"exchange": "XNYS"}, "takes no --exchange"),
    ({"refit_every": 0}, "takes no --refit-every"),
    ({"train_sessions": 9}, "takes no --train-sessions"),
    ({"ladder": True}, "takes no --ladder"),
    ({"faults": "drop"}, "takes no --faults"),
    ({"refresh": True}, "takes no --refresh"),
    ({"recipes": ["tutorial", NAME, "default"]}, "without tutorial, default beside it"),
    ({"settings": {"horizon": 2, "features": ("open",)}}, "mean nothing: horizon, features"),
    ({"settings": {"seq_len": 2400}}, "at most 2399"),
    ({"engine": "warp"}, "unknown engine"),
]


@pytest.mark.parametrize(
    ("given", "message"), GIVEN, ids=lambda given: str(given)[:40] if isinstance(given, str) else ""
)
def test_what_only_bars_have_is_refused(given, message):
    with pytest.raises(SettingsError, match=message):
        run(**({"recipes": [NAME]} | given))


def test_no_ladder_is_no_wish():
    assert run(recipes=[NAME], ladder=False, seeds=1, settings={"epochs": 1, "seq_len": 2390}).rollout.steps == 10


def test_a_fit_that_diverges_says_so():
    with pytest.raises(FitError, match="recipe 'trigonometric', seed 0: training diverged"):
        quick(lr=1e30, activation="relu")


def test_windows_held_out_to_stop_early_are_told(study):
    held = quick(seeds=1, validation=0.2, patience=2, hidden_size=3, seq_len=2300)
    assert held.losses[0].val_losses.shape[0] == 1
    assert any("The last 20 windows were held out" in note for note in held.notes)
    assert not any("held out to stop" in note for note in study.notes)


@pytest.mark.parametrize(
    "changes", [{"head": "every-step"}, {"cell": "transformer", "bias": True, "init": "rnn"}, {"decoder": "recurrent"}]
)
def test_every_net_of_the_family_runs_alone(changes):
    pytest.importorskip("torch")
    found = quick(seeds=1, hidden_size=4, seq_len=2390, **changes)
    assert found.engine["chosen"] == "torch"
    assert found.rolled.shape == (1, 10)
    np.testing.assert_allclose(found.rolled[:, 0], found.one_step[:, 0], rtol=1e-4)


def test_quantiles_run_on_with_their_median():
    found = quick(seeds=1, loss="pinball", quantiles=(0.1, 0.5, 0.9), hidden_size=3, seq_len=2300)
    assert found.one_step.shape == (1, 100)
    assert found.nets[0]["w_y"].shape == (3, 3)


@pytest.mark.parametrize(
    "use",
    [
        lambda bars: nc.explain(bars, recipe=NAME),
        lambda bars: nc.Forecaster(NAME),
        lambda bars: nc.walk_forward(bars, NAME),
        lambda bars: nc.walk_forward(bars, load_recipe(NAME)),
        lambda bars: nc.future_test(NAME, bars),
        lambda bars: nc.future_test(load_recipe(NAME), bars),
    ],
)
def test_it_is_refused_wherever_bars_are_read(use):
    with pytest.raises(SettingsError, match="Run it alone, without SOURCE: nextclose run --recipe trigonometric"):
        use(walk_bars(200, seed=1))


def test_a_market_refuses_it(tmp_path):
    from nextclose.market.plan import Wishes, make_config

    walk_bars(100, seed=1).to_pandas().to_csv(tmp_path / "set.csv", index=False)
    with pytest.raises(SettingsError, match="nextclose run --recipe trigonometric"):
        make_config(Wishes(source=str(tmp_path / "set.csv"), recipes=(NAME,)))


def test_a_saved_run_has_no_tomorrow_and_nothing_to_explain(study, tmp_path):
    folder = study.save(tmp_path / "x")
    for ask in (predict_run, nc.explain, lambda run: export_run(run, tmp_path / "x.onnx")):
        with pytest.raises(SavedRunError, match="it has no tomorrow and no bars") as caught:
            ask(folder)
        assert caught.value.exit_status == 2


LEARNS = 20
"""The loss falls below a 20th of its first value; measured: a 46th to a 109th, five seeds."""
MEMORY = 8
"""Times as accurate with memory as without; measured: 17 times, after 500 epochs of Adam."""


@pytest.mark.slow
def test_the_recipe_as_it_stands_learns():
    losses = run(recipes=[NAME]).losses[0].losses
    assert losses.shape == (5, 100)
    assert (losses[:, -1] < losses[:, 0] / LEARNS).all()


@pytest.mark.slow
def test_memory_matters_there():
    trained = {"optimizer": "adam", "lr": 0.01, "epochs": 500}
    elman, forgetful, one_point = (
        run(recipes=[NAME], seeds=1, settings=trained | changes).models[0].rmse
        for changes in ({}, {"memory": False}, {"cell": "mlp", "seq_len": 1})
    )
    assert elman < min(forgetful, one_point) / MEMORY
    assert min(forgetful, one_point) > 0.06  # about what repeating the last value has


def test_the_page_follows_the_language(study, tmp_path):
    korean = replace(study, lang="ko").report(tmp_path / "ko.html").read_text(encoding="utf-8")
    assert "혼자 두었을 때" in korean
    assert "Left alone" in study.report(tmp_path / "en.html").read_text(encoding="utf-8")
