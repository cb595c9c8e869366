"""A saved model is data: a folder that somebody prepared is refused, or loads as plain arrays, and runs nothing."""

from __future__ import annotations

import json
import pickle
import shutil
import struct

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from safetensors.numpy import load_file, save_file
from tests.conftest import walk_bars
from tests.study.conftest import QUICK

import nextclose as nc
from nextclose.core.errors import SavedRunError
from nextclose.recipes import load_recipe, recipe_names
from nextclose.study.saving import load_study


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    model = nc.Forecaster("default", settings=QUICK).fit(walk_bars(120, seed=3))
    return model.save(tmp_path_factory.mktemp("models") / "m")


@pytest.fixture
def copy(saved, tmp_path):
    return shutil.copytree(saved, tmp_path / "m")


class Bomb:
    """Unpickled, it leaves a file."""

    def __init__(self, marker):
        self.marker = marker

    def __reduce__(self):
        return (open, (str(self.marker), "w"))


def change(folder, **entries):
    page = json.loads((folder / "model.json").read_text(encoding="utf-8"))
    (folder / "model.json").write_text(json.dumps(page | entries), encoding="utf-8")


def page_of(folder, key):
    return json.loads((folder / "model.json").read_text(encoding="utf-8"))[key]


def first_weights(folder):
    return nc.load(folder).model.fold.fits[0].params


def weigh(folder, **arrays):
    save_file(load_file(folder / "weights.safetensors") | arrays, folder / "weights.safetensors")


@pytest.mark.parametrize("name", [name for name in recipe_names() if load_recipe(name).series is None])
def test_what_every_recipe_saves_is_let_in(name, tmp_path):
    model = nc.Forecaster(name, settings={"epochs": 1, "seeds": 2}).fit(walk_bars(200, seed=3))
    again = nc.load(model.save(tmp_path / "m")).model.fold
    np.testing.assert_equal([fit.params for fit in again.fits], [fit.params for fit in model.model.fold.fits])
    assert again.recipe == model.recipe


def test_the_bomb_works(tmp_path):
    pickle.loads(pickle.dumps(Bomb(tmp_path / "boom"))).close()
    assert (tmp_path / "boom").exists()


@pytest.mark.parametrize("file", ["model.json", "weights.safetensors", "bars.parquet"])
def test_a_pickle_in_a_files_place_is_refused(copy, tmp_path, file):
    (copy / file).write_bytes(pickle.dumps(Bomb(tmp_path / "boom")))
    with pytest.raises(SavedRunError, match="damaged"):
        nc.load(copy)
    assert not (tmp_path / "boom").exists()


def test_pickles_beside_the_files_are_not_looked_at(copy, tmp_path):
    before = first_weights(copy)
    for name in ("weights.pkl", "weights.pt", "model.pickle", "__init__.py", "conftest.py"):
        (copy / name).write_bytes(pickle.dumps(Bomb(tmp_path / "boom")))
    np.testing.assert_equal(first_weights(copy), before)
    assert not (tmp_path / "boom").exists()


def test_a_pickled_column_type_stays_data(copy, tmp_path):
    table = pq.read_table(copy / "bars.parquet")
    notes = {b"ARROW:extension:name": b"arrow.py_extension_type"}
    notes |= {b"ARROW:extension:metadata": pickle.dumps(Bomb(tmp_path / "boom"))}
    schema = table.schema
    for i, name in enumerate(table.column_names):
        schema = schema.set(i, schema.field(name).with_metadata(notes))
    pq.write_table(pa.table(table.columns, schema=schema), copy / "bars.parquet")
    assert pq.read_schema(copy / "bars.parquet").field("close").metadata == notes
    np.testing.assert_array_equal(nc.load(copy).model.bars.close, table.column("close").to_numpy())
    assert not (tmp_path / "boom").exists()


def raw(header, body=b"", length=None):
    """A safetensors file of our own making."""
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + body


@pytest.mark.parametrize(
    "written",
    [
        raw({}, length=1 << 62),
        raw({"w": {"dtype": "F32", "shape": [1 << 40, 1 << 20], "data_offsets": [0, 4]}}, bytes(4)),
        raw({"w": {"dtype": "F32", "shape": [1], "data_offsets": [0, 1 << 50]}}, bytes(4)),
        raw({"w": {"dtype": "F32", "shape": [1], "data_offsets": [-8, 4]}}, bytes(4)),
        raw({"w": {"dtype": "O", "shape": [1], "data_offsets": [0, 4]}}, bytes(4)),
        raw({}, length=0),
        b"",
    ],
    ids=["long header", "huge shape", "far offset", "negative offset", "objects", "no header", "empty"],
)
def test_weights_that_claim_more_than_they_hold_are_refused(copy, written):
    (copy / "weights.safetensors").write_bytes(written)
    with pytest.raises(SavedRunError):
        nc.load(copy)


