"""Features: what is known of each session at its close, one column a name.

Beside the bar's own columns and what is computed from them, every further column of numbers that the bars hold is a
feature. Whether such a column was known at the close, only whoever made it can say.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from nextclose.bars.bars import Bars
from nextclose.bars.headers import same_name
from nextclose.core.errors import BarsError
from nextclose.core.settings import FEATURES
from nextclose.core.suggest import did_you_mean
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
    "adj_close": lambda bars: bars.close if bars.adj_close is None else bars.adj_close,
}

RELATIVE_TO_CLOSE = frozenset({"open", "high", "low", "close"})
"""Features in the unit of the price."""


def own_columns(names: Sequence[str]) -> list[str]:
    """The features that are columns of the user's own."""
    return [name for name in names if name not in FEATURES]


def feature_matrix(bars: Bars, names: Sequence[str]) -> Float64s:
    """One row a bar, one column a feature, (N, F); row t depends on bars 0..t only.

    A column that begins later than the bars is NaN until then, and never again.

    Raises
    ------
    BarsError : a column that these bars do not have, or one with gaps.
    """
    return np.stack([_COLUMNS[name](bars) if name in _COLUMNS else _own(bars, name) for name in names], axis=1)


def _own(bars: Bars, name: str) -> Float64s:
    """A column of the user's own: numbers from some bar on, without gaps."""
    column = bars.extra.get(name)
    if column is None:
        column = bars.extra[_spelled(bars, name)]
    bad = np.isinf(column) | (np.isnan(column) & (np.cumsum(np.isfinite(column)) > 0))
    if np.isnan(column).all():
        raise BarsError(
            "{symbol}: the column '{name}' holds no number. Leave it out of the features.",
            symbol=bars.symbol,
            name=name,
        )
    if bad.any():
        raise BarsError(
            "{symbol}: the column '{name}' holds no finite number in {count} of {rows} bars, the first on {date}. Only the "
            "bars before its first number may lack one. Fill the gaps with what was known at those closes (such as the "
            "value before), or leave the column out of the features.",
            symbol=bars.symbol,
            name=name,
            count=int(bad.sum()),
            rows=len(bars),
            date=bars.dates[int(bad.argmax())],
        )
    return column


def _spelled(bars: Bars, name: str) -> str:
    """How the bars spell a column. Raises BarsError where they have none of that name, or several."""
    same = [known for known in bars.extra if same_name(known) == same_name(name)]
    if len(same) == 1:
        return same[0]
    known = (*FEATURES, *bars.extra)
    raise BarsError(
        "features: the bars of {symbol} have no column of numbers '{name}'.{hint} They have {known}. Columns of text or "
        "dates cannot be features.",
        symbol=bars.symbol,
        name=name,
        hint=did_you_mean(name, known),
        known=", ".join(known),
    )
