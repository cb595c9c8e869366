"""Mincer-Zarnowitz: does what is announced come true?"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.special import chdtrc

from nextclose.core.lang import Lang, Text
from nextclose.core.results import Regression
from nextclose.core.types import Float64s
from nextclose.judging.accuracy_tests import NAN, TOO_SHORT, enough
from nextclose.judging.panel import Panel

QUANTILE = 1.6448536269514722
"""Of the normal distribution at 0.95: a 90 % interval."""


@dataclass(frozen=True, kw_only=True)
class Line:
    """y = intercept + slope * x + noise, or why there is none."""

    intercept: float = NAN
    slope: float = NAN
    slope_error: float = NAN
    """Standard error of the slope."""
    statistic: float = NAN
    pvalue: float = NAN
    lag: int = 0
    n: int = 0
    undefined: Text | None = None

    def told(self, lang: Lang) -> Regression:
        """As a frozen result."""
        return Regression(
            intercept=self.intercept,
            slope=self.slope,
            slope_lo=self.slope - QUANTILE * self.slope_error,
            slope_hi=self.slope + QUANTILE * self.slope_error,
            statistic=self.statistic,
            pvalue=self.pvalue,
            lag=self.lag,
            n=self.n,
            null=Text("intercept 0 and slope 1: the forecast is unbiased").render(lang),
            alternative=Text("one of them is not").render(lang),
        )


def mincer_zarnowitz(panel: Panel) -> Line:
    """The change that came regressed on the change announced, both over the last close.

    Mincer & Zarnowitz 1969, "The evaluation of economic forecasts"; on changes, since levels fit for a copy of the
    last close too. Standard errors are robust to changing variance (White 1980), to overlapping steps (step - 1
    autocovariances) and to symbols that move together (clustered by session); Wald's statistic of (0, 1) is
    chi-squared with 2 degrees of freedom.
    """
    x, y, sessions, lag = panel.announced, panel.naive, panel.sessions, panel.step - 1
    line = Line(lag=lag, n=sessions.count)
    if sessions.count < max(3, panel.step + 2) or not enough(sessions.count, panel.step):
        return replace(line, undefined=TOO_SHORT)
    scale = float(np.sqrt(np.mean((x - x.mean()) ** 2)))
    if not scale > 1e-12 * float(np.max(np.abs(x), initial=0.0)) or scale < 1e-15:
        return replace(line, undefined=Text("the announced change is always the same"))
    design = np.column_stack([np.ones(len(x)), (x - x.mean()) / scale])
    if not np.isfinite(scale) or not np.isfinite(y).all() or not np.linalg.det(design.T @ design) > 0.0:
        return replace(line, undefined=Text("some changes are too extreme to fit a line"))
    inverse = np.linalg.inv(design.T @ design)
    intercept, slope = inverse @ design.T @ y
    scores = sessions.sums(design * (y - intercept - slope * design[:, 1])[:, None])
    covariance = inverse @ _meat(scores, lag) @ inverse
    off = np.array([intercept - x.mean(), slope - scale])
    if not np.isfinite(covariance).all() or not np.linalg.det(covariance) > 0.0:
        return replace(line, undefined=Text("the forecast fits without any error"))
    statistic = float(off @ np.linalg.solve(covariance, off))
    return replace(
        line,
        intercept=float(intercept - slope / scale * x.mean()),
        slope=float(slope / scale),
        slope_error=float(np.sqrt(covariance[1, 1]) / scale),
        statistic=statistic,
        pvalue=float(chdtrc(2, statistic)),
    )


def _meat(scores: Float64s, lag: int) -> Float64s:
    """Sum of the scores' (T, 2) outer products and of `lag` cross products either way; Bartlett's weights if not positive."""
    products = [scores.T @ scores]
    for k in range(1, lag + 1):
        cross = scores[k:].T @ scores[:-k]
        products.append(cross + cross.T)
    total: Float64s = np.sum(products, axis=0)
    if np.linalg.eigvalsh(total)[0] > 0.0:
        return total
    weights = 1.0 - np.arange(lag + 1) / (lag + 1)
    return np.tensordot(weights, np.stack(products), axes=1)
