"""An exported file says what the model says, says what it is, and appears whole or not at all."""

from __future__ import annotations

import json
import sys
from dataclasses import replace

import numpy as np
import pytest
from tests.conftest import walk_bars
from typer.testing import CliRunner

import nextclose as nc
from nextclose.cli.app import app
from nextclose.core.errors import NextcloseError, SettingsError
from nextclose.recipes import load_recipe, recipe_names
from nextclose.study import export as exporting
from nextclose.study.export import export_run
from nextclose.windows import make_dataset

onnx = pytest.importorskip("onnx", reason="the extra 'onnx' is not installed")
onnxruntime = pytest.importorskip("onnxruntime", reason="the extra 'onnx' is not installed")

QUICK = {"epochs": 2, "seeds": 2}
SMALL = {"epochs": 2, "seeds": 1, "seq_len": 2}


def won(n=200):
    """Bars whose prices are those of a Korean share."""
    bars = replace(walk_bars(n, seed=3, symbol="005930"), exchange="XNYS")
    return replace(bars, **{name: 600.0 * getattr(bars, name) for name in ("open", "high", "low", "close")})


def fitted(name, **settings):
    return nc.Forecaster(name, settings=QUICK | settings).fit(won())


def columns(forecaster):
    """The raw rows of a forecaster's own bars, (n, F)."""
    return make_dataset(forecaster.model.bars, forecaster.recipe.windows).columns


def session(file):
    return onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"])


def ask(file, rows):
    """What onnxruntime says of raw rows, float32 as it takes them."""
    return session(file).run(None, {"bars": np.asarray(rows, dtype=np.float32)})


def closes(forecaster):
    """The forecaster's own coming closes, (K,)."""
    return np.array([row.yhat for row in forecaster.predict_steps()[0]])


def test_a_small_net_is_exported_and_agrees(tmp_path):
    model = fitted("tutorial-mlp", **SMALL)
    done = model.export(tmp_path / "new" / "m.onnx")
    assert done.checked_windows == 50
    assert done.largest_relative_difference < 1e-6
    (price,) = ask(tmp_path / "new" / "m.onnx", columns(model)[-2:])
    np.testing.assert_allclose(price, closes(model), rtol=1e-6)
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["m.onnx"]


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in recipe_names() if load_recipe(name).series is None])
def test_every_recipe_is_exported_and_agrees(name, tmp_path):
    model = fitted(name)
    done = model.export(tmp_path / "m.onnx")
    assert done.largest_relative_difference <= 1e-5
    rows, L = columns(model), model.recipe.windows.seq_len
    price, *quantiles = ask(tmp_path / "m.onnx", rows)
    np.testing.assert_allclose(price, closes(model), rtol=1e-6)
    assert len(quantiles) == (model.recipe.training.heads > 1)
    (alone, *_) = ask(tmp_path / "m.onnx", rows[-L:])
    if model.recipe.windows.target == "volatility-return":
        assert (alone != price).any()
        np.testing.assert_allclose(alone, price, rtol=1e-3)
    else:
        np.testing.assert_array_equal(alone, price)
    for few in (rows[: L - 1], rows[:, 1:]):
        with pytest.raises(Exception, match="ONNXRuntimeError"):
            ask(tmp_path / "m.onnx", few)
    with pytest.raises(Exception, match="Unexpected input data type"):
        session(tmp_path / "m.onnx").run(None, {"bars": rows.astype(np.float64)})


