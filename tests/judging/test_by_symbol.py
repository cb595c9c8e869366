"""A market in one pass against each symbol alone, and the delta method's interval."""

from __future__ import annotations

from operator import attrgetter

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests

from nextclose.judging.by_symbol import by_symbol
from nextclose.judging.judge import judge
from nextclose.judging.tally import Tally
from nextclose.judging.wandering import upper_tail, wandering_series, wanders

DM, CW, N = attrgetter("dm.statistic"), attrgetter("cw.statistic"), attrgetter("n")


@pytest.mark.parametrize("step", [1, 3])
def test_rows_are_those_of_each_symbol_alone(make_table, step):
    table = make_table(T=60, symbols=4, step=step)
    for row in judge(table).symbols:
        (alone,) = judge(table.where(table.symbol == row.symbol)).models
        for name in ("n", "rmse", "mae", "skill", "directional_accuracy", "always_up"):
            assert getattr(row, name) == pytest.approx(getattr(alone, name), rel=1e-9)
        for name in ("dm", "cw"):
            own, other = getattr(row, name), getattr(alone, name)
            assert (own.statistic, own.pvalue) == pytest.approx((other.statistic, other.pvalue), rel=1e-9)
            assert (own.lag, own.n, own.null) == (other.lag, other.n, other.null)


def test_verdicts_rest_on_benjamini_and_hochberg(make_table):
    rows = judge(make_table(T=150, symbols=12, signal=0.035, missing=0.0)).symbols
    adjusted = multipletests([stats.t.cdf(row.dm.statistic, row.n - 1) for row in rows], method="fdr_bh")[1]
    seen = multipletests([row.cw.pvalue for row in rows], method="fdr_bh")[1] < 0.05
    gained = np.array([row.skill > 0.0 for row in rows])
    found = np.array([row.pvalue_adjusted for row in rows])
    np.testing.assert_allclose(found[gained], adjusted[gained], rtol=1e-8)
    assert [row.verdict == "beats persistence" for row in rows] == (gained & (adjusted < 0.05)).tolist()
    assert [row.information == "seen" for row in rows] == seen.tolist()
    assert 0 < seen.sum() < sum(row.cw.pvalue < 0.05 for row in rows)


def test_the_guard_is_each_symbols_own(make_table, make_panel):
    """A symbol whose announced change wanders is judged as it would be alone, whatever the others do."""
    calm, table = make_table(T=120, symbols=6, missing=0.0), make_table(T=120, symbols=6, missing=0.0)
    means = np.array([table.last_close[table.symbol == name].mean() for name in table.symbol])
    pulled = table.replace(yhat=table.last_close + 0.3 * (means - table.last_close))
    mixed = table.replace(yhat=np.where(table.symbol == "S1", pulled.yhat, calm.yhat))
    for made in (calm, pulled, mixed):
        panel = make_panel(made)
        order = panel.by_symbol
        starts = np.flatnonzero(np.diff(panel.symbol[order], prepend=-1))
        alone = [wanders(Tally.of(make_panel(made.where(made.symbol == name)))) for name in sorted(set(made.symbol))]
        assert wandering_series(panel.announced[order], starts).tolist() == alone
    assert alone == [False, True, False, False, False, False]


