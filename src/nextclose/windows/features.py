"""Features: what is known of each session at its close, one column a name."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from nextclose.bars.bars import Bars
from nextclose.core.errors import BarsError
from nextclose.core.types import Float64s


def _change(bars: Bars) -> Float64s:
    """close / previous close - 1; NaN at the first bar, which has no previous one."""
    change = np.full(len(bars), np.nan)
    change[1:] = bars.close[1:] / bars.close[:-1] - 1.0
    return change


def _volume(bars: Bars) -> Float64s:
    if np.isnan(bars.volume).any():
        raise BarsError(
            "the feature 'volume' needs a volume for every bar, but {symbol} has none for {count} of {rows}. "
            "Leave volume out of the features, or use bars that carry it.",
            symbol=bars.symbol,
            count=int(np.isnan(bars.volume).sum()),
            rows=len(bars),
        )
    return bars.volume


_COLUMNS: dict[str, Callable[[Bars], Float64s]] = {
    "open": lambda bars: bars.open,
    "high": lambda bars: bars.high,
    "low": lambda bars: bars.low,
    "close": lambda bars: bars.close,
    "volume": _volume,
    "change": _change,
}

RELATIVE_TO_CLOSE = frozenset({"open", "high", "low", "close"})
"""Features in the unit of the price."""


def feature_matrix(bars: Bars, names: Sequence[str]) -> Float64s:
    """One row a bar, one column a feature, (N, F); row t depends on bars 0..t only."""
    return np.stack([_COLUMNS[name](bars) for name in names], axis=1)
