"""Re-dated forecasts against a plain loop."""

from __future__ import annotations

import numpy as np
import pytest

from nextclose.judging.metrics import skill
from nextclose.judging.shifts import rejudge


def by_loop(panel, shift):
    lost = base = n = 0
    for number in np.unique(panel.symbol):
        rows = panel.rows.where(panel.symbol == number)
        for i in range(len(rows)):
            j = i + shift
            if not 0 <= j < len(rows) or rows.origin[max(i, j)] != rows.target_date[min(i, j)]:
                continue
            n += 1
            lost += ((rows.y[j] - rows.yhat[i]) / rows.last_close[j]) ** 2
            base += (rows.y[j] / rows.last_close[j] - 1.0) ** 2
    return n, 1.0 - lost / base


@pytest.mark.parametrize(("symbols", "missing"), [(1, 0.0), (3, 0.0), (3, 0.15)])
def test_shifted_skill_is_a_plain_loops(make_panel, symbols, missing):
    panel = make_panel(T=100, symbols=symbols, missing=missing)
    for found in rejudge(panel):
        n, expected = by_loop(panel, found.shift)
        assert found.n == n < len(panel)
        assert found.skill == pytest.approx(expected, rel=1e-10)


def test_a_forecast_dated_early_is_perfect_one_session_later(make_panel, make_table):
    table = make_table(T=60, symbols=1)
    ahead = make_panel(table.replace(yhat=np.append(table.y[1:], table.y[-1])))
    earlier, later = rejudge(ahead)
    assert (earlier.shift, later.shift) == (-1, 1)
    assert later.skill == pytest.approx(1.0)
    assert max(earlier.skill, skill(ahead.error, ahead.naive)) < 0.2
