"""A market judged by the sums of its sessions, against `judge` on all of its rows."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy import stats

from nextclose.core.errors import ForecastsError
from nextclose.core.forecasts import Forecasts
from nextclose.core.plain import plain
from nextclose.core.results import ModelRow
from nextclose.judging.accuracy_tests import diebold_mariano
from nextclose.judging.judge import judge
from nextclose.judging.market import judge_tallies, rival_rows
from nextclose.judging.metrics import skill
from nextclose.judging.symbol_statistics import SymbolStatistics, symbol_statistics
from nextclose.judging.tally import Tally

ROWS_ALONE = {"rmse", "mae", "mape", "pinball", "mz", "shift", "rejudged", "reasons"}
few = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def market(make_table, symbols=7, seed=3, **more):
    """Two recipes and five baselines on the same rows, one recipe with intervals and probabilities."""
    table = make_table(**{"T": 90, "symbols": symbols, "seed": seed, "signal": 0.02, "noise": 0.05} | more)
    rng, last = np.random.default_rng(seed), table.last_close
    first = np.array([last[table.symbol == name][0] for name in table.symbol])
    half, p_up = 0.02 * last, np.where(rng.random(len(table)) < 0.2, np.nan, rng.random(len(table)))
    own = table.replace(lo=table.yhat - half, hi=table.yhat + half, level=np.full(len(table), 0.9), p_up=p_up)
    announced = {
        "persistence": 0.0 * last, "pooled-mean": 0.0004 * last, "train-mean": 0.0006 * last, "drift": 0.0005 * last,
        "ridge": 0.001 * rng.standard_normal(len(table)) * last, "pull": 0.3 * (first - last),
    }  # fmt: skip
    others = [
        table.replace(model=np.full(len(table), name, dtype=object), yhat=last + change)
        for name, change in announced.items()
    ]
    return {name: part for part in (own, *others) for name in part.models()}


def sharded(tables, make_panel, cuts=()):
    """Each model's tally and symbols, from shards of symbols computed apart."""
    names = sorted(set(tables["m"].symbol.tolist()))
    tallies, symbols = {}, {}
    for name, table in tables.items():
        parts = np.split(np.array(names, dtype=object), sorted(cuts))
        panels = [(make_panel(table.where(np.isin(table.symbol, own))), sorted(own)) for own in parts if len(own)]
        tallies[name] = Tally.sum(Tally.of(panel) for panel, _ in panels)
        symbols[name] = SymbolStatistics.concat(symbol_statistics(panel, own) for panel, own in panels)
    return tallies, symbols


def assert_near(one, two, where=""):
    """Equal but for the rounding of sums taken in another order."""
    if isinstance(one, dict):
        assert one.keys() == two.keys(), where
        for name in one:
            assert_near(one[name], two[name], f"{where}.{name}")
    elif isinstance(one, list):
        assert len(one) == len(two), where
        for i, (left, right) in enumerate(zip(one, two, strict=True)):
            assert_near(left, right, f"{where}[{i}]")
    elif isinstance(one, float):
        assert two == pytest.approx(one, rel=1e-12, abs=1e-12, nan_ok=True), where
    else:
        assert one == two, where


def assert_same_verdicts(found, expected, without=()):
    """Equal in all that both have; the alarm's second look is a part of the sentence that takes rows."""
    assert [row.name for row in found.models] == [row.name for row in expected.models]
    shared = [field.name for field in fields(ModelRow) if field.name not in ROWS_ALONE]
    for own, other in zip(found.models, expected.models, strict=True):
        names = {name for name in shared if name != "sentence" or not other.rejudged} - {*without}
        assert_near(*({name: plain(getattr(row, name)) for name in names} for row in (own, other)), own.name)
    assert_near(plain(found.symbols), plain(expected.symbols), "symbols")
    assert_near(plain(found.contests), plain(expected.contests), "contests")


@pytest.mark.parametrize("cuts", [(), (3,), (1, 2, 6), (1, 2, 3, 4, 5, 6)])
@pytest.mark.parametrize("step", [1, 2])
@pytest.mark.parametrize("lang", ["en", "ko"])
def test_it_is_what_judge_says_of_the_rows(make_table, make_panel, cuts, step, lang):
    tables = market(make_table, step=step)
    tallies, symbols = sharded(tables, make_panel, cuts)
    expected = judge(Forecasts.concat(list(tables.values())), lang=lang)
    found = judge_tallies(tallies, symbols=symbols, lang=lang)
    assert_same_verdicts(found, expected)
    assert (len(found.table), found.lang, len(found.contests)) == (0, lang, 1)
    assert not any(row.rejudged for row in expected.models)
    assert {row.verdict for row in expected.models} > {"beats persistence", "worse than persistence"}


@few
@given(
    T=st.integers(25, 60), symbols=st.integers(1, 5), seed=st.integers(0, 999), signal=st.sampled_from([0.0, 0.1, 0.4]),
    cuts=st.sets(st.integers(1, 4)),
)  # fmt: skip
def test_whatever_the_split(make_table, make_panel, T, symbols, seed, signal, cuts):
    """Of one symbol the ratio is that of the price where there are rows, of e where there are none."""
    tables = market(make_table, symbols, seed, T=T, signal=signal)
    tallies, own = sharded(tables, make_panel, cuts)
    expected = judge(Forecasts.concat(list(tables.values())))
    alone = tallies["m"].symbols == 1
    assert_same_verdicts(judge_tallies(tallies, symbols=own), expected, ("rmse_ratio", "sentence") if alone else ())


