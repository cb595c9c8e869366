from __future__ import annotations

import pytest

from nextclose.report.words import DASH, change, percent, price, pvalue, signed

NAN = float("nan")


def test_prices_have_the_decimals_that_a_screen_shows():
    shown = [price(value) for value in (71_700.0, 430.47, 0.5, NAN, None)]
    assert shown == ["71,700", "430.47", "0.5000", DASH, DASH]


def test_other_numbers():
    assert [signed(value) for value in (0.0012, -976.2, float("inf"))] == ["+0.001", "-976", DASH]
    assert [pvalue(value) for value in (0.0004, 0.05, NAN)] == ["< 0.001", "0.050", DASH]
    assert [percent(value) for value in (0.5449, NAN)] == ["54.5 %", DASH]


@pytest.mark.parametrize(("after", "shown"), [(101.0, "+1.00 %"), (99.5, "-0.50 %"), (NAN, DASH)])
def test_a_change_is_relative(after, shown):
    assert change(after, 100.0) == shown
