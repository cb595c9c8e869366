"""The shape walk: every array on it is numpy's own, and a mistake is the one that was asked for."""

from __future__ import annotations

import numpy as np
import pytest
from tests.conftest import walk_bars

import nextclose as nc
from nextclose.core.errors import SettingsError
from nextclose.engine.carried import predict_carried
from nextclose.lab.choices import read_choices
from nextclose.lab.desk import Desk
from nextclose.lab.experiment import experiment
from nextclose.lab.frames import pack, unpack
from nextclose.lab.job import Job
from nextclose.lab.shapes import MOST, answer, cut_windows, flipped

QUICK = {"epochs": "3", "seeds": "2"}
BARS = walk_bars(400, seed=3)


@pytest.fixture
def desk():
    return Desk(BARS)


def walked(desk, ask=None, **values):
    """Header and arrays of every frame, by part; the errors' headers by way."""
    choices = read_choices({**QUICK, "seq_len": "5", **values})
    frames = [unpack(pack(frame)) for frame in answer(desk, choices, ask or {}, job())]
    parts = {header["part"]: (header, arrays) for header, arrays in frames if header["part"] != "errors"}
    return parts, {header["way"]: header for header, _ in frames if header["part"] == "errors"}


def job():
    return Job(lambda: True, lambda: True, "en")


@pytest.mark.parametrize("features", ["open,high,low,close", "close,change,volume"])
@pytest.mark.parametrize("seq_len", [3, 5, 9])
def test_the_windows_are_those_of_make_windows_and_the_axes_numpys(desk, seq_len, features):
    parts, _ = walked(desk, {"windows": 7}, seq_len=str(seq_len), features=features)
    header, arrays = parts["windows"]
    start = desk.split(read_choices({})).train_start + ("change" in features)
    X, y, _ = nc.make_windows(BARS, seq_len, features=features.split(","))
    N = header["windows"]
    assert arrays["raw"].shape == (7, seq_len, len(header["features"]))
    np.testing.assert_array_equal(arrays["raw"], X[start : start + 7])
    np.testing.assert_array_equal(arrays["y"], y[start : start + 7])
    np.testing.assert_array_equal(arrays["origins"], np.arange(start, start + 7) + seq_len - 1)
    low, high = X[start : start + N].min(axis=(0, 1)), X[start : start + N].max(axis=(0, 1))
    np.testing.assert_array_less(-1e-9, arrays["X"])
    np.testing.assert_allclose(arrays["X"] * (high - low) + low, arrays["raw"], rtol=0.02, atol=0.02)
    np.testing.assert_array_equal(arrays["swapaxes"], arrays["X"].swapaxes(0, 1))
    np.testing.assert_array_equal(arrays["reshape"], arrays["X"].reshape(seq_len, 7, -1))


def test_every_number_is_found_by_its_strides_and_its_window(desk):
    parts, _ = walked(desk)
    header, arrays = parts["windows"]
    n, L, F = arrays["X"].shape
    assert len({n, L, F}) == 3
    memory = arrays["X"].ravel()
    for name in ("X", "swapaxes", "reshape"):
        array = arrays[name]
        for place in np.ndindex(*array.shape):
            assert memory[np.dot(place, header["strides"][name])] == array[place]
    for step_now, row in enumerate(arrays["mixed"]):
        for i, (window, step) in enumerate(row):
            np.testing.assert_array_equal(arrays["reshape"][step_now, i], arrays["X"][window, step])
    whole = np.arange(header["in_span"] * L).reshape(L, header["in_span"])[:, :n]
    np.testing.assert_array_equal(arrays["mixed_all"] @ [L, 1], whole)


@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm", "mlp"])
@pytest.mark.parametrize("axes", ["swapaxes", "reshape"])
def test_what_the_net_says_of_the_windows_is_what_the_engine_says(desk, cell, axes):
    parts, _ = walked(desk, cell=cell, axes=axes)
    given, arrays = parts["windows"][1], parts["net"][1]
    fed = given[axes].swapaxes(0, 1)
    params = experiment(desk, read_choices({**QUICK, "seq_len": "5", "cell": cell, "axes": axes})).fold.fits[0].params
    np.testing.assert_allclose(arrays["y"], nc.engine.predict(params, fed, cell=cell), rtol=1e-4, atol=1e-5)
    said = arrays["h_last"] @ np.asarray(params["w_y"]).T + params["b_y"]
    np.testing.assert_allclose(arrays["y"], said, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("num_layers", ["1", "2"])
def test_a_state_that_is_carried_over_is_the_one_that_the_window_before_left(desk, num_layers):
    parts, _ = walked(desk, h0="carried", num_layers=num_layers)
    X, arrays = parts["windows"][1]["X"], parts["net"][1]
    np.testing.assert_array_equal(arrays["h"][1:, 0], arrays["h"][:-1, -1])
    choices = read_choices({**QUICK, "seq_len": "5", "h0": "carried", "num_layers": num_layers})
    params = experiment(desk, choices).fold.fits[0].params
    np.testing.assert_allclose(arrays["y"], predict_carried(params, X, cell="rnn"), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("values", [{}, {"axes": "reshape"}, {"h0": "carried"}, {"h0": "random", "cell": "gru"}])
def test_each_mistake_is_measured_by_the_same_nets_without_it(desk, values):
    _, errors = walked(desk, **values)
    chosen = read_choices({**QUICK, "seq_len": "5", **values})
    for way, other in (("chosen", chosen), ("axes", flipped(chosen, "axes")), ("h0", flipped(chosen, "h0"))):
        found = experiment(desk, other)
        assert errors[way]["skill"] == found.skill
        assert errors[way]["ratios"] == list(found.ratios())
        assert errors[way]["axes"] == other.switches["axes"]
        assert errors[way]["carried"] == other.carried
    assert flipped(chosen, "axes").switches["axes"] != chosen.switches["axes"]
    assert flipped(chosen, "h0").carried != chosen.carried
    assert desk.tried == 3


def test_a_net_without_time_has_no_state_to_carry(desk):
    _, errors = walked(desk, cell="mlp")
    assert "cell=mlp" in errors["h0"]["reason"]
    assert "skill" in errors["axes"]


def test_the_windows_that_validate_are_not_counted(desk):
    header = walked(desk, validation="0.25", batch_size="16")[0]["windows"][0]
    assert header["batch"] == 16
    assert header["windows"] < header["in_span"]


@pytest.mark.parametrize("windows", [1, MOST + 1, 2.5, "6", True, None])
def test_a_number_of_windows_that_is_none_is_refused(desk, windows):
    with pytest.raises(SettingsError, match=f"windows: .*{MOST}"):
        next(answer(desk, read_choices(QUICK), {"windows": windows}, job()))


def test_fewer_windows_than_asked_for_are_all_there_are(desk):
    dates = BARS.dates
    choices = read_choices({**QUICK, "train_start": str(dates[0]), "test_start": str(dates[9])})
    assert cut_windows(desk, choices, 8).X.shape[0] == 5