def test_what_only_rows_tell_is_nan_with_a_reason(make_table, make_panel):
    row = judge_tallies(sharded(market(make_table), make_panel)[0]).models[0]
    assert np.isnan([row.rmse, row.mae, row.mape, row.pinball, row.mz.slope]).all()
    for name in ("rmse", "mae", "mape", "pinball", "mz"):
        assert "added up session by session" in row.reasons[name]
    assert "dm" not in row.reasons
    assert (row.shift, row.rejudged) == (None, ())


def test_symbols_and_contests_are_left_out_where_they_are_not_wanted(make_table, make_panel):
    tallies, symbols = sharded(market(make_table), make_panel)
    bare = judge_tallies(tallies, contests=False)
    assert (bare.symbols, bare.contests) == ((), ())
    assert "Symbol by symbol" not in bare.models[0].sentence
    some = judge_tallies(tallies, symbols={"m": symbols["m"]})
    assert {row.model for row in some.symbols} == {"m"}


def test_the_alarm_rings_without_a_second_look(make_table, make_panel):
    tallies, _ = sharded(market(make_table, signal=0.9), make_panel)
    sentence = judge_tallies(tallies).models[0].sentence
    assert sentence.endswith("look for a leak or a date off by one.")


def test_a_pooled_mean_is_a_constant_and_a_baseline(make_table, make_panel):
    """A model that gains by the market's drift alone is told so, by the name of the constant."""
    table = make_table(T=400, symbols=5, missing=0.0)
    rose = table.replace(y=table.y * 1.003)
    tables = {
        name: rose.replace(model=np.full(len(rose), name, dtype=object), yhat=rose.last_close * growth)
        for name, growth in (("m", 1.0029), ("pooled-mean", 1.003))
    }
    found = judge_tallies(sharded(tables, make_panel)[0])
    assert [row.kind for row in found.models] == ["recipe", "baseline"]
    assert found.models[0].verdict == "beats persistence"
    assert "no better than a constant drift" in found.models[0].sentence
    assert "pooled-mean has a skill of" in found.models[0].sentence


def test_rivals_are_tested_pair_by_pair(make_table, make_panel):
    tables = market(make_table)
    tallies, _ = sharded(tables, make_panel, (2, 4))
    rows = rival_rows(tallies)
    plainer = ["pooled-mean", "train-mean", "drift", "ridge"]
    assert [(row.model, row.rival) for row in rows] == [(name, rival) for name in ("m", "pull") for rival in plainer]
    for row in rows:
        own, other = make_panel(tables[row.model]), make_panel(tables[row.rival])
        expected = diebold_mariano(own.error, other.error, sessions=own.sessions)
        assert row.statistic == pytest.approx(expected.statistic, rel=1e-9)
        assert (row.pvalue_better, row.pvalue_worse) == pytest.approx((expected.below, expected.above), rel=1e-9)
        assert row.pvalue_better == pytest.approx(stats.t.cdf(row.statistic, row.n - 1))
        assert (row.skill, row.rival_skill) == pytest.approx(
            (skill(own.error, own.naive), skill(other.error, own.naive)), rel=1e-9, abs=1e-12
        )
    assert any(row.pvalue_better < 0.05 for row in rows)
    assert any(row.pvalue_worse < 0.05 for row in rows)
    assert judge_tallies(tallies).rivals == rows


def test_a_rivals_twin_cannot_be_tested(make_table, make_panel):
    table = make_table(T=50)
    tallies = {"m": Tally.of(make_panel(table)), "mine": Tally.of(make_panel(table))}
    (row,) = rival_rows(tallies, kinds={"mine": "baseline"})
    assert np.isnan([row.statistic, row.pvalue_better, row.pvalue_worse]).all()
    assert row.reasons["statistic"] == "its errors are those of mine"
    (row,) = rival_rows(tallies, kinds={"mine": "baseline"}, lang="ko")
    assert row.reasons["statistic"] == "오차가 mine의 오차와 같음"


def test_a_model_without_any_forecast_stands_beside_the_others(make_table, make_panel):
    table = make_table(T=60)
    failed = table.replace(model=np.full(len(table), "failed", dtype=object), yhat=np.full(len(table), np.nan))
    own, nothing = Tally.of(make_panel(table)), Tally.sum([])
    found = judge_tallies({"m": own, "failed": nothing})
    expected = judge(Forecasts.concat([table, failed]))
    assert found.rivals == ()
    assert [row.n for row in found.models] == [own.forecasts, 0]
    assert [row.verdict for row in found.models] == [row.verdict for row in expected.models]


def test_what_cannot_be_judged_together_is_refused(make_table, make_panel):
    table, far = make_table(T=60), make_table(T=60, step=2)
    one, two = Tally.of(make_panel(table)), Tally.of(make_panel(far))
    fewer = Tally.of(make_panel(table.where(table.symbol != "S1")))
    with pytest.raises(ForecastsError, match="no forecasts"):
        judge_tallies({})
    with pytest.raises(ForecastsError, match="different steps"):
        judge_tallies({"m": one, "n": two})
    with pytest.raises(ForecastsError, match="different steps"):
        judge_tallies({"m": one}, symbols={"m": symbol_statistics(make_panel(far), ("S0", "S1", "S2"))})
    with pytest.raises(ForecastsError, match=rf"'m' and 'n' .* \({one.forecasts} and {fewer.forecasts} of them\)"):
        judge_tallies({"m": one, "n": fewer})
