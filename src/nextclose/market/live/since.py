"""Whether a symbol's history is what a snapshot knew: the same, rescaled by one ratio, or another."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from nextclose.bars.bars import Bars
from nextclose.core.errors import BarsError
from nextclose.market.live.saved import SAME, Basis
from nextclose.study.rebase import rebase


def recognise(bars: Bars, known: Bars | None) -> Basis | None:
    """Newer over known prices of the sessions that both hold; None where they tell another history."""
    if known is None:
        return SAME
    tail = bars[int(np.searchsorted(bars.dates, known.dates[0])) :]
    shared = known[: int(np.searchsorted(known.dates, bars.dates[-1], side="right"))] if len(tail) else known[:0]
    if len(shared) == 0:
        return None
    if tail.adj_close is None:
        shared = replace(shared, adj_close=None)
    try:
        found = rebase(replace(tail, symbol=known.symbol), shared)
    except BarsError:
        return None
    adjusted = 1.0
    if tail.adj_close is not None and found.bars.adj_close is not None:
        adjusted = float(tail.adj_close[-1] / found.bars.adj_close[-1])
    return Basis(price=found.ratio, adjusted=adjusted)
