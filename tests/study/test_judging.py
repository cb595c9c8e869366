"""nc.judge: forecasts from anywhere, with and without bars."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from tests.conftest import walk_bars
from tests.judging.test_judge import table
from tests.judging.test_truth import from_bars

import nextclose as nc
from nextclose.core.errors import ForecastsError
from nextclose.core.forecasts import Forecasts


def test_bars_bring_the_plainer_forecasts_beside_the_table():
    bars = walk_bars(400, seed=3)
    made = from_bars(bars, first=300)
    judged = nc.judge(made, bars=bars)
    assert [row.name for row in judged.models] == ["m"]
    assert [row.name for row in judged.beside] == ["drift", "train-mean", "ar", "ridge"]
    assert {row.n for row in (*judged.models, *judged.beside)} == {100}
    alone = nc.judge(made.replace(y=bars.close[300:], last_close=bars.close[299:-1], origin=bars.dates[299:-1]))
    assert alone.beside == ()
    assert (alone.models[0].dm, alone.models[0].skill) == (judged.models[0].dm, judged.models[0].skill)


def test_baselines_beside_know_nothing_after_the_first_origin():
    bars = walk_bars(400, seed=3)
    made = from_bars(bars, first=300)
    moved = walk_bars(400, seed=3)
    close = moved.close.copy()
    close[350:] *= 1.5
    moved = nc.Bars(**{**{name: getattr(moved, name) for name in moved.__dataclass_fields__}, "close": close})
    from nextclose.judging.truth import fill_truth
    from nextclose.study.beside import plainer_forecasts

    known = {bars.symbol: bars}
    before = plainer_forecasts(fill_truth(made, known)[0], known)
    after = plainer_forecasts(fill_truth(made, {bars.symbol: moved})[0], {bars.symbol: moved})
    early = before.target_date <= bars.dates[349]
    np.testing.assert_array_equal(before.yhat[early], after.yhat[early])
    assert np.any(before.yhat[~early] != after.yhat[~early])


def test_too_short_a_history_brings_no_plainer_forecasts():
    bars = walk_bars(100, seed=3)
    judged = nc.judge(from_bars(bars, first=50), bars=bars)
    assert judged.beside == ()
    assert any("60 sessions before the first" in note for note in judged.notes)


def test_a_file_of_several_symbols_of_bars_fills_each(tmp_path):
    one, two = walk_bars(160, seed=3, symbol="ONE"), walk_bars(160, seed=4, symbol="TWO")
    frames = [
        pd.DataFrame({"symbol": bars.symbol, "date": bars.dates} | {name: getattr(bars, name) for name in
                     ("open", "high", "low", "close", "volume")}) for bars in (one, two)
    ]  # fmt: skip
    path = tmp_path / "봉.csv"
    pd.concat(frames).to_csv(path, index=False)
    made = Forecasts.concat([from_bars(one), from_bars(two)])
    judged = nc.judge(made, bars=str(path))
    assert (judged.models[0].n, judged.models[0].symbols, judged.models[0].sessions) == (120, 2, 60)
    assert [row.symbol for row in judged.symbols] == ["ONE", "TWO"]


def test_bars_of_another_symbol_are_refused():
    one, two = walk_bars(160, seed=3, symbol="ONE"), walk_bars(160, seed=4, symbol="TWO")
    with pytest.raises(ForecastsError, match="expected the same symbols"):
        nc.judge(Forecasts.concat([from_bars(one), from_bars(two)]), bars=walk_bars(160, seed=5, symbol="X"))


def test_a_shuffled_table_is_judged_the_same():
    rng = np.random.default_rng(5)
    made = Forecasts.concat([table(n=80, noise=0.3), table(n=80, noise=0.2, model="b")])
    judged, shuffled = nc.judge(made), nc.judge(made.where(rng.permutation(160)))
    by_name = {row.name: row for row in shuffled.models}
    for row in judged.models:
        other = by_name[row.name]
        assert (row.dm, row.cw, row.pt, row.skill_lo, row.shift) == (
            other.dm,
            other.cw,
            other.pt,
            other.skill_lo,
            other.shift,
        )


def test_a_table_without_rows_is_refused():
    with pytest.raises(ForecastsError, match="no forecasts"):
        nc.judge(table(n=5).where(np.zeros(5, dtype=bool)))
