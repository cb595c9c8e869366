"""Intervals judged: by hand, by a plain loop, in worlds whose truth is known, and in whatever order the rows stand."""

from __future__ import annotations

import math
from dataclasses import asdict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nextclose.bench.simulated import simulate
from nextclose.bench.worlds import Garch, Walk
from nextclose.core.forecasts import Forecasts
from nextclose.core.plain import plain, rebuild
from nextclose.core.results import IntervalRow, Share
from nextclose.judging.interval_rows import AT_LEAST, coverage_interval
from nextclose.judging.intervals import rolling_conformal
from nextclose.judging.judge import judge
from nextclose.judging.panel import Sessions
from nextclose.judging.table_volatility import table_volatility
from nextclose.windows.volatility import DECAY, FLOOR, ewma_volatility

Z = 1.6448536269514722


def with_intervals(table, half=0.02, level=0.9, p_up=0.5):
    """The table with lo and hi `half` of the last close around yhat."""
    n, last = len(table), table.last_close
    return table.replace(
        lo=table.yhat - half * last, hi=table.yhat + half * last, level=np.full(n, level), p_up=np.full(n, p_up)
    )


def table_of(close, model="m", symbol="A", **columns):
    """Forecasts of every close from the one before it."""
    close = np.asarray(close, dtype=np.float64)
    days = np.busday_offset("2020-01-01", np.arange(len(close)))
    known = {
        "symbol": symbol, "model": model, "origin": days[:-1], "target_date": days[1:], "yhat": close[:-1],
        "last_close": close[:-1], "y": close[1:],
    }  # fmt: skip
    return Forecasts.make(known | columns)


def plain_row(table):
    """The numbers that rest on volatility, one forecast at a time: (terciles, scores, constant's scores)."""
    found = []
    for symbol in sorted(set(table.symbol.tolist())):
        own = table.where(table.symbol == symbol)
        own = own.where(np.argsort(own.target_date))
        squares = []
        for i in range(len(own)):
            if i and own.origin[i] == own.target_date[i - 1]:
                squares.append(math.log(own.last_close[i] / own.last_close[i - 1]) ** 2)
            elif i:
                squares.append(None)
            weights = [0.0 if square is None else DECAY**age for age, square in enumerate(reversed(squares))]
            if sum(weight > 0.0 for weight in weights) < AT_LEAST or not np.isfinite(own.lo[i]):
                continue
            total = sum(weight * (square or 0.0) for weight, square in zip(weights, reversed(squares), strict=True))
            sigma = round(max(math.sqrt(total / sum(weights)), FLOOR), 14)
            last, y, lo, hi, level = (getattr(own, name)[i] for name in ("last_close", "y", "lo", "hi", "level"))
            ends = last * (1.0 - Z * sigma), last * (1.0 + Z * sigma)
            found.append((sigma, lo <= y <= hi, score(y, lo, hi, level) / last, score(y, *ends, level) / last))
    low, high = np.quantile([sigma for sigma, *_ in found], [1 / 3, 2 / 3])
    thirds = [[row for row in found if row[0] <= low], [row for row in found if low < row[0] <= high]]
    thirds.append([row for row in found if row[0] > high])
    shares = [(len(third), np.mean([inside for _, inside, *_ in third])) for third in thirds]
    return shares, np.mean([own for *_, own, _ in found]), np.mean([constant for *_, constant in found])


def score(y, lo, hi, level):
    return hi - lo + 2.0 / (1.0 - level) * (max(lo - y, 0.0) + max(y - hi, 0.0))


def test_a_tiny_table_by_hand():
    step = math.log(1.01)
    close = 100.0 * np.exp(step * np.concatenate([[0.0], np.cumsum(np.tile([1.0, -1.0], 12))]))
    (row,) = judge(with_intervals(table_of(close), half=0.005)).intervals
    assert (row.model, row.step, row.level, row.n, row.compared) == ("m", 1, 0.9, 24, 4)
    assert row.coverage == 0.0
    up, down = 0.01, 1.0 - 1.0 / 1.01
    assert row.width == pytest.approx(0.01)
    assert row.score == pytest.approx(0.01 + 20.0 * ((up + down) / 2.0 - 0.005))
    assert row.constant_score == pytest.approx(2.0 * Z * step)
    assert row.score_ratio == pytest.approx(row.compared_score / (2.0 * Z * step))
    assert row.worst.move == pytest.approx(up / step)
    assert (row.worst.n, row.worst.coverage) == (1, 0.0)
    assert row.brier == 0.25
    assert row.brier_base == 0.25


