"""The plainer forecasts beside forecasts that somebody else made."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from nextclose.bars.bars import Bars
from nextclose.baselines import BASELINES, make_baseline
from nextclose.core.forecasts import Forecasts
from nextclose.judging.keys import encode, groups
from nextclose.windows.windows import sliding

SEQ_LEN = 4
"""Sessions that ridge looks back over; ar takes one return fewer."""
AT_LEAST = 60
"""Bars up to the first origin without which nothing is fitted."""


def plainer_forecasts(table: Forecasts, bars: Mapping[str, Bars]) -> Forecasts | None:
    """Rows of drift, train-mean, ar and ridge for every one-step forecast of `table`, or None.

    Each is fitted once a symbol, on its bars up to the table's first origin. None where the bars of some symbol do not
    reach back far enough, or where the table holds these models already: models are compared on equal terms or not at all.
    """
    names = [name for name in BASELINES[1:] if name not in table.models()]
    first = table.where(table.step == 1)
    if not names or len(first) == 0 or np.isnat(first.origin).any():
        return None
    code, symbols = encode(first.symbol)
    if len(bars) == 1 and len(symbols) == 1:
        bars = {symbols[0]: next(iter(bars.values()))}
    parts = []
    for number, rows in groups(code).items():
        _, once = np.unique(first.target_date[rows], return_index=True)
        made = _of_symbol(first.where(rows[once]), bars.get(symbols[number]), names)
        if made is None:
            return None
        parts += made
    return Forecasts.concat(parts)


def _of_symbol(rows: Forecasts, bars: Bars | None, names: list[str]) -> list[Forecasts] | None:
    """One symbol's distinct targets forecast by each baseline; None where its bars do not hold every origin."""
    if bars is None:
        return None
    at = np.searchsorted(bars.dates, rows.origin)
    if at.max() >= len(bars) or np.any(bars.dates[at] != rows.origin) or at.min() < AT_LEAST:
        return None
    ohlc = np.stack([bars.open, bars.high, bars.low, bars.close], axis=1)
    made = []
    for name in names:
        fitted = make_baseline(name, SEQ_LEN).fit(ohlc[: at.min() + 1])
        windows = sliding(ohlc, fitted.needs)[at - fitted.needs + 1]
        change = fitted.predict(windows) / bars.close[at]
        blank = np.full(len(rows), np.nan)
        made.append(
            rows.replace(
                model=np.full(len(rows), name, dtype=object), yhat=rows.last_close * change,
                lo=blank, hi=blank, level=blank, p_up=blank,
            )
        )  # fmt: skip
    return made
