"""Pooled windows are the windows of each symbol's dataset, scaled as the recipe has it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tests.conftest import walk_bars

from nextclose.core.settings import WindowSettings
from nextclose.windows import fit_scaler, make_dataset, make_pool

FIRST = walk_bars(90, seed=1)
EVERY = (replace(FIRST, adj_close=FIRST.close / 7.0), walk_bars(60, seed=2, drift=0.01), walk_bars(75, seed=3))
SPANS = [(0, 80), (10, 44), (5, 75)]
WIDE = ("open", "high", "low", "close", "volume", "change", "adj_close")
SETTINGS = [
    WindowSettings(seq_len=5),
    WindowSettings(seq_len=5, scaling="standard", target="price", horizon=2),
    WindowSettings(seq_len=3, scaling="none", features=WIDE),
    WindowSettings(seq_len=4, scaling="min-max", target="log-return", features=WIDE),
    WindowSettings(seq_len=4, scaling="standard", target="log-return", horizon=3),
    WindowSettings(seq_len=4, scaling="min-max", target="volatility-return"),
    WindowSettings(seq_len=6, scaling="log-ratio", target="log-return"),
    WindowSettings(seq_len=6, scaling="log-ratio", target="log-return", features=("close",)),
    WindowSettings(seq_len=6, scaling="log-ratio", target="log-return", features=WIDE),
    WindowSettings(seq_len=6, scaling="log-ratio", target="log-return", features=("open", "volume")),
    WindowSettings(seq_len=5, scaling="log-ratio-volatility", target="volatility-return", horizon=2),
    WindowSettings(seq_len=5, scaling="log-ratio-volatility", target="volatility-return", features=WIDE),
]
CLOSE = {"float64": {"rtol": 1e-9, "atol": 1e-12}, "float32": {"rtol": 1e-5, "atol": 1e-5}}
"""Logs are taken of each bar, not of a ratio, so the last digits differ."""


def named(settings):
    return f"{settings.scaling} {settings.target} {settings.horizon} {len(settings.features)}"


@pytest.mark.parametrize("dtype", CLOSE)
@pytest.mark.parametrize("settings", SETTINGS, ids=named)
def test_a_pooled_window_is_that_of_its_symbol(settings, dtype):
    pool = make_pool(EVERY, settings)
    rows = pool.train_rows(SPANS)
    X, y = pool.fitted(SPANS, dtype).take(rows)
    assert X.dtype == y.dtype == dtype
    assert X.flags.c_contiguous
    at = 0
    for number, (bars, span) in enumerate(zip(EVERY, SPANS, strict=True)):
        data = make_dataset(bars, settings)
        windows, scaler = data.train_windows(*span), fit_scaler(data, *span)
        count = windows.stop - windows.start
        own = slice(at, at + count)
        np.testing.assert_array_equal(pool.symbol[rows[own]], np.full(count, number))
        np.testing.assert_allclose(X[own], scaler.x.forward(data.X[windows]), **CLOSE[dtype])
        np.testing.assert_allclose(y[own], scaler.y.forward(data.y[windows]), **CLOSE[dtype])
        origins = data.origins(windows)
        np.testing.assert_array_equal(
            pool.target_dates(rows[own]), bars.dates[np.arange(origins.start, origins.stop) + settings.horizon]
        )
        at += count
    assert at == len(rows)


@pytest.mark.parametrize("settings", [SETTINGS[0], SETTINGS[4], SETTINGS[10], SETTINGS[11]], ids=named)
def test_windows_of_a_span_know_nothing_behind_it(settings):
    """Every bar behind the spans is altered: not a bit of what trains moves, scaling included."""
    altered = []
    for bars, (_, stop) in zip(EVERY, SPANS, strict=True):
        columns = {}
        for name in ("open", "high", "low", "close", "volume"):
            columns[name] = getattr(bars, name).copy()
            columns[name][stop:] *= 3.0
        adj_close = None if bars.adj_close is None else columns["close"] / 7.0
        altered.append(replace(bars, **columns, adj_close=adj_close))
    told = []
    for every in (EVERY, altered):
        pool = make_pool(every, settings)
        told.append(pool.fitted(SPANS, "float64").take(pool.train_rows(SPANS)))
    for one, other in zip(*told, strict=True):
        np.testing.assert_array_equal(one, other)


def test_rows_are_taken_in_any_order():
    pool = make_pool(EVERY, SETTINGS[0])
    windows, rows = pool.fitted(SPANS, "float64"), pool.train_rows(SPANS)
    mixed = np.random.default_rng(0).permutation(len(rows))
    X, y = windows.take(rows)
    X_mixed, y_mixed = windows.take(rows[mixed])
    np.testing.assert_array_equal(X_mixed, X[mixed])
    np.testing.assert_array_equal(y_mixed, y[mixed])
    assert windows.take(rows[:0])[0].shape == (0, 5, 4)


@pytest.mark.parametrize("span", [(0, 0), (50, 50), (50, 55)])
def test_a_span_too_short_for_a_window_has_none(span):
    pool = make_pool(EVERY, SETTINGS[0])
    assert len(pool.train_rows([span, *SPANS[1:]])) == len(pool.train_rows(SPANS)) - 75
    assert len(pool.train_rows([(50, 56), *SPANS[1:]])) == len(pool.train_rows(SPANS)) - 74


def test_a_symbol_shorter_than_a_window_has_none():
    short = walk_bars(3, seed=9)
    pool = make_pool([short, *EVERY], SETTINGS[0])
    rows = pool.train_rows([(0, 3), *SPANS])
    assert (pool.symbol[rows] > 0).all()
