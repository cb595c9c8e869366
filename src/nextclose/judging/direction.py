"""Direction: do called rises go with rises?"""

from __future__ import annotations

from dataclasses import replace
from math import sqrt

import numpy as np
from scipy.special import ndtr

from nextclose.core.lang import Text
from nextclose.core.types import Bools
from nextclose.judging.accuracy_tests import TOO_SHORT, TestResult, blank, enough, filled
from nextclose.judging.longrun import long_run_variance
from nextclose.judging.panel import Sessions


def pesaran_timmermann(rose: Bools, called: Bools, step: int = 1, *, sessions: Sessions | None = None) -> TestResult:
    """Are called rises (n,) independent of rises (n,)? Undefined where either never varies.

    Pesaran & Timmermann 1992 for one symbol and one step. Where several symbols share sessions, or steps overlap, the
    observations are not independent: then the covariance of call and rise over its standard error with sessions as
    observations (Pesaran & Timmermann 2009, "Testing dependence among serially correlated multicategory variables").
    """
    n = len(rose)
    sessions = sessions or Sessions.single(n)
    null = Text("called rises are independent of rises")
    result = blank(null, Text("they are not"), step - 1, sessions.count)
    if not enough(sessions.count, step):
        return replace(result, undefined=TOO_SHORT)
    up, said = float(np.mean(rose)), float(np.mean(called))
    if said in (0.0, 1.0) or up in (0.0, 1.0):
        return replace(result, undefined=Text("the direction, or the forecast of it, is always the same"))
    statistic = _plain(rose, called) if sessions.alone and step == 1 else _clustered(rose, called, step, sessions)
    if np.isnan(statistic):
        return replace(result, undefined=Text("the variance of the hits is not positive"))
    return filled(result, statistic, float(ndtr(statistic)), float(ndtr(-statistic)))


def _plain(rose: Bools, called: Bools) -> float:
    """The statistic of 1992."""
    up, said = float(np.mean(rose)), float(np.mean(called))
    by_chance = up * said + (1.0 - up) * (1.0 - said)
    noise = by_chance * (1.0 - by_chance)
    noise -= (2.0 * up - 1.0) ** 2 * said * (1.0 - said) + (2.0 * said - 1.0) ** 2 * up * (1.0 - up)
    noise /= len(rose)
    return (float(np.mean(rose == called)) - by_chance) / sqrt(noise) if noise > 0.0 else float("nan")


def _clustered(rose: Bools, called: Bools, step: int, sessions: Sessions) -> float:
    product = (rose - np.mean(rose)) * (called - np.mean(called))
    variance = long_run_variance(sessions.sums(product - np.mean(product)), step - 1)
    return float(np.sum(product)) / sqrt(sessions.count * variance) if variance > 0.0 else float("nan")
