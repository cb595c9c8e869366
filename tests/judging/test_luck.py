"""Luck's best skill: its level, what lifts it and what does not."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom

from nextclose.judging.bootstrap import RESAMPLES
from nextclose.judging.luck import SELDOM, Luck
from nextclose.judging.metrics import skill

SIGMA = 0.02


def change(T, rng):
    """Changes of a walk whose size wanders."""
    size = np.exp(0.3 * np.cumsum(rng.standard_normal(T)) / np.sqrt(T))
    return SIGMA * size * rng.standard_t(5, T)


def blind(naive, rng, scale):
    """Errors of a forecast that knows nothing: it adds noise to the last close."""
    return naive - scale * SIGMA * rng.standard_normal(len(naive))


def searched(naive, errors, **more):
    luck = Luck(len(naive), **more)
    for error in errors:
        luck.tried(error, naive, slice(0, len(naive)))
    return luck


def found(luck):
    return luck.best, luck.typical, luck.seldom, luck.pvalue


def test_one_world_by_hand():
    """Two sessions, so four worlds: e = 1, 2 and f = 1, 1, so a skill of (2 (+-1 +-2) - 2) / 5."""
    naive = np.array([1.0, 2.0])
    luck = searched(naive, [naive - 1.0])
    assert luck.best == pytest.approx(4 / 5)
    assert luck.typical == pytest.approx(0.0)
    assert luck.seldom == pytest.approx(4 / 5)
    assert luck.pvalue == pytest.approx(1 / 4, abs=5 * np.sqrt(0.25 * 0.75 / RESAMPLES))


@pytest.mark.parametrize(("T", "models"), [(40, 1), (60, 12), (100, 25)])
def test_luck_passes_its_seldom_level_one_time_in_twenty(T, models):
    """Of 400 searches among forecasts that know nothing; wild ones and timid ones among them."""
    rng = np.random.default_rng(models)
    times, passed, halved = 400, 0, 0
    for _ in range(times):
        naive = change(T, rng)
        luck = searched(naive, [blind(naive, rng, 10.0 ** rng.uniform(-2.0, -0.7)) for _ in range(models)])
        passed += luck.best > luck.seldom
        halved += luck.best > luck.typical
    low, high = binom.ppf([0.001, 0.999], times, SELDOM)
    assert low <= passed <= high
    low, high = binom.ppf([0.001, 0.999], times, 0.5)
    assert low <= halved <= high


def test_the_pvalue_is_even_where_nothing_is_known():
    rng = np.random.default_rng(5)
    pvalues = []
    for _ in range(300):
        naive = change(60, rng)
        pvalues.append(searched(naive, [blind(naive, rng, 0.1) for _ in range(10)]).pvalue)
    for level in (0.05, 0.2, 0.4):
        low, high = binom.ppf([0.001, 0.999], 300, level)
        assert low <= np.count_nonzero(np.array(pvalues) <= level) <= high


def test_what_is_known_is_not_luck():
    rng = np.random.default_rng(1)
    naive = change(250, rng)
    luck = searched(naive, [*(blind(naive, rng, 0.1) for _ in range(50)), 0.8 * naive])
    assert luck.best == pytest.approx(skill(0.8 * naive, naive))
    assert luck.best > luck.seldom
    assert luck.pvalue == pytest.approx(1 / (1 + RESAMPLES))


def test_tries_alike_give_luck_less():
    rng = np.random.default_rng(2)
    naive = change(250, rng)
    shared = blind(naive, rng, 0.05)
    alike = searched(naive, [shared + 0.005 * SIGMA * rng.standard_normal(250) for _ in range(100)])
    apart = searched(naive, [blind(naive, rng, 0.05) for _ in range(100)])
    once = searched(naive, [shared])
    assert once.seldom < alike.seldom < 0.6 * apart.seldom
    assert once.typical <= alike.typical < 0.3 * apart.typical


def wild_day(naive):
    """Off by the whole price on one day, on the wrong side of it."""
    added = np.zeros_like(naive)
    added[7] = -np.sign(naive[7])
    return naive - added


@pytest.mark.parametrize(
    "terrible",
    [
        pytest.param(lambda naive: naive - 0.3, id="far off"),
        pytest.param(lambda naive: naive - 5 * SIGMA * np.random.default_rng(3).standard_t(2, len(naive)), id="wide"),
        pytest.param(wild_day, id="one wild day"),
        pytest.param(lambda naive: np.full_like(naive, 1e200), id="overflow"),
        pytest.param(lambda naive: np.full_like(naive, np.inf), id="infinite"),
        pytest.param(lambda naive: np.full_like(naive, np.nan), id="nan"),
    ],
)
def test_one_terrible_net_changes_nothing_but_the_count(terrible):
    rng = np.random.default_rng(4)
    naive = change(100, rng)
    errors = [blind(naive, rng, 0.1) for _ in range(5)]
    before, after = searched(naive, errors), searched(naive, [*errors, terrible(naive)])
    assert found(after) == found(before)
    assert (before.count, after.count) == (5, 6)


def test_the_order_of_tries_does_not_matter():
    rng = np.random.default_rng(6)
    naive = change(80, rng)
    errors = [blind(naive, rng, 0.1) for _ in range(20)]
    assert found(searched(naive, errors)) == found(searched(naive, errors[::-1]))


def test_searches_that_unite_are_one_search():
    """Exactly, whichever takes in the other, however often, and tries that both made count once."""
    rng = np.random.default_rng(13)
    naive = change(80, rng)
    errors = [blind(naive, rng, 0.05) for _ in range(30)]
    whole, one, other = searched(naive, errors), searched(naive, errors[:20]), searched(naive, errors[10:])
    told = one.searched
    for _ in range(2):
        one.unite(other.searched)
    other.unite(told)
    assert found(one) == found(other) == found(whole)
    assert one.count == other.count == whole.count == 30
    one.tried(errors[25], naive, slice(0, 80))
    assert one.count == 30


def test_what_was_searched_does_not_change_when_the_search_goes_on():
    rng = np.random.default_rng(14)
    naive = change(80, rng)
    luck = searched(naive, [blind(naive, rng, 0.05)])
    told = luck.searched
    drawn = told.drawn.copy()
    luck.tried(0.8 * naive, naive, slice(0, 80))
    np.testing.assert_array_equal(told.drawn, drawn)
    assert (len(told.seen), luck.count) == (1, 2)


def test_persistence_is_zero():
    naive = change(80, np.random.default_rng(7))
    luck = searched(naive, [naive])
    assert found(luck) == (0.0, 0.0, 0.0, 1.0)
    assert luck.count == 1


def test_nothing_tried_is_nothing_found():
    luck = Luck(10)
    assert (luck.count, *found(luck)) == (0, 0.0, 0.0, 0.0, 1.0)


def test_forecasts_tried_twice_count_once():
    rng = np.random.default_rng(8)
    naive = change(80, rng)
    one, other = blind(naive, rng, 0.1), blind(naive, rng, 0.1)
    assert found(searched(naive, [one, other, one.copy()])) == found(searched(naive, [one, other]))
    assert searched(naive, [one, other, one.copy()]).count == 2


@pytest.mark.parametrize("start", [0, 30])
def test_spans_that_share_sessions_share_their_coins(start):
    """The same forecast judged from its second session on is nearly the same try; on other sessions it is another."""
    rng = np.random.default_rng(9)
    naive = change(80, rng)
    error = blind(naive, rng, 0.05)
    luck = Luck(200)
    luck.tried(error, naive, slice(0, 80))
    alone = luck.seldom
    luck.tried(error[1:], naive[1:], np.arange(1, 80) if start == 0 else np.arange(101, 180))
    assert (luck.seldom < 1.1 * alone) == (start == 0)
    assert luck.count == 2


def test_a_slice_and_its_numbers_are_the_same_sessions():
    rng = np.random.default_rng(10)
    naive = change(40, rng)
    error = blind(naive, rng, 0.1)
    one, other = Luck(100), Luck(100)
    one.tried(error, naive, slice(60, 100))
    other.tried(error, naive, np.arange(60, 100))
    assert found(one) == found(other)


def test_many_sessions_are_summed_as_one():
    rng = np.random.default_rng(12)
    naive = change(700, rng)
    error = blind(naive, rng, 0.05)
    luck, added = searched(naive, [error]), naive - error
    coins = luck._coins.astype(float)
    drawn = (2.0 * (naive * added) @ coins - added @ added) / (naive @ naive)
    assert luck.seldom == pytest.approx(np.quantile(np.maximum(drawn, 0.0), 1.0 - SELDOM), rel=1e-12)


@pytest.mark.parametrize("T", [0, 1])
def test_too_few_sessions_lift_nothing(T):
    luck = Luck(5)
    luck.tried(np.full(T, 0.01), np.full(T, 0.02), slice(0, T))
    assert (luck.count, luck.seldom, luck.best) == (1, 0.0, 0.0)


def test_a_price_that_never_moves_lifts_nothing():
    luck = Luck(5)
    luck.tried(np.full(5, 0.01), np.zeros(5), slice(0, 5))
    assert found(luck) == (0.0, 0.0, 0.0, 1.0)


def test_coins_are_their_seeds():
    rng = np.random.default_rng(11)
    naive = change(60, rng)
    errors = [blind(naive, rng, 0.1) for _ in range(5)]
    assert searched(naive, errors).seldom == searched(naive, errors).seldom
    assert searched(naive, errors).seldom != searched(naive, errors, seed=1).seldom
