"""Direction: do called rises go with rises?"""

from __future__ import annotations

from dataclasses import replace
from math import sqrt

import numpy as np
from scipy.special import ndtr

from nextclose.core.lang import Text
from nextclose.core.types import Bools, Float64s, Ints
from nextclose.judging.accuracy_tests import TOO_SHORT, TestResult, blank, enough, filled
from nextclose.judging.longrun import long_run_variance
from nextclose.judging.panel import Sessions


def pesaran_timmermann(rose: Bools, called: Bools, step: int = 1, *, sessions: Sessions | None = None) -> TestResult:
    """Are called rises (n,) independent of rises (n,)? Undefined where either never varies.

    Pesaran & Timmermann 1992 for one symbol and one step. Where several symbols share sessions, or steps overlap, the
    observations are not independent: then the covariance of call and rise over its standard error with sessions as
    observations (Pesaran & Timmermann 2009, "Testing dependence among serially correlated multicategory variables").
    """
    sessions = sessions or Sessions.single(len(rose))
    rises, calls, both = (sessions.sums(marked.astype(np.int64)) for marked in (rose, called, rose & called))
    return independent_calls(sessions.counts, rises, calls, both, step)


def independent_calls(n: Ints, rises: Ints, calls: Ints, both: Ints, step: int) -> TestResult:
    """`pesaran_timmermann` of counts: of each session's n (T,) forecasts the rises, the calls and the called rises."""
    null = Text("called rises are independent of rises")
    result = blank(null, Text("they are not"), step - 1, len(n))
    if not enough(len(n), step):
        return replace(result, undefined=TOO_SHORT)
    count = int(n.sum())
    up, said = int(rises.sum()) / count, int(calls.sum()) / count
    if said in (0.0, 1.0) or up in (0.0, 1.0):
        return replace(result, undefined=Text("the direction, or the forecast of it, is always the same"))
    if step == 1 and n.max() == 1:
        hits = (count - int(rises.sum()) - int(calls.sum()) + 2 * int(both.sum())) / count
        statistic = _plain(count, hits, up, said)
    else:
        statistic = _clustered(n, both - said * rises - up * calls + up * said * n, step)
    if np.isnan(statistic):
        return replace(result, undefined=Text("the variance of the hits is not positive"))
    return filled(result, statistic, float(ndtr(statistic)), float(ndtr(-statistic)))


def _plain(n: int, hits: float, up: float, said: float) -> float:
    """The statistic of 1992, from the shares of hits, rises and calls."""
    by_chance = up * said + (1.0 - up) * (1.0 - said)
    noise = by_chance * (1.0 - by_chance)
    noise -= (2.0 * up - 1.0) ** 2 * said * (1.0 - said) + (2.0 * said - 1.0) ** 2 * up * (1.0 - up)
    noise /= n
    return (hits - by_chance) / sqrt(noise) if noise > 0.0 else float("nan")


def _clustered(n: Ints, products: Float64s, step: int) -> float:
    """Products (T,): (rise - share of rises) (call - share of calls), added up over each session's n (T,) forecasts."""
    variance = long_run_variance(products - n * (float(np.sum(products)) / int(n.sum())), step - 1)
    return float(np.sum(products)) / sqrt(len(n) * variance) if variance > 0.0 else float("nan")
