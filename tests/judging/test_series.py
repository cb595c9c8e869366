from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest

from nextclose.core.results import Statistic
from nextclose.judging.series import follows, judge_one_step, judge_rollout

VALUES = np.array([0.0, 1.0, 3.0, 2.0, -1.0, -2.0, 0.5])
"""Seven points; windows of two leave five ahead."""


def test_one_step_errors_are_those_of_the_mean_of_the_seeds():
    one_step = np.stack([VALUES[2:] + 0.5, VALUES[2:] - 0.1])
    own, persistence, mean = judge_one_step("net", VALUES, one_step, "en")
    assert (own.rmse, own.mae) == pytest.approx((0.2, 0.2))
    assert own.rmse_by_seed == pytest.approx((0.5, 0.1))
    naive = np.sqrt(np.mean(np.diff(VALUES)[1:] ** 2))
    assert persistence.rmse == pytest.approx(naive)
    assert (persistence.rmse_ratio, persistence.skill) == (1.0, 0.0)
    assert own.skill == pytest.approx(1.0 - (0.2 / naive) ** 2)
    assert mean.rmse == pytest.approx(np.sqrt(np.mean((VALUES[2:] - 0.5) ** 2)))
    assert [row.kind for row in (own, persistence, mean)] == ["recipe", "baseline", "baseline"]


def test_what_is_null_has_a_reason():
    for row in judge_one_step("net", VALUES, VALUES[None, 2:], "en"):
        for field in fields(row):
            value = getattr(row, field.name)
            if isinstance(value, Statistic):
                value = value.pvalue
            if value is None or (isinstance(value, float) and np.isnan(value)):
                assert row.reasons[field.name], field.name
        assert row.verdict is None
        assert "trained on" in row.reasons["verdict"]


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (0.0, "has learned the step on these points"),
        (1.6, "little more than to repeat"),
        (9.0, "has not learned the step"),
    ],
)
def test_the_sentence_says_what_the_ratio_means(error, said):
    own = judge_one_step("net", VALUES, VALUES[None, 2:] + error, "en")[0]
    assert said in own.sentence
    assert own.sentence.startswith("In sample, one step ahead, net has")


def test_a_net_follows_until_its_error_first_exceeds_the_threshold():
    assert follows(np.array([0.0, -1.0, 1.1, 0.0]), 1.0) == 2
    assert follows(np.array([2.0, 0.0]), 1.0) == 0
    assert follows(np.array([1.0, -1.0]), 1.0) == 2


def test_a_rollout_stands_beside_the_last_value_and_the_mean():
    rolled = np.stack([VALUES[2:] + np.array([0.0, 0.0, 0.0, 4.0, 0.0]), VALUES[2:]])
    found = judge_rollout("net", VALUES, rolled, "en")
    assert (found.steps, found.threshold) == (5, pytest.approx(VALUES.std()))
    assert found.own.follows_steps_by_seed == (3, 5)
    assert found.own.follows_steps == 3
    assert found.own.rmse == pytest.approx(np.sqrt(4.0 / 5))
    _, held, mean = found.models
    assert held.mae == pytest.approx(np.mean(np.abs(VALUES[2:] - 1.0)))
    assert mean.rmse == pytest.approx(np.sqrt(np.mean((VALUES[2:] - 0.5) ** 2)))
    assert (held.follows_steps, mean.follows_steps) == (0, 0)
    assert "net follows the series for 3 of 5 steps" in found.sentence
    assert "rest" not in found.sentence


def test_a_rollout_that_never_errs_or_stops_moving_is_called_so():
    assert "over all 5 steps" in judge_rollout("net", VALUES, VALUES[None, 2:], "en").sentence
    still = judge_rollout("net", VALUES, np.array([[3.0, 2.0, 1.25, 1.25, 1.25]]), "en")
    assert still.sentence.endswith("It comes to rest at 1.25.")
    assert judge_rollout("net", VALUES, VALUES[None, 2:], "ko").sentence.startswith("혼자서")
