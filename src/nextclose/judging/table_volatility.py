"""The volatility that a table of forecasts knows by itself: an EWMA over its own last closes, a symbol at a time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nextclose.core.types import Float64s, Ints
from nextclose.judging.panel import Panel
from nextclose.windows.volatility import DECAY, FLOOR

NEGLIGIBLE = 1e-17
"""A weight that changes no float64."""


@dataclass(frozen=True, kw_only=True, eq=False)
class TableVolatility:
    """Of each row of a panel, as known at its origin."""

    sigma: Float64s
    """(n,) standard deviation of the log return of `step` sessions; NaN without any earlier return."""
    returns: Ints
    """(n,) daily returns that it rests on."""


def table_volatility(panel: Panel, decay: float = DECAY) -> TableVolatility:
    """sigma_t^2 = step * sum_i decay^i r_{t-i}^2 / sum_i decay^i, r the log change from one last close to the next.

    The origin's own close is the latest that enters. Where a one-step row is not for the session after that of the row
    before it, the change between their last closes spans several sessions and is left out. Not below `FLOOR` a day.
    """
    order, follows = panel.by_symbol, panel.follows
    last = panel.rows.last_close[order]
    squares = np.zeros(len(last))
    squares[1:] = np.diff(np.log(last)) ** 2
    first = np.flatnonzero(~panel.within)
    place = np.arange(len(last)) - np.repeat(first, np.diff(first, append=len(last)))
    known = follows.astype(np.float64)
    weighted, weight = (decayed_sums(values, place, decay) for values in (np.where(follows, squares, 0.0), known))
    counts = np.cumsum(follows)
    seen = counts - counts[np.arange(len(last)) - place]
    daily = np.full(len(last), np.nan)
    np.divide(weighted, weight, where=seen > 0, out=daily)
    sigma, returns = np.empty(len(last)), np.empty(len(last), dtype=np.int64)
    sigma[order] = np.maximum(np.sqrt(daily), FLOOR) * np.sqrt(panel.step)
    returns[order] = seen
    return TableVolatility(sigma=sigma, returns=returns)


def decayed_sums(values: Float64s, place: Ints, decay: float) -> Float64s:
    """sum_i decay^i values[t - i] within each series, (n,); `place` (n,) counts a series' rows from 0.

    By doubling: after k passes each sum holds its latest 2^k terms.
    """
    sums, shift = values.copy(), 1
    while shift <= place.max(initial=0) and decay**shift > NEGLIGIBLE:
        earlier = np.zeros(len(sums))
        earlier[shift:] = sums[:-shift]
        sums = sums + decay**shift * np.where(place >= shift, earlier, 0.0)
        shift *= 2
    return sums
