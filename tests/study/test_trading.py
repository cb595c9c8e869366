"""nc.trade: what it takes, and where the opens come from."""

from __future__ import annotations

import numpy as np
import pytest
from tests.conftest import walk_bars
from tests.judging.test_truth import from_bars

import nextclose as nc
from nextclose.core.errors import ForecastsError


@pytest.fixture(scope="module")
def walked():
    return nc.walk_forward(walk_bars(200, seed=3), ["ridge", "drift"])


def test_a_walk_forward_has_its_own_opens(walked):
    traded, given = nc.trade(walked), nc.trade(walked.table, walked.bars)
    assert [row.name for row in traded.rows] == ["ridge", "drift"]
    for own, other in zip(traded.rows, given.rows, strict=True):
        np.testing.assert_array_equal(own.equity, other.equity)
    with pytest.raises(ForecastsError, match="--bars SOURCE"):
        nc.trade(walked.table)
    assert nc.trade(walked.table, entry="close").rules.entry == "close"


def test_a_judgement_is_traded_with_bars(walked):
    judged = nc.judge(walked)
    np.testing.assert_array_equal(nc.trade(judged, walked.bars).dates, nc.trade(walked).dates)


def test_a_frame_is_filled_in_from_bars_and_may_name_its_columns_otherwise(walked):
    frame = walked.forecasts[["symbol", "model", "target_date", "yhat"]].rename(columns={"yhat": "pred"})
    traded = nc.trade(frame, walked.bars, columns={"yhat": "pred"}, short=True)
    for own, other in zip(traded.rows, nc.trade(walked, short=True).rows, strict=True):
        np.testing.assert_allclose(own.equity, other.equity)
    assert traded.notes


def test_several_symbols_are_weighted_equally(tmp_path):
    one, two = walk_bars(160, seed=3, symbol="ONE"), walk_bars(160, seed=4, symbol="TWO")
    tables = [nc.walk_forward(bars, "ridge").forecasts for bars in (one, two)]
    import pandas as pd

    frames = [bars.to_pandas().assign(symbol=bars.symbol) for bars in (one, two)]
    path = tmp_path / "bars.csv"
    pd.concat(frames).to_csv(path, index=False)
    both = nc.trade(pd.concat(tables), str(path), cost_bp=0.0)
    each = [nc.trade(table, bars, cost_bp=0.0) for table, bars in zip(tables, (one, two), strict=True)]
    returns = [np.diff(np.log(np.concatenate([[1.0], part.rows[0].equity]))) for part in each]
    mean = np.mean(np.expm1(returns), axis=0)
    np.testing.assert_allclose(both.rows[0].equity, np.cumprod(1.0 + mean))
    assert both.symbols == 2
    assert "2 symbols, weighted equally" in both.told


def test_korean_sentences_are_korean():
    bars = walk_bars(160, seed=3)
    made = from_bars(bars)
    traded = nc.trade(made, bars, lang="ko", short=True, threshold_bp=1.0)
    assert "매수 후 보유" in traded.sentence
    assert "공매도" in traded.told


@pytest.mark.slow
def test_a_study_has_its_own_opens(small_study):
    traded = nc.trade(small_study)
    assert {row.name for row in traded.rows} >= {"tutorial", "default", "persistence"}
    assert str(traded.dates[-1]) == small_study.split.test_end
