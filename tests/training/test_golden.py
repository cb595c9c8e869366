"""The tutorial's run figure by figure, against a loop that shares no code with this project."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from tests.conftest import SHARED

from nextclose.bars import load_bars
from nextclose.engine.trace import trace
from nextclose.judging.splits import make_split
from nextclose.recipes import load_recipe, with_settings
from nextclose.training.fold import fit_fold
from nextclose.training.resolve import resolve_engine
from nextclose.windows import make_dataset

GOLDEN = Path(__file__).resolve().parents[1] / "golden"
RELATIVE = {"float64": 1e-10, "float32": 1e-5}


@pytest.fixture(scope="module")
def golden():
    return json.loads((GOLDEN / "tutorial_samsung.json").read_text())


@pytest.fixture(
    scope="module", params=[(name, dtype) for name in ("fused", "torch") for dtype in RELATIVE], ids="-".join
)
def run(request):
    prices = SHARED / "samsung_005930_2019_2023.parquet"
    if not prices.is_file():
        pytest.skip("the real bars of ../shared/data are not here")
    name, dtype = request.param
    changes = {"dtype": dtype, "seeds": 1, "init": str(GOLDEN / "tutorial_samsung.json")}
    recipe = with_settings(load_recipe("tutorial"), changes)
    bars = load_bars(prices)
    split = make_split(
        bars.dates, train_start="2020-06-11", train_end="2023-03-23", test_start="2023-04-01", test_end="2023-07-01"
    )
    data = make_dataset(bars, recipe.windows)
    engine = resolve_engine(name, recipe)
    fold = fit_fold(recipe, data, split.train_start, split.train_stop, engine)
    return bars, split, data, engine, fold, RELATIVE[dtype]


def close(got, expected, tolerance):
    expected = np.asarray(expected, dtype=np.float64)
    assert np.abs(np.asarray(got) - expected).max() <= tolerance * np.abs(expected).max()


def test_shapes_are_the_tutorials(run):
    bars, split, data, _, fold, _ = run
    assert fold.train_shape == (685, 4, 4)
    assert split.train_stop - split.train_start == 689
    assert len(data.X[data.test_windows(split.test_first, split.test_last, split.test_first)]) == 57
    assert bars.symbol == "005930"


def test_the_scaler_is_the_train_spans(run, golden):
    scaler = run[4].scaler
    np.testing.assert_array_equal(scaler.x.shift, golden["scale_min"])
    np.testing.assert_array_equal(scaler.x.shift + scaler.x.scale, golden["scale_max"])


def test_losses_before_each_update(run, golden):
    losses, tolerance = run[4].fits[0].losses, run[5]
    for epoch, loss in golden["loss_before_update"].items():
        assert losses[int(epoch)] == pytest.approx(loss, rel=tolerance)


def test_final_weights(run, golden):
    for name, expected in golden["final"].items():
        close(run[4].fits[0].params[name], expected, run[5])


def test_forecasts_and_both_errors_in_won(run, golden):
    bars, split, data, engine, fold, tolerance = run
    windows = data.test_windows(split.test_first, split.test_last, split.test_first)
    yhat = fold.forecast(data, windows, engine)[0, :, 0]
    close(yhat, golden["test_yhat_price"], tolerance)
    y, last = data.y[windows][:, 0], bars.close[data.origins(windows)]
    assert np.sqrt(np.mean((y - yhat) ** 2)) == pytest.approx(golden["test_rmse_price"], rel=tolerance * 10)
    assert np.sqrt(np.mean((y - last) ** 2)) == pytest.approx(golden["persistence_rmse_price"], rel=1e-12)


def test_the_first_windows_steps(run, golden):
    _, split, data, _, fold, _ = run
    init = {name: np.asarray(value) for name, value in golden["init"].items()}
    first = data.train_windows(split.train_start, split.train_stop).start
    steps = trace(init, fold.scaler.x.forward(data.X[first]), cell="rnn")
    for step, expected in zip(steps, golden["first_window_steps_at_init"], strict=True):
        for name, value in expected.items():
            close(step.layers[0][name], value, 1e-10)