@pytest.mark.slow
@pytest.mark.parametrize(
    "settings",
    [
        {"features": ["change", "volume", "close", "high"], "scaling": "log-ratio-volatility"},
        {"features": ["close", "change"], "scaling": "log-ratio", "target": "log-return"},
        {"features": ["volume", "close"], "scaling": "standard", "target": "price", "horizon": 2},
        {"features": ["close"], "scaling": "none", "target": "volatility-return", "seq_len": 1, "horizon": 3},
        {"cell": "lstm", "num_layers": 2, "h0": "random", "dtype": "float64"},
        {"cell": "gru", "bidirectional": True, "head": "batchnorm", "dropout": 0.2},
        {"cell": "lstm", "decoder": "attention", "horizon": 2},
        {"cell": "rnn", "decoder": "recurrent", "horizon": 2, "num_layers": 2, "h0": "random"},
        {"cell": "transformer", "bias": True, "num_layers": 2, "num_heads": 2},
        {"strategy": "recursive", "features": ["change", "close"], "horizon": 3},
        {"cell": "transformer", "bias": True, "causal": False, "activation": "relu", "dtype": "float64"},
    ],
)
def test_every_scaling_target_and_net_is_exported(settings, tmp_path):
    model = fitted("default", **{"seq_len": 3} | settings)
    done = model.export(tmp_path / "m.onnx")
    assert done.largest_relative_difference <= 1e-5
    (price,) = ask(tmp_path / "m.onnx", columns(model))
    np.testing.assert_allclose(price, closes(model), rtol=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("scaling", ["log-ratio-volatility", "standard"])
def test_the_users_own_columns_and_the_adjusted_close_go_in_as_they_are(scaling, tmp_path):
    bars = won()
    late = np.where(np.arange(len(bars)) < 9, np.nan, 40.0 + bars.volume % 20.0)
    bars = replace(bars, extra={"rsi": late}, adj_close=bars.close * np.linspace(0.9, 1.0, len(bars)))
    features = ["rsi", "adj_close", "close", "change"]
    model = nc.Forecaster("default", settings=QUICK | {"features": features, "scaling": scaling, "seq_len": 3})
    done = model.fit(bars).export(tmp_path / "m.onnx")
    assert done.largest_relative_difference <= 1e-5
    (price,) = ask(tmp_path / "m.onnx", columns(model))
    np.testing.assert_allclose(price, closes(model), rtol=1e-6)


@pytest.mark.slow
def test_quantiles_of_several_sessions(tmp_path):
    model = fitted("quantile", horizon=3, quantiles=[0.1, 0.5, 0.8, 0.9])
    done = model.export(tmp_path / "m.onnx")
    assert [(port.name, port.shape) for port in done.outputs] == [("price", (3,)), ("quantiles", (3, 4))]
    price, quantiles = ask(tmp_path / "m.onnx", columns(model))
    np.testing.assert_allclose(price, closes(model), rtol=1e-6)
    np.testing.assert_array_equal(quantiles[:, 1], price)
    assert (np.diff(quantiles, axis=1) >= 0.0).all()


@pytest.mark.slow
def test_the_volatility_forgets(tmp_path):
    model = nc.Forecaster("default", settings=QUICK).fit(won(500))
    model.export(tmp_path / "m.onnx")
    rows, whole = columns(model), closes(model)
    errors = [abs(ask(tmp_path / "m.onnx", rows[-n:])[0] / whole - 1.0).max() for n in (10, 40, 300)]
    assert errors[0] > errors[1] > 10.0 * errors[2]
    assert errors[2] < 2e-7


@pytest.mark.slow
def test_a_file_says_what_it_is_and_is_the_same_each_time(tmp_path):
    model = fitted("tutorial-mlp", **SMALL)
    for name in ("a.onnx", "b.onnx"):
        model.export(tmp_path / name)
    written = (tmp_path / "a.onnx").read_bytes()
    assert written == (tmp_path / "b.onnx").read_bytes()
    assert b".py" not in written
    page = onnx.load_from_string(written)
    said = {entry.key: entry.value for entry in page.metadata_props}
    assert (
        said.items()
        >= {
            "recipe": "tutorial-mlp",
            "features": "open,high,low,close",
            "seq_len": "2",
            "horizon": "1",
            "symbol": "005930",
            "trained_until": str(model.model.bars.dates[-1]),
            "nextclose_version": nc.__version__,
            "history": "Only the last 2 rows matter.",
        }.items()
    )
    assert "open, high, low, close" in page.graph.input[0].doc_string
    assert "coming closes" in page.graph.output[0].doc_string
    assert (page.opset_import[0].version, page.ir_version) == (18, 8)
    assert session(tmp_path / "a.onnx").get_modelmeta().custom_metadata_map == said


def test_a_saved_run_of_several_recipes_needs_the_name(small_study, tmp_path):
    run = small_study.save(tmp_path / "실행")
    with pytest.raises(SettingsError, match="holds 2 recipes.*tutorial, default"):
        export_run(run, tmp_path / "m.onnx")
    with pytest.raises(SettingsError, match="no recipe 'defualt'.*Did you mean"):
        export_run(run, tmp_path / "m.onnx", recipe="defualt")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["실행"]


@pytest.mark.slow
def test_the_command_exports_a_run_and_a_forecaster(small_study, tmp_path):
    run, file = small_study.save(tmp_path / "run"), tmp_path / "m.onnx"
    done = CliRunner().invoke(app, ["export", str(run), "--recipe", "tutorial", "--onnx", str(file), "--json"])
    page = json.loads(done.stdout)
    assert (page["recipe"], page["file"], page["checked_windows"]) == ("tutorial", str(file), 50)
    assert page["largest_relative_difference"] <= 1e-5
    assert page["inputs"][0].items() >= {"name": "bars", "shape": ["T", 4], "dtype": "float32"}.items()
    assert page["outputs"][0].items() >= {"name": "price", "shape": [1], "dtype": "float32"}.items()
    rows = columns(nc.Forecaster.from_model(small_study.fitted[0]))
    np.testing.assert_allclose(ask(file, rows)[0], small_study.tomorrow[0].yhat, rtol=1e-6)

    saved = fitted("tutorial-mlp", **SMALL).save(tmp_path / "forecaster")
    again = CliRunner().invoke(app, ["export", str(saved), "--onnx", str(file)])
    assert isinstance(again.exception, SettingsError)
    said = CliRunner().invoke(app, ["export", str(saved), "--onnx", str(file), "--force", "--lang", "ko"])
    assert "마지막 2행만 쓰입니다" in said.stdout
    assert "tutorial-mlp" in said.stdout


def test_what_cannot_be_exported_leaves_nothing(tmp_path):
    blind = fitted("default", features=["open", "volume"])
    with pytest.raises(SettingsError, match="--set features=open,volume,close"):
        blind.export(tmp_path / "m.onnx")
    model = fitted("tutorial-mlp", **SMALL)
    with pytest.raises(SettingsError, match="it is a folder"):
        model.export(tmp_path)
    (tmp_path / "diary").write_text("dear diary", encoding="utf-8")
    with pytest.raises(SettingsError, match="exists.*--force"):
        model.export(tmp_path / "diary")
    with pytest.raises(SettingsError, match="Nothing was left"):
        model.export(tmp_path / "diary" / "m.onnx")
    assert [path.name for path in tmp_path.iterdir()] == ["diary"]
    assert (tmp_path / "diary").read_text(encoding="utf-8") == "dear diary"


@pytest.mark.slow
def test_a_file_whose_prices_are_not_the_models_does_not_stay(tmp_path, monkeypatch):
    model = fitted("tutorial-mlp", **SMALL)
    model.export(tmp_path / "m.onnx")
    before = (tmp_path / "m.onnx").read_bytes()
    monkeypatch.setattr(exporting, "compare", lambda file, model: (50, float("nan")))
    with pytest.raises(NextcloseError, match="differ from the model's by nan") as caught:
        model.export(tmp_path / "m.onnx", force=True)
    assert caught.value.exit_status == 1
    assert [path.name for path in tmp_path.iterdir()] == ["m.onnx"]
    assert (tmp_path / "m.onnx").read_bytes() == before


@pytest.mark.parametrize("package", ["torch", "onnx", "onnxscript", "onnxruntime"])
def test_a_missing_package_is_named_with_the_line_that_installs_it(package, tmp_path, monkeypatch):
    class Nowhere:
        def find_spec(self, name, path=None, target=None):
            if name == package:
                raise ModuleNotFoundError(f"No module named '{name}'", name=name)

    model = fitted("tutorial-mlp", **SMALL)
    monkeypatch.setattr(sys, "meta_path", [Nowhere(), *sys.meta_path])
    monkeypatch.delitem(sys.modules, package, raising=False)
    with pytest.raises(SettingsError, match=f"needs {package}, not installed here") as caught:
        model.export(tmp_path / "m.onnx")
    assert '-e ".[onnx]"' in caught.value.message()
    assert caught.value.exit_status == 2
    assert list(tmp_path.iterdir()) == []
