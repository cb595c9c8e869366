from __future__ import annotations

import math

import numpy as np
import pytest

from nextclose.core.errors import SettingsError
from nextclose.windows.series import make_series


def test_the_trigonometric_series_is_its_formula_at_2400_points():
    series = make_series("trigonometric")
    assert series.t.shape == series.values.shape == (2400,)
    assert (series.t[0], series.t[-1]) == (0.0, 100.0)
    for i in (0, 7, 1234, 2399):
        t = 100.0 * i / 2399
        assert series.values[i] == pytest.approx(math.sin(t) + math.sin(2.0 * t), abs=1e-12)


@pytest.mark.parametrize("seq_len", [1, 3, 10, 2399])
def test_each_window_is_followed_by_its_target(seq_len):
    series = make_series("trigonometric")
    X, y = series.windows(seq_len)
    assert X.shape == (2400 - seq_len, seq_len, 1)
    assert y.shape == (2400 - seq_len, 1)
    for i in (0, (2399 - seq_len) // 2, 2399 - seq_len):
        np.testing.assert_array_equal(X[i, :, 0], series.values[i : i + seq_len])
        assert y[i, 0] == series.values[i + seq_len]


def test_what_is_no_series_or_leaves_no_target_is_refused():
    with pytest.raises(SettingsError, match="a window takes at most 2399, got 2400"):
        make_series("trigonometric").windows(2400)
    with pytest.raises(SettingsError, match="unknown series 'cosine': expected one of trigonometric"):
        make_series("cosine")
