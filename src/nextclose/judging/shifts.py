"""The alarm's second look: the same forecasts, dated one session later or earlier."""

from __future__ import annotations

import numpy as np

from nextclose.core.results import Rejudged
from nextclose.judging.metrics import skill
from nextclose.judging.panel import Panel

SHIFTS = (-1, 1)


def rejudge(panel: Panel) -> tuple[Rejudged, ...]:
    """The skill of a panel's forecasts against the truth of the session before and after the one that they are for."""
    return tuple(_shifted(panel, shift) for shift in SHIFTS)


def _shifted(panel: Panel, shift: int) -> Rejudged:
    """yhat of row i against y and last_close of row i + shift, where the two sessions follow each other."""
    order, rows = panel.by_symbol, panel.rows
    yhat = np.roll(rows.yhat[order], shift)
    known = panel.follows if shift > 0 else panel.followed
    y, last = rows.y[order][known], rows.last_close[order][known]
    return Rejudged(shift=shift, n=len(y), skill=skill((y - yhat[known]) / last, (y - last) / last))
