"""Adjustments against statsmodels and against the example of Benjamini & Hochberg 1995."""

from __future__ import annotations

import numpy as np
import pytest
from statsmodels.stats.multitest import multipletests

from nextclose.judging.multiple import benjamini_hochberg, holm

MYOCARDIAL = np.array(
    [
        0.0001,
        0.0004,
        0.0019,
        0.0095,
        0.0201,
        0.0278,
        0.0298,
        0.0344,
        0.0459,
        0.3240,
        0.4262,
        0.5719,
        0.6528,
        0.7590,
        1.0,
    ]
)
"""Section 3.2 of the paper: fifteen comparisons of two treatments of myocardial infarction."""
METHODS = [("holm", holm), ("fdr_bh", benjamini_hochberg)]


def test_the_papers_example():
    assert np.count_nonzero(benjamini_hochberg(MYOCARDIAL) <= 0.05) == 4
    assert np.count_nonzero(np.array(holm(MYOCARDIAL)) <= 0.05) == 3
    assert benjamini_hochberg(MYOCARDIAL)[3] == pytest.approx(15 * 0.0095 / 4)


def test_holm_by_hand():
    """Four p-values times 4, 3, 2 and 1, the third no smaller than the second."""
    np.testing.assert_allclose(holm([0.01, 0.04, 0.03, 0.005]), [0.03, 0.06, 0.06, 0.02])
    assert holm([0.5, 0.9]) == (1.0, 1.0)
    adjusted = holm([0.01, float("nan"), 0.02])
    np.testing.assert_allclose(adjusted, [0.02, np.nan, 0.02])
    assert holm([]) == ()


@pytest.mark.parametrize(("name", "adjust"), METHODS)
@pytest.mark.parametrize("m", [1, 2, 40])
def test_adjustments_are_statsmodels(name, adjust, m):
    pvalues = np.random.default_rng(m).random(m) ** 4
    pvalues[m // 2 :] = np.round(pvalues[m // 2 :], 1)
    np.testing.assert_allclose(adjust(pvalues), multipletests(pvalues, method=name)[1], rtol=1e-12, atol=1e-300)


@pytest.mark.parametrize(("name", "adjust"), METHODS)
def test_an_unknown_p_is_no_test(name, adjust):
    holed = np.insert(MYOCARDIAL, [0, 7, 15], np.nan)
    known = np.isfinite(holed)
    np.testing.assert_array_equal(np.array(adjust(holed))[known], adjust(MYOCARDIAL))
    assert np.isnan(np.array(adjust(holed))[~known]).all()