@pytest.mark.parametrize("pull", [0.05, -0.05])
def test_guarded_p_values_are_adjusted_too(make_table, make_panel, pull):
    """Every symbol is pulled towards its mean, or pushed away from it: where that wanders, the larger tail counts."""
    table = make_table(T=120, symbols=12, signal=0.0, missing=0.0)
    means = np.array([table.last_close[table.symbol == name].mean() for name in table.symbol])
    table = table.replace(yhat=table.last_close + pull * (means - table.last_close))
    rows = judge(table).symbols
    wander = np.array([wanders(Tally.of(make_panel(table.where(table.symbol == row.symbol)))) for row in rows])
    dm, cw, T = (np.array([value(row) for row in rows]) for value in (DM, CW, N))
    gains, seen = stats.t.cdf(dm, T - 1), stats.norm.sf(cw)
    better = multipletests(np.where(wander, np.maximum(gains, upper_tail(-dm)), gains), method="fdr_bh")[1]
    informed = multipletests(np.where(wander, np.maximum(seen, upper_tail(cw)), seen), method="fdr_bh")[1]
    worse = multipletests(stats.t.sf(dm, T - 1), method="fdr_bh")[1]
    gained = np.array([row.skill > 0.0 for row in rows])
    assert wander.sum() > 0
    np.testing.assert_allclose([row.pvalue_adjusted for row in rows], np.where(gained, better, worse), rtol=1e-8)
    assert [row.information == "seen" for row in rows] == (informed < 0.05).tolist()


@pytest.mark.parametrize("seed", [13, 36])
def test_a_walk_back_to_the_first_close_is_not_seen_as_information(make_table, seed):
    """Normal tails would believe one symbol of three."""
    table = make_table(T=120, symbols=3, seed=seed, signal=0.0, missing=0.0)
    first = np.array([table.last_close[table.symbol == name][0] for name in table.symbol])
    rows = judge(table.replace(yhat=table.last_close + 0.3 * (first - table.last_close))).symbols
    assert multipletests([row.cw.pvalue for row in rows], method="fdr_bh")[0].sum() == 1
    assert [row.information for row in rows] == ["not seen"] * 3


def test_the_guard_lets_true_information_through(make_table, make_panel):
    """Over forty sessions every announced change counts as wandering."""
    table = make_table(T=40, symbols=3, signal=0.6, missing=0.0)
    assert all(wanders(Tally.of(make_panel(table.where(table.symbol == name)))) for name in set(table.symbol))
    assert [row.information for row in judge(table).symbols] == ["seen"] * 3


def test_losing_symbols_are_adjusted_on_their_own_side(make_table):
    rows = judge(make_table(T=100, symbols=10, signal=0.0, noise=0.9, missing=0.0)).symbols
    worse = multipletests([stats.t.sf(row.dm.statistic, row.n - 1) for row in rows], method="fdr_bh")[1]
    lost = np.array([row.skill <= 0.0 for row in rows])
    np.testing.assert_allclose(np.array([row.pvalue_adjusted for row in rows])[lost], worse[lost], rtol=1e-8)
    told = [row.verdict == "worse than persistence" for row in rows]
    assert told == (lost & (worse < 0.05)).tolist()
    assert sum(told) > 0


def test_the_interval_is_the_delta_methods(make_panel):
    """var(a / b) = (var a - 2 r cov(a, b) + r^2 var b) / b^2 over T, r = a / b."""
    panel = make_panel(T=300, symbols=1)
    lost, base = panel.error**2, panel.naive**2
    r, covariance = lost.mean() / base.mean(), np.cov(lost, base, bias=True)
    variance = np.array([1.0, -r]) @ covariance @ np.array([1.0, -r]) / base.mean() ** 2 / 300
    (row,) = by_symbol(panel, ("S0",), "m", "en")
    assert (row.skill_lo, row.skill_hi) == pytest.approx(stats.norm.interval(0.9, 1.0 - r, np.sqrt(variance)), rel=1e-9)


def test_the_interval_is_near_a_bootstraps(make_panel):
    panel = make_panel(T=500, symbols=1)
    draws = np.random.default_rng(0).integers(0, 500, (2000, 500))
    skills = 1.0 - (panel.error**2)[draws].sum(axis=1) / (panel.naive**2)[draws].sum(axis=1)
    (row,) = by_symbol(panel, ("S0",), "m", "en")
    lo, hi = np.quantile(skills, [0.05, 0.95])
    assert (row.skill_lo, row.skill_hi) == pytest.approx((lo, hi), abs=0.1 * (hi - lo))
