"""The shift diagnosis against plain loops."""

from __future__ import annotations

import numpy as np
import pytest

from nextclose.judging.copying import BEFORE, copying
from nextclose.judging.mincer_zarnowitz import mincer_zarnowitz


def by_loop(panel):
    """Distances by offset, one symbol after the other."""
    squares, base = {}, []
    for number in np.unique(panel.symbol):
        rows = panel.rows.where(panel.symbol == number)
        for i in range(BEFORE, len(rows) - 1):
            span = range(i - BEFORE, i + 1)
            if any(rows.origin[j + 1] != rows.target_date[j] for j in span):
                continue
            base.append((rows.y[i] / rows.last_close[i] - 1.0) ** 2)
            closes = [rows.y[i + 1], rows.y[i], *(rows.last_close[i - k] for k in range(BEFORE + 1))]
            for offset, close in zip(range(-1, BEFORE + 2), closes, strict=True):
                squares.setdefault(offset, []).append(((rows.yhat[i] - close) / rows.last_close[i]) ** 2)
    unit = np.sqrt(np.mean(base))
    return {offset: np.sqrt(np.mean(found)) / unit for offset, found in squares.items()}


@pytest.mark.parametrize("symbols", [1, 3])
@pytest.mark.parametrize("missing", [0.0, 0.15])
def test_distances_are_a_plain_loops(make_panel, symbols, missing):
    panel = make_panel(T=120, symbols=symbols, missing=missing)
    expected = by_loop(panel)
    found = copying(panel)
    assert found.offsets == tuple(expected)
    np.testing.assert_allclose(found.distances, list(expected.values()), rtol=1e-10)


def test_movement_is_a_squared_correlation(make_panel):
    panel = make_panel(T=120, symbols=1)
    rows = panel.rows
    at = range(BEFORE, len(rows) - 1)
    pairs = [
        (
            (rows.yhat[i] - rows.yhat[i - 1]) / rows.last_close[i],
            (rows.last_close[i] - rows.last_close[i - 1]) / rows.last_close[i],
        )
        for i in at
        if i > BEFORE
    ]
    found = copying(panel)
    assert found.copied == pytest.approx(np.corrcoef(np.array(pairs).T)[0, 1] ** 2, rel=1e-10)
    announced, came = rows.yhat / rows.last_close - 1.0, rows.y / rows.last_close - 1.0
    assert found.size == pytest.approx(np.sqrt(np.sum(announced**2) / np.sum(came**2)), rel=1e-10)


@pytest.mark.parametrize("offset", [-1, 0, 1, 2, 3, 4])
def test_a_copy_is_nearest_to_what_it_copies(make_panel, make_table, offset):
    table = make_table(T=60, symbols=1)
    closes = np.concatenate([np.full(BEFORE, table.last_close[0]), table.last_close, table.y[-1:], table.y[-1:]])
    copied = closes[BEFORE + 1 - offset :][: len(table)]
    found = copying(make_panel(table.replace(yhat=copied)))
    assert found.nearest == offset
    assert min(found.distances) == pytest.approx(0.0, abs=1e-12)


@pytest.mark.parametrize(("T", "symbols", "told"), [(8, 1, False), (8, 4, False), (9, 1, True), (9, 4, True)])
def test_sessions_are_counted_and_not_symbols(make_panel, T, symbols, told):
    """Three sessions before and one after: of nine in a row five are compared, however many symbols they hold."""
    panel = make_panel(T=T, symbols=symbols, missing=0.0)
    assert (copying(panel) is not None) == told


@pytest.mark.parametrize(
    ("share", "noise", "words"),
    [
        (0.5, 0.1, "for each 1 % announced"),
        (-0.5, 0.1, "less came"),
        (0.0, 0.03, "hardly more than a copy"),
        (0.0, 0.8, "not shown to be more than noise"),
    ],
)
def test_what_a_forecast_adds_is_told_by_its_slope(make_panel, make_table, share, noise, words):
    table = make_table(T=300, symbols=1)
    drawn = noise * 0.01 * np.random.default_rng(1).standard_normal(300)
    change = share * (table.y / table.last_close - 1.0) + drawn
    panel = make_panel(table.replace(yhat=table.last_close * (1.0 + change)))
    assert words in copying(panel).told(mincer_zarnowitz(panel), "en").sentence
