"""Columns of the user's own: read from every dress of a table, and carried wherever bars go."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from tests.conftest import walk_bars

from nextclose.bars import load_bars
from nextclose.bars.survey import survey
from nextclose.study.objects import copied

N = 60
RSI = np.linspace(20.0, 80.0, N)
VALUE = np.arange(N) * 1e9


@pytest.fixture
def frame():
    """60 bars with two columns of numbers, a flag, a column of text, one of dates and one of mixed things."""
    own = {"RSI": RSI, "거래대금": VALUE, "holiday": np.arange(N) % 5 == 0, "note": "calm"}
    mixed = {"mixed": ["1.5"] * (N - 1) + ["?"], "listed": pd.Timestamp("2001-02-03")}
    return walk_bars(N, seed=3, symbol="AAPL").to_pandas().assign(**own, **mixed)


def saved_csv(frame, folder, **options):
    frame.to_csv(folder / "prices.csv", **{"index": False, **options})
    return folder / "prices.csv"


def saved_parquet(frame, folder):
    frame.to_parquet(folder / "prices.parquet", index=False)
    return folder / "prices.parquet"


DRESSES = {
    "csv": saved_csv,
    "numbered csv": lambda frame, folder: saved_csv(frame, folder, index=True),
    "cp949 csv": lambda frame, folder: saved_csv(frame, folder, encoding="cp949"),
    "parquet": saved_parquet,
    "pandas": lambda frame, folder: frame,
    "indexed pandas": lambda frame, folder: frame.set_index("date"),
    "polars": lambda frame, folder: pl.from_pandas(frame),
    "arrow": lambda frame, folder: pa.Table.from_pandas(frame),
}


@pytest.mark.parametrize("dress", DRESSES)
def test_every_further_column_of_numbers_is_read_under_its_own_name(frame, tmp_path, dress):
    bars = load_bars(DRESSES[dress](frame, tmp_path))
    assert list(bars.extra) == ["RSI", "거래대금", "holiday"]
    np.testing.assert_allclose(bars.extra["RSI"], RSI, rtol=1e-15)
    np.testing.assert_array_equal(bars.extra["거래대금"], VALUE)
    np.testing.assert_array_equal(bars.extra["holiday"], np.arange(N) % 5 == 0)
    assert all(values.dtype == np.float64 for values in bars.extra.values())


def test_numbers_with_thousands_separators_are_numbers(frame, tmp_path):
    written = frame.assign(거래대금=[f"{value:,.0f}" for value in VALUE])
    np.testing.assert_array_equal(load_bars(saved_csv(written, tmp_path)).extra["거래대금"], VALUE)


def test_a_column_named_as_a_feature_of_all_bars_is_none_of_the_users_own(frame):
    bars = load_bars(frame.assign(Change=0.5, code=[5930] * N)[["date", *frame.columns.drop("date"), "Change", "code"]])
    assert list(bars.extra) == ["RSI", "거래대금", "holiday"]


def test_a_table_of_several_symbols_gives_each_its_own(frame):
    other = frame.assign(symbol="MSFT", RSI=RSI + 1.0)
    both = pd.concat([frame, other]).sort_values(["date", "symbol"])
    for symbol, expected in (("AAPL", RSI), ("MSFT", RSI + 1.0)):
        np.testing.assert_array_equal(load_bars(both, symbol=symbol).extra["RSI"], expected)


def test_a_faulty_row_is_dropped_from_every_column(frame):
    frame.loc[7, "close"] = np.nan
    bars = load_bars(frame, faults="drop")
    assert len(bars) == N - 1
    np.testing.assert_array_equal(bars.extra["RSI"], np.delete(RSI, 7))


def test_text_in_a_price_costs_no_column(frame, tmp_path):
    written = frame.astype({"close": object})
    written.loc[7, "close"] = "halted"
    bars = load_bars(saved_csv(written, tmp_path), faults="drop")
    np.testing.assert_allclose(bars.extra["RSI"], np.delete(RSI, 7), rtol=1e-15)


def test_slices_and_copies_keep_them(frame):
    bars = load_bars(frame)
    np.testing.assert_array_equal(bars[5:9].extra["RSI"], RSI[5:9])
    np.testing.assert_array_equal(bars.between(bars.dates[10], None).extra["RSI"], RSI[10:])
    own = copied(bars)
    own.extra["RSI"][:] = 0.0
    np.testing.assert_array_equal(bars.extra["RSI"], RSI)


@pytest.mark.parametrize("way", [lambda bars: bars.to_pandas(), pa.table, pl.DataFrame])
def test_a_frame_of_bars_has_them_and_brings_them_back(frame, way):
    bars = load_bars(frame)
    again = load_bars(way(bars))
    assert list(again.extra) == list(bars.extra)
    assert again.sha256 == bars.sha256


def test_the_hash_knows_them_by_name_and_value(frame):
    bars = load_bars(frame)
    without = replace(bars, extra={})
    assert without.sha256 == load_bars(frame.drop(columns=list(bars.extra))).sha256
    other = {**bars.extra, "RSI": RSI + np.where(np.arange(N) == 30, 1e-12, 0.0)}
    renamed = {"rsi2" if name == "RSI" else name: values for name, values in bars.extra.items()}
    hashes = {own.sha256 for own in (bars, without, replace(bars, extra=other), replace(bars, extra=renamed))}
    assert len(hashes) == 4
    shuffled = dict(reversed(bars.extra.items()))
    assert replace(bars, extra=shuffled).sha256 == bars.sha256


def test_a_survey_names_them(frame, tmp_path, monkeypatch):
    monkeypatch.setattr("nextclose.bars.survey.guess_exchange", lambda dates: (None, None))
    assert survey(str(saved_csv(frame, tmp_path))).extra == ("RSI", "거래대금", "holiday")
    assert survey("walk:3").extra == ()