@pytest.mark.parametrize(
    ("name", "array", "said"),
    [
        ("seed0.w_x", np.full((8, 4), np.nan, dtype=np.float32), "seed0.w_x holds values that cannot be"),
        ("seed0.b_y", np.array([np.inf], dtype=np.float32), "seed0.b_y holds values"),
        ("seed0.w_x", np.ones((8, 4), dtype=np.int64), "expected float32 or float64, got int64"),
        ("seed0.w_x", np.ones((8, 4), dtype=np.float16), "got float16"),
        ("seed0.w_x", np.ones((8, 5), dtype=np.float32), r"expected shape \(8, 4\), got \(8, 5\)"),
        ("seed0.w_y", np.array(1.0, dtype=np.float32), r"expected shape \(1, 8\), got \(\)"),
        ("seed0.extra", np.ones(1, dtype=np.float32), "no net has an array 'seed0.extra'"),
        ("seed7.w_x", np.ones((8, 4), dtype=np.float32), "no net has an array 'seed7.w_x'"),
        ("../../weights", np.ones(1, dtype=np.float32), "no net has an array '../../weights'"),
        ("seed0.__class__", np.ones(1, dtype=np.float32), "no net has an array 'seed0.__class__'"),
    ],
)
def test_weights_of_no_such_net_are_refused(copy, tmp_path, name, array, said):
    weigh(copy, **{name: array})
    with pytest.raises(SavedRunError, match=said) as caught:
        nc.load(copy)
    assert caught.value.exit_status == 2
    assert list(tmp_path.iterdir()) == [copy]


@pytest.mark.parametrize(
    "entries",
    [
        {"format": float("inf")},
        {"format": [2]},
        {"recipe": {"name": "default", "summary": "", "settings": {"__class__": "os.system"}}},
        {"recipe": {"__reduce__": ["os.system", "true"]}},
        {"scaler": {"x": {"shift": [float("nan")] * 4, "scale": [1.0] * 4}, "y": {"shift": [0.0], "scale": [1.0]}}},
        {"scaler": {"x": {"shift": [0.0] * 4, "scale": [0.0] * 4}, "y": {"shift": [0.0], "scale": [1.0]}}},
        {"scaler": {"x": {"shift": [0.0] * 5, "scale": [1.0] * 5}, "y": {"shift": [0.0], "scale": [1.0]}}},
        {"scaler": {"x": {"shift": ["os"] * 4, "scale": [1.0] * 4}, "y": {"shift": [0.0], "scale": [1.0]}}},
        {"final_losses": []},
        {"final_losses": [0.1] * 3},
        {"final_losses": {"0": 1}},
        {"train_shape": "abcd"},
        {"symbol": {"__class__": "os.system"}},
        {"exchange": ["XNYS"]},
        {"scores": "import os"},
    ],
)
def test_settings_that_describe_no_model_are_refused(copy, entries):
    change(copy, **entries)
    with pytest.raises(SavedRunError):
        nc.load(copy)


@pytest.mark.parametrize("setting", ["hidden_size", "num_layers", "horizon", "seeds"])
def test_huge_sizes_are_refused_before_anything_is_made_of_them(copy, setting):
    recipe = page_of(copy, "recipe")
    recipe["settings"][setting] = 10**12
    change(copy, recipe=recipe)
    if setting == "seeds":
        assert len(nc.load(copy).model.fold.fits) == QUICK["seeds"]
        return
    with pytest.raises(SavedRunError):
        nc.load(copy)


@pytest.mark.parametrize("text", ["[" * 100_000, '{"format": ' + "9" * 5_000 + "}", "null", '"2"', "[]", "{", "\ud7ff"])
def test_json_that_is_no_page_is_refused(copy, text):
    (copy / "model.json").write_text(text, encoding="utf-8")
    with pytest.raises(SavedRunError):
        nc.load(copy)


def test_keys_that_nobody_reads_change_nothing(copy):
    before = first_weights(copy)
    change(copy, __class__="os.system", __reduce__=["os.system", ["true"]], py="import os", extra={"a": [1]})
    np.testing.assert_equal(first_weights(copy), before)


@pytest.mark.parametrize("name", ["../../elsewhere", "/etc", "..", "", "a/b", "a\\b", 7, None, ["default"]])
def test_a_study_cannot_send_us_to_another_folder(small_study, tmp_path, name):
    run = small_study.save(tmp_path / "run")
    shutil.copytree(run / "models" / "default", tmp_path / "elsewhere")
    page = json.loads((run / "study.json").read_text(encoding="utf-8"))
    (run / "study.json").write_text(json.dumps(page | {"recipes": [name]}), encoding="utf-8")
    with pytest.raises(SavedRunError):
        load_study(run)


def test_the_page_is_plain_json(saved):
    page = json.loads((saved / "model.json").read_text(encoding="utf-8"), parse_constant=pytest.fail)
    kinds = {type(value) for value in walk(page)}
    assert kinds <= {dict, list, str, int, float, bool, type(None)}
    assert {array.dtype.kind for array in load_file(saved / "weights.safetensors").values()} == {"f"}


def walk(value):
    yield value
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from walk(item)
