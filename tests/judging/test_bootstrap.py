"""The circular block bootstrap, block by block."""

from __future__ import annotations

import numpy as np
import pytest
from arch.bootstrap import CircularBlockBootstrap

from nextclose.judging.bootstrap import RESAMPLES, block_length, resampled_sums, skill_interval
from nextclose.judging.metrics import skill


def losses(T):
    return np.random.default_rng(T).standard_normal((2, T)) ** 2


@pytest.mark.parametrize(("T", "block"), [(1, 1), (2, 1), (4, 2), (27, 3), (250, 6), (1000, 10)])
def test_a_block_is_the_cube_root(T, block):
    assert block_length(T) == block


@pytest.mark.parametrize("T", [2, 5, 27, 61, 250])
def test_the_skill_interval_is_that_of_blocks_drawn_one_by_one(T):
    lost, base = losses(T)
    block = block_length(T)
    starts = np.random.Generator(np.random.PCG64(3)).integers(0, T, (RESAMPLES, -(-T // block)))
    skills = []
    for row in starts:
        sessions = np.concatenate([np.arange(start, start + block) for start in row])[:T] % T
        skills.append(1.0 - lost[sessions].sum() / base[sessions].sum())
    assert skill_interval(lost, base, seed=3) == pytest.approx(np.quantile(skills, [0.05, 0.95]))


@pytest.mark.parametrize("T", [37, 250])
def test_the_skill_interval_is_archs(T):
    """Its percentile interval of the same statistic; it draws the same blocks from the same seed."""
    lost, base = losses(T)
    reference = CircularBlockBootstrap(block_length(T), lost, base, seed=np.random.default_rng(5))
    expected = reference.conf_int(
        lambda model, naive: np.array([1.0 - model.sum() / naive.sum()]), RESAMPLES, method="percentile", size=0.9
    )
    assert skill_interval(lost, base, seed=5) == pytest.approx(expected.ravel().tolist(), rel=1e-9)


def test_the_skill_interval_holds_the_skill_and_is_its_seeds(make_panel):
    panel = make_panel(T=250, symbols=1)
    lost, base = panel.error**2, panel.naive**2
    lo, hi = skill_interval(lost, base)
    assert lo < skill(panel.error, panel.naive) < hi
    assert (lo, hi) == skill_interval(lost, base)
    assert (lo, hi) != skill_interval(lost, base, seed=1)


def test_resamples_hold_as_many_sessions_as_there_are():
    for T in (1, 2, 20, 27, 28):
        np.testing.assert_array_equal(resampled_sums(np.ones((T, 2))), np.full((RESAMPLES, 2), float(T)))


def test_every_session_is_drawn_as_often():
    drawn = resampled_sums(np.eye(20)).mean(axis=0)
    np.testing.assert_allclose(drawn, 1.0, atol=5.0 * np.sqrt(3.0 / RESAMPLES))


def test_resamples_without_an_error_of_persistence_are_left_out():
    """One session of nine moved: a resample without it has no skill, and the others have the same."""
    base = np.zeros(9)
    base[4] = 2.0
    assert (resampled_sums(base[:, None]) == 0.0).any()
    assert skill_interval(0.25 * base, base) == (0.75, 0.75)


def test_an_interval_that_is_not_known_is_nan():
    assert np.isnan(skill_interval(np.ones(1), np.ones(1))).all()
    assert np.isnan(skill_interval(np.ones(9), np.zeros(9))).all()