@pytest.mark.parametrize("symbols", [1, 4])
def test_terciles_and_constant_equal_a_plain_loop(make_table, symbols):
    table = with_intervals(make_table(T=120, symbols=symbols, seed=3), half=0.025)
    lo = np.where(np.arange(len(table)) % 7 == 0, np.nan, table.lo)
    table = table.replace(lo=lo)
    (row,) = judge(table).intervals
    shares, own, constant = plain_row(table)
    assert [(third.n, third.coverage) for third in (row.calm, row.middle, row.wild)] == [
        (n, pytest.approx(share)) for n, share in shares
    ]
    assert row.compared == sum(n for n, _ in shares) < row.n == int(np.isfinite(lo).sum())
    assert row.compared_score == pytest.approx(own, rel=1e-10)
    assert row.constant_score == pytest.approx(constant, rel=1e-10)


def test_the_tables_volatility_is_the_bars_where_no_session_is_missing(make_table, make_panel):
    close = 100.0 * np.exp(np.cumsum(0.01 * np.random.default_rng(0).standard_normal(900)))
    found = table_volatility(make_panel(table_of(close)))
    known = ewma_volatility(close[:-1])
    np.testing.assert_allclose(found.sigma[1:], known[1:], rtol=1e-12)
    assert np.isnan(found.sigma[0])
    assert found.returns.tolist() == list(range(899))
    two_steps = make_table(T=50, symbols=1, step=2, missing=0.0)
    np.testing.assert_allclose(
        table_volatility(make_panel(two_steps)).sigma[1:],
        math.sqrt(2.0) * ewma_volatility(two_steps.last_close)[1:],
        rtol=1e-12,
    )


def test_a_change_over_missing_sessions_is_no_daily_return(make_panel):
    close = 100.0 * np.exp(0.01 * np.concatenate([[0.0], np.cumsum(np.tile([1.0, -1.0], 15))]))
    close[15:] *= 3.0
    table = table_of(close)
    found = table_volatility(make_panel(table.where(np.abs(np.arange(30) - 14) > 2)))
    np.testing.assert_allclose(found.sigma[1:], 0.01, rtol=1e-9)
    assert found.returns[-1] == 23


def test_the_worst_session_of_many_symbols_is_that_with_the_fewest_inside(make_table):
    table = with_intervals(make_table(T=60, symbols=9, missing=0.0), half=0.05)
    day = np.unique(table.target_date)[40]
    crash = np.where((table.target_date == day) & (table.symbol != "S4"), 0.8 * table.last_close, table.y)
    (row,) = judge(table.replace(y=crash)).intervals
    assert row.worst.date == str(day)
    assert (row.worst.n, row.worst.coverage) == (9, pytest.approx(1 / 9))
    assert row.worst.move > 5.0
    before = np.unique(table.target_date)[30]
    twice = np.where((table.target_date == before) & (table.symbol != "S4"), 0.9 * table.last_close, crash)
    (tied,) = judge(table.replace(y=twice)).intervals
    assert (tied.worst.date, tied.worst.coverage) == (str(day), row.worst.coverage)
    thin = (table.target_date == day) & (table.symbol > "S2")
    (thinned,) = judge(table.replace(y=crash).where(~thin)).intervals
    assert thinned.worst.date != str(day)


def test_the_worst_session_of_one_symbol_is_its_largest_move():
    close = 100.0 * np.exp(np.cumsum(0.01 * np.random.default_rng(1).standard_normal(80)))
    close[50:] *= 0.9
    (row,) = judge(with_intervals(table_of(close))).intervals
    assert row.worst.date == str(table_of(close).target_date[49])
    assert row.worst.coverage == 0.0
    assert f"({row.worst.date}, {row.worst.move:.1f} volatilities) ended outside." in row.sentence


