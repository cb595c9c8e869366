import numpy as np
import pytest

from nextclose.windows.volatility import _decaying_mean, ewma_volatility, range_volatility, volatilities


@pytest.mark.parametrize("n", [1, 2, 3, 16, 17, 300])
def test_means_are_those_of_the_plain_recursion_to_the_last_bit(n):
    values, weighted, weight, means = np.random.default_rng(n).random(n), 0.0, 0.0, []
    for value in values.tolist():
        weighted, weight = 0.94 * weighted + value, 0.94 * weight + 1.0
        means.append(weighted / weight)
    assert _decaying_mean(values, 0.94).tolist() == means


def test_bars_have_their_volatilities_computed_once(bars):
    close, ranges = volatilities(bars)
    assert np.array_equal(close, ewma_volatility(bars.close))
    assert np.array_equal(ranges, range_volatility(bars.high, bars.low, bars.close))
    assert volatilities(bars)[0] is close
    assert volatilities(bars[:])[0] is not close
    with pytest.raises(ValueError, match="read-only"):
        close[0] = 1.0
