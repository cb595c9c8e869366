"""What intervals cover on real symbols, as a run makes them."""

from __future__ import annotations

import numpy as np
import pytest

from nextclose.bars.bars import Bars
from nextclose.bars.survey import iter_bars
from nextclose.core.forecasts import Forecasts
from nextclose.judging.judge import judge
from nextclose.judging.metrics import coverage
from nextclose.study.walk_forward import walk_forward

SYMBOLS = 60
MODELS = ("persistence", "train-mean")


@pytest.fixture(scope="module")
def walked(shared_data) -> Forecasts:
    """Every eighth symbol with a full history, 2017-01-03 to 2018-02-07."""
    every = [bars for _, bars in iter_bars(str(shared_data / "sp500_2013_2018.parquet")) if isinstance(bars, Bars)]
    full = [bars for bars in every if len(bars) == max(map(len, every))]
    chosen = full[:: len(full) // SYMBOLS][:SYMBOLS]
    return Forecasts.concat([walk_forward(bars, MODELS, test_start="2017-01-03").table for bars in chosen])


@pytest.mark.slow
@pytest.mark.parametrize("model", MODELS)
def test_real_symbols_are_covered_as_claimed(walked, model):
    own = walked.of(model)
    (row,) = judge(own).intervals
    assert 0.88 <= row.coverage <= 0.92
    shares = [coverage(one.y, one.lo, one.hi) for one in (own.where(own.symbol == name) for name in set(own.symbol))]
    assert len(shares) == SYMBOLS
    assert np.mean([0.86 <= share <= 0.94 for share in shares]) >= 0.8
    assert min(row.calm.coverage, row.middle.coverage, row.wild.coverage) > 0.82
    assert row.score_ratio < 1.05
    assert row.worst.date == "2018-02-05"
    assert row.brier < 0.2505