def test_what_rests_on_volatility_needs_twenty_returns():
    close = 100.0 + np.arange(21.0)
    (row,) = judge(with_intervals(table_of(close[:21]))).intervals
    assert row.compared == 0
    assert row.calm == Share(n=0, coverage=pytest.approx(math.nan, nan_ok=True))
    assert math.isnan(row.score_ratio)
    assert row.worst is None
    names = {"compared_score", "constant_score", "score_ratio", "calm", "middle", "wild", "worst"}
    assert row.reasons.keys() == names
    assert row.sentence == "m: 90 % intervals cover 100.0 % of 20 closes."
    (longer,) = judge(with_intervals(table_of(np.append(close, 125.0)))).intervals
    assert longer.compared == 1


def test_levels_that_are_none_leave_coverage():
    close = 100.0 * np.exp(np.cumsum(0.01 * np.random.default_rng(1).standard_normal(80)))
    (row,) = judge(with_intervals(table_of(close), level=math.nan, p_up=math.nan)).intervals
    assert math.isnan(row.score)
    assert math.isnan(row.score_ratio)
    assert math.isnan(row.brier)
    assert {"level", "score", "score_ratio", "brier"} <= row.reasons.keys()
    assert (row.wild.n, row.compared) == (20, 59)
    (whole,) = judge(with_intervals(table_of(close), level=1.0)).intervals
    assert whole.level == 1.0
    assert whole.reasons.keys() == {"score", "compared_score", "constant_score", "score_ratio"}
    assert row.sentence.startswith("m: the intervals cover ")


def test_a_model_without_intervals_has_no_row(make_table):
    table = make_table(T=40, symbols=2, missing=0.0)
    other = with_intervals(table).replace(model=np.full(len(table), "other", dtype=object))
    judged = judge(Forecasts.concat([table, other]))
    assert [row.model for row in judged.intervals] == ["other"]
    assert judged.intervals[0].coverage == judged.models[1].coverage
    assert judge(table).intervals == ()


def test_wilson_counts_sessions_that_move_as_one_once():
    inside = np.tile([1.0, 1.0, 1.0, 1.0, 0.0], 20)
    alone = coverage_interval(inside, Sessions.single(100))
    p, n, z2 = 0.8, 100.0, Z**2
    half = Z * math.sqrt(p * (1 - p) / n + z2 / (4 * n * n)) / (1 + z2 / n)
    centre = (p + z2 / (2 * n)) / (1 + z2 / n)
    assert alone == pytest.approx((centre - half, centre + half))
    copies = Sessions(of=np.repeat(np.arange(100), 7), count=100)
    assert coverage_interval(np.repeat(inside, 7), copies) == pytest.approx(alone)
    lo, hi = coverage_interval(np.ones(50), Sessions.single(50))
    assert (lo, hi) == (pytest.approx(50.0 / (50.0 + z2)), pytest.approx(1.0))


def conformal(world, seed, n=750):
    """Persistence on a simulated walk, with rolling conformal intervals."""
    close = simulate(world, n, np.random.default_rng(seed)).bars.close
    sigma, rows = ewma_volatility(close)[:-1], np.arange(len(close) - 1)
    lo, hi, p_up = rolling_conformal(close[:-1], close[:-1], close[1:], sigma, rows, rows + 1)
    return table_of(close, symbol=f"S{seed:02d}", lo=lo, hi=hi, level=0.9, p_up=p_up)


@pytest.mark.parametrize("world", [Garch(), Walk()], ids=["garch", "iid"])
def test_simulated_worlds_are_covered_as_claimed(world):
    table = Forecasts.concat([conformal(world, seed) for seed in range(12)])
    (row,) = judge(table).intervals
    assert 0.88 < row.coverage < 0.92
    assert row.coverage_lo < row.coverage < row.coverage_hi
    for third in (row.calm, row.middle, row.wild):
        assert 0.84 < third.coverage < 0.96
    assert 0.9 < row.score_ratio < 1.05


@settings(max_examples=15, deadline=None)
@given(order=st.integers(0, 2**32 - 1), symbols=st.integers(1, 3))
def test_the_order_of_the_rows_changes_nothing(order, symbols):
    table = Forecasts.concat([conformal(Garch(), seed, n=60) for seed in range(symbols)])
    mixed = table.where(np.random.default_rng(order).permutation(len(table)))
    assert plain(asdict(judge(table).intervals[0])) == plain(asdict(judge(mixed).intervals[0]))


def test_a_row_comes_back_from_json():
    (row,) = judge(conformal(Garch(), 0, n=80)).intervals
    assert plain(rebuild(IntervalRow, plain(row))) == plain(row)
