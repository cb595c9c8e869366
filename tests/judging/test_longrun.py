"""Long-run variances against sums written out."""

from __future__ import annotations

import numpy as np
import pytest

from nextclose.judging.longrun import long_run_variance, long_run_variances


def written_out(d, lag):
    T, c = len(d), d - sum(d) / len(d)
    gamma = [sum(c[t] * c[t - k] for t in range(k, T)) / T for k in range(lag + 1)]
    full = gamma[0] + 2.0 * sum(gamma[1:])
    return full if full > 0.0 else gamma[0] + 2.0 * sum((1 - k / (lag + 1)) * gamma[k] for k in range(1, lag + 1))


@pytest.mark.parametrize("lag", [0, 1, 4])
def test_many_series_are_each_alone(lag):
    rng = np.random.default_rng(lag)
    series = [rng.standard_normal(n).cumsum() * 10.0**scale for scale, n in enumerate([12, 5, 30, 2, 7])]
    series.append(np.array([1.0, -1.0] * 9))
    starts = np.cumsum([0, *map(len, series[:-1])])
    got = long_run_variances(np.concatenate(series), starts, lag)
    np.testing.assert_allclose(got, [written_out(d, lag) for d in series], rtol=1e-9)
    np.testing.assert_allclose(got, [long_run_variance(d, lag) for d in series], rtol=1e-9)


def test_a_series_that_never_varies_has_none():
    assert long_run_variance(np.full(9, 3.0), 2) == 0.0
