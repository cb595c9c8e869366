"""The wire's form."""

from __future__ import annotations

import json
import struct

import numpy as np
import pytest

from nextclose.lab.frames import Frame, pack, unpack


def test_a_frame_comes_back_as_it_went():
    values = {"a": np.arange(6, dtype=np.float64).reshape(2, 3) / 7, "rows": np.arange(5), "none": np.empty((0, 4))}
    header, arrays = unpack(pack(Frame(header={"topic": "x", "text": "은닉"}, arrays=values), id=7))
    assert header["id"] == 7
    assert header["text"] == "은닉"
    assert {name: array.shape for name, array in arrays.items()} == {"a": (2, 3), "rows": (5,), "none": (0, 4)}
    np.testing.assert_array_equal(arrays["a"], values["a"].astype(np.float32))
    np.testing.assert_array_equal(arrays["rows"], np.arange(5))
    assert arrays["rows"].dtype == np.int32


def test_exact_arrays_keep_every_digit():
    _, arrays = unpack(pack(Frame(header={}, arrays={"w": np.array([0.1])}, exact=("w",))))
    assert arrays["w"][0] == 0.1


@pytest.mark.parametrize("text", ["", "x", "xy", "xyz", "xyzw", "가", "가나다라마"])
def test_arrays_start_where_eight_bytes_do(text):
    message = pack(Frame(header={"text": text}, arrays={"a": np.arange(3), "b": np.arange(2.0)}))
    length = struct.unpack_from("<I", message)[0]
    assert (4 + length) % 8 == 0
    assert all(offset % 8 == 0 for *_, offset in json.loads(message[4 : 4 + length])["arrays"])


def test_what_is_no_number_becomes_null_in_the_header_and_stays_in_arrays():
    told = {"a": float("nan"), "b": [np.inf, 1], "c": np.float64("nan"), "d": np.array([1.0, np.nan])}
    header, arrays = unpack(pack(Frame(header=told, arrays={"x": np.array([np.nan])})))
    assert [header[name] for name in "abcd"] == [None, [None, 1], None, [1.0, None]]
    assert np.isnan(arrays["x"][0])


def test_half_a_letter_becomes_a_question_mark():
    assert unpack(pack(Frame(header={"error": "got '\ud800'"})))[0]["error"] == "got '?'"
