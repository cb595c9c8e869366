"""The model confidence set and the test of superior predictive ability, against `arch`."""

from __future__ import annotations

import numpy as np
import pytest
from arch.bootstrap import MCS, SPA

from nextclose.core.forecasts import Forecasts
from nextclose.judging.bootstrap import block_length, resampled_sums
from nextclose.judging.contest import confidence_set, superior_ability
from nextclose.judging.judge import judge

SHAPES = [(250, 4), (100, 12), (37, 3)]


def losses(T, M, gain=0.0):
    rng = np.random.default_rng(T + M)
    base = rng.standard_normal(T) ** 2
    return base[:, None] + rng.standard_normal((T, M)) * 0.5 + 0.02 * np.arange(M) - gain, base


def arguments(T):
    return {"block_size": block_length(T), "reps": 1000, "bootstrap": "circular", "seed": 0}


@pytest.mark.parametrize(("T", "M"), SHAPES)
def test_the_confidence_set_is_archs_p_by_p(T, M):
    table, _ = losses(T, M)
    reference = MCS(table, 0.1, **arguments(T))
    reference.compute()
    np.testing.assert_allclose(confidence_set(table), reference.pvalues["Pvalue"].sort_index(), atol=1e-12)


@pytest.mark.parametrize(("T", "M"), SHAPES)
@pytest.mark.parametrize("gain", [0.05, 0.1])
def test_superior_ability_is_archs_at_equal_scales(T, M, gain):
    """arch does not studentise, so every gain is divided by its standard error first."""
    table, base = losses(T, M, gain)
    gains = base[:, None] - table
    means = resampled_sums(gains) / T
    gains /= np.sqrt(np.mean((means - gains.mean(axis=0)) ** 2, axis=0))
    reference = SPA(np.zeros(T), -gains, **arguments(T))
    reference.compute()
    found = superior_ability(table, base)
    assert found.statistic > 0.0
    assert found.statistic == pytest.approx(gains.mean(axis=0).max())
    expected = [reference.pvalues[name] for name in ("lower", "consistent", "upper")]
    np.testing.assert_allclose([found.lower, found.consistent, found.upper], expected, atol=1e-12)


def test_where_no_model_gains_nothing_is_believed():
    table, base = losses(250, 4, gain=-1.0)
    found = superior_ability(table, base)
    assert (found.statistic, found.lower, found.consistent, found.upper) == (0.0, 1.0, 1.0, 1.0)


def test_resamples_are_sums_of_circular_blocks():
    values = np.random.default_rng(3).standard_normal((20, 2))
    starts = np.random.Generator(np.random.PCG64(0)).integers(0, 20, (1000, 7))
    rows = np.array([[(start + k) % 20 for start in own for k in range(3)][:20] for own in starts.tolist()])
    np.testing.assert_allclose(resampled_sums(values), values[rows].sum(axis=1), atol=1e-12)


def test_a_sentence_names_few_members_and_says_where_there_is_no_set():
    sessions = np.busday_offset("2024-01-01", np.arange(41))
    close = 100.0 + np.cumsum(np.random.default_rng(0).standard_normal(41))

    def told(models):
        parts = [
            Forecasts.make(
                {"symbol": "A", "model": f"m{i}", "origin": sessions[:-1], "target_date": sessions[1:],
                 "yhat": close[:-1] + 0.01 * np.random.default_rng(i).standard_normal(40), "last_close": close[:-1],
                 "y": close[1:]}
            )
            for i in range(models)
        ]  # fmt: skip
        return judge(Forecasts.concat(parts)).contests[0]

    many = told(20)
    assert f"any of {len(many.confidence_set)}, such as persistence, m0" in many.sentence
    assert "m19" not in many.sentence
    assert "more than 100 models" in told(101).sentence


def panel_of_models(make_table, T, symbols, models=4):
    first = make_table(T=T, symbols=symbols, signal=0.1)
    parts = [first]
    for i in range(1, models):
        noise = 0.004 * i * np.random.default_rng(i).standard_normal(len(first))
        name = np.full(len(first), f"m{i}", dtype=object)
        parts.append(first.replace(model=name, yhat=first.yhat + first.last_close * noise))
    return parts


def test_a_panels_losses_are_means_over_the_symbols_of_a_session(make_table):
    """Sessions hold one to three symbols here: each counts once."""
    parts = panel_of_models(make_table, 120, 3)
    days = np.unique(parts[0].target_date)
    naive = parts[0].y / parts[0].last_close - 1.0

    def by_day(error):
        return np.array([np.mean(error[parts[0].target_date == day] ** 2) for day in days])

    table = np.column_stack([by_day(part.error) for part in parts])
    base = by_day(naive)
    (found,) = judge(Forecasts.concat(parts)).contests
    expected = superior_ability(table, base)
    assert (found.spa.statistic, found.spa.pvalue) == pytest.approx((expected.statistic, expected.consistent))
    assert found.spa.n == len(days)
    leaving = confidence_set(np.column_stack([base, table]))
    np.testing.assert_allclose(list(found.pvalues.values()), leaving, atol=1e-12)


def test_the_set_holds_what_leaves_above_one_in_ten(make_table):
    for signal in np.linspace(0.0, 0.3, 16):
        first = make_table(T=120, symbols=1, signal=signal)
        noisy = first.replace(model=np.full(120, "noisy", dtype=object), yhat=first.yhat + 0.2)
        (found,) = judge(Forecasts.concat([first, noisy])).contests
        assert set(found.confidence_set) == {name for name, p in found.pvalues.items() if p > 0.1}
        if any(0.05 <= p <= 0.1 for p in found.pvalues.values()):
            return
    pytest.fail("no model left between 0.05 and 0.1")


@pytest.mark.parametrize(("T", "settled"), [(29, 0), (30, 1)])
def test_thirty_sessions_are_needed_and_not_thirty_forecasts(make_table, T, settled):
    parts = panel_of_models(make_table, T, 4, models=2)
    assert len(np.unique(parts[0].target_date)) == T
    assert len(judge(Forecasts.concat(parts)).contests) == settled


def test_the_sentence_does_not_contradict_the_verdicts():
    from nextclose.judging.contest import _sentence

    said = [" ".join(text.render("en") for text in _sentence(*asked)) for asked in (
        (2, 0.01, ["a", "b"], True), (2, 0.01, ["a", "b"], False), (2, 0.5, ["a", "b"], False), (1, 0.01, ["a"], False),
    )]  # fmt: skip
    assert "at least one beats persistence" in said[0]
    assert "yet no verdict above does" in said[1]
    assert "none is shown to beat persistence" in said[2]
    assert "SPA" not in said[3]
