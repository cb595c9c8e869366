from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.conftest import walk_bars

from nextclose.bars import load_bars
from nextclose.bars.survey import iter_bars, survey
from nextclose.core.errors import BarsError, SettingsError, UserError


def frame(n=30, seed=1):
    return walk_bars(n, seed=seed).to_pandas().astype({"open": object, "high": object, "low": object, "close": object})


def spoil(kind):
    rows = frame()
    if kind == "text":
        rows.loc[4, "open"] = "n.a.x"
    elif kind == "missing":
        rows.loc[4, "low"] = None
    elif kind == "not-positive":
        rows.loc[4, "close"] = -1.0
    elif kind == "high-below-low":
        rows.loc[4, ["high", "low"]] = rows.loc[4, ["low", "high"]].to_numpy()
    elif kind == "outside":
        rows.loc[4, "close"] = rows.loc[4, "high"] * 1.006
    elif kind == "duplicate":
        rows.loc[4, "date"] = rows.loc[3, "date"]
    elif kind == "unsorted":
        rows.loc[4, "date"] = rows.loc[0, "date"] - pd.Timedelta(days=30)
    return rows


ERRORS = ("text", "missing", "not-positive", "high-below-low", "outside", "duplicate", "unsorted")


@pytest.mark.parametrize("kind", ERRORS)
def test_an_error_is_raised_once_with_its_row_and_the_way_out(kind):
    with pytest.raises(BarsError) as caught:
        load_bars(spoil(kind))
    message = str(caught.value)
    assert "1 of 30 rows are faulty" in message
    assert "--faults drop" in message
    assert "20" in message


@pytest.mark.parametrize("kind", ERRORS)
def test_drop_leaves_the_row_out_and_counts_it(kind):
    bars = load_bars(spoil(kind), faults="drop")
    assert len(bars) == 29
    (found,) = [found for found in bars.findings if found.severity == "error"]
    assert (found.kind, found.count, found.action, len(found.dates)) == (kind, 1, "dropped", 1)
    assert bars.summary().dropped == 1


@pytest.mark.parametrize("kind", ERRORS)
def test_keep_is_refused_where_a_window_cannot_hold_the_row(kind):
    if kind in ("high-below-low", "outside"):
        bars = load_bars(spoil(kind), faults="keep")
        assert len(bars) == 30
        assert [(found.kind, found.action) for found in bars.findings] == [(kind, "kept")]
    else:
        with pytest.raises(BarsError, match="cannot keep"):
            load_bars(spoil(kind), faults="keep")


def test_unknown_ways_with_faults_are_met_with_the_known_ones():
    with pytest.raises(SettingsError, match="Did you mean 'drop'"):
        load_bars(frame(), faults="drpo")


def test_several_kinds_are_told_in_one_message():
    rows = spoil("missing")
    rows.loc[9, "close"] = 0.0
    with pytest.raises(BarsError, match="2 of 30 rows.*missing.*0 or less"):
        load_bars(rows)


def test_notes_never_raise():
    rows = frame()
    rows.loc[3, ["open", "high", "low"]] = 0.0
    rows.loc[5, "volume"] = 0
    rows.loc[8, "close"] = rows.loc[8, "high"] * 1.004
    rows.loc[20:, ["open", "high", "low", "close"]] = (
        rows.loc[20:, ["open", "high", "low", "close"]] / 50.0
    ).to_numpy()
    bars = load_bars(rows)
    found = {finding.kind: finding for finding in bars.findings}
    assert set(found) == {"suspended", "zero-volume", "rounding", "split-like"}
    assert found["suspended"].action == "dropped"
    assert len(bars) == 29
    assert found["split-like"].dates == (str(rows.loc[20, "date"].date()),)


def test_an_adjusted_split_is_no_jump():
    rows = frame()
    rows.loc[20:, ["open", "high", "low", "close"]] = (rows.loc[20:, ["open", "high", "low", "close"]] / 2.0).to_numpy()
    rows["adj_close"] = rows["close"].astype(float) * np.where(np.arange(30) < 20, 0.5, 1.0)
    bars = load_bars(rows)
    assert [found.kind for found in bars.findings] == ["adjusted"]
    assert bars.close[-1] == rows["close"].iloc[-1]


def test_a_missing_adjusted_close_is_told():
    rows = frame()
    rows["adj_close"] = rows["close"].astype(float)
    rows.loc[2, "adj_close"] = np.nan
    with pytest.raises(BarsError, match="adj_close is missing or not positive in 1 of 30"):
        load_bars(rows)


def test_nothing_usable_is_an_error():
    with pytest.raises(UserError, match="no usable row"):
        load_bars(spoil("missing").iloc[4:5], faults="drop")


@given(order=st.permutations(range(12)))
@settings(max_examples=50, deadline=None)
def test_any_order_of_rows_drops_to_increasing_dates(order):
    rows = frame(12).iloc[list(order)].reset_index(drop=True)
    bars = load_bars(rows, faults="drop")
    assert (np.diff(bars.dates) > np.timedelta64(0, "D")).all()
    dropped = sum(found.count for found in bars.findings if found.action == "dropped")
    assert len(bars) + dropped == 12


def test_a_survey_refuses_nothing(tmp_path):
    both = pd.concat([spoil("missing").assign(symbol="A"), frame(3).assign(symbol="B", close=np.nan)])
    path = tmp_path / "both.parquet"
    both.astype({"open": float, "high": float, "low": float, "close": float}).to_parquet(path)
    found = survey(str(path))
    assert [(symbol.symbol, symbol.rows) for symbol in found.symbols] == [("A", 29), ("B", 0)]
    assert found.symbols[1].problem is not None
    assert found.counts() == {"missing": 1}


def test_the_real_sets_hold_what_is_known_of_them(shared_data):
    found = survey(str(shared_data / "sp500_2013_2018.parquet"))
    assert len(found.symbols) == 505
    assert found.counts()["missing"] == 11
    assert found.counts()["high-below-low"] == 1
    assert load_bars(shared_data / "samsung_005930_2019_2023.parquet").findings == ()
    old = load_bars(shared_data / "samsung_005930_1990_2023.parquet")
    assert [(note.kind, note.count) for note in old.findings] == [("zero-volume", 3)]


@pytest.mark.slow
def test_all_of_krx_loads_with_the_right_counts(shared_data):
    found = survey(str(shared_data / "krx_all_2016_2025.parquet"))
    counts = found.counts()
    assert len(found.symbols) == 2_866
    assert all(symbol.problem is None for symbol in found.symbols)
    assert counts["suspended"] == 108_814
    assert counts["rounding"] + counts["outside"] == 35_406
    assert found.rows + counts["suspended"] + counts["outside"] == 5_573_952


def test_one_symbol_is_the_same_alone_and_in_the_whole_set(shared_data):
    path = shared_data / "sp500_2013_2018.parquet"
    whole = {name: bars for name, bars in iter_bars(str(path)) if name in ("AAPL", "ZTS")}
    for name, bars in whole.items():
        assert load_bars(f"{path}#{name}", faults="drop").sha256 == bars.sha256
