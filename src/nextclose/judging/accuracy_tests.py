"""Tests of a forecast's accuracy, each stating what it tests.

Errors are e = (y - yhat) / last_close, oldest first; p stands for persistence, m for the model, h for the step. The
forecasts of one session are summed over symbols before anything is tested: sessions are the observations
("clustered by session"), and with one symbol these are the tests as published. Each test has a function of rows and,
under it, one of the sessions' sums, in which all the maths is. A statistic that is undefined is NaN; `undefined` says
why.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import sqrt
from typing import Literal

import numpy as np
from scipy.special import ndtr, stdtr

from nextclose.core.lang import Lang, Text
from nextclose.core.results import Statistic
from nextclose.core.types import Float64s, Ints
from nextclose.judging.longrun import long_run_variance
from nextclose.judging.panel import Sessions

NAN = float("nan")
TOO_SHORT = Text("too few sessions: at least two, and three a step")
SESSIONS_A_STEP = 3
"""Sessions a step below which overlapping forecasts leave no variance to estimate."""
SAME = Text("its errors are those of persistence")
Loss = Literal["squared", "absolute"]
NULLS = {
    "squared": (Text("E[e_m^2] = E[e_p^2]"), Text("E[e_m^2] is not E[e_p^2]")),
    "absolute": (Text("E|e_m| = E|e_p|"), Text("E|e_m| is not E|e_p|")),
}

NO_INFORMATION = (
    Text("persistence is the true forecast: the announced change says nothing of the change"),
    Text("the announced change goes with the change"),
)


@dataclass(frozen=True, kw_only=True)
class TestResult:
    """A statistic with both tails, so that a verdict can look either way."""

    __test__ = False

    statistic: float
    below: float
    """Probability of a statistic this low or lower under the null."""
    above: float
    """Probability of one this high or higher."""
    null: Text
    alternative: Text
    lag: int
    n: int
    """Sessions."""
    undefined: Text | None = None

    def two_sided(self, lang: Lang = "en") -> Statistic:
        """The statistic with its two-sided p-value."""
        pvalue = min(2.0 * min(self.below, self.above), 1.0) if self.undefined is None else NAN
        return self._told(pvalue, lang)

    def one_sided(self, lang: Lang = "en") -> Statistic:
        """The statistic with the p-value of its upper tail."""
        return self._told(self.above, lang)

    def _told(self, pvalue: float, lang: Lang) -> Statistic:
        return Statistic(
            statistic=self.statistic,
            pvalue=pvalue,
            lag=self.lag,
            n=self.n,
            null=self.null.render(lang),
            alternative=self.alternative.render(lang),
        )


def diebold_mariano(
    error: Float64s, naive: Float64s, step: int = 1, *, sessions: Sessions | None = None, loss: Loss = "squared"
) -> TestResult:
    """Equal losses? d = L(e_m) - L(e_p), L the square or the absolute value; below 0 where the model is better.

    Diebold & Mariano 1995, with the correction of Harvey, Leybourne & Newbold 1997 and Student's t (T - 1) over T
    sessions. The long-run variance takes step - 1 autocovariances, unweighted; Bartlett's weights where that is not
    positive.
    """
    d = error**2 - naive**2 if loss == "squared" else np.abs(error) - np.abs(naive)
    sessions = sessions or Sessions.single(len(d))
    return equal_losses(sessions.sums(d), sessions.counts, step, loss)


def equal_losses(d: Float64s, n: Ints, step: int, loss: Loss = "squared") -> TestResult:
    """`diebold_mariano` of sums: d (T,) the loss differences of each session's n (T,) forecasts, added up."""
    T = len(d)
    statistic, undefined = mean_statistic(d, n, step)
    result = blank(*NULLS[loss], step - 1, T)
    if undefined is not None:
        return replace(result, undefined=undefined)
    statistic *= harvey_leybourne_newbold(T, step)
    return filled(result, statistic, float(stdtr(T - 1, statistic)), float(stdtr(T - 1, -statistic)))


def clark_west(error: Float64s, naive: Float64s, step: int = 1, *, sessions: Sessions | None = None) -> TestResult:
    """Does the model carry information beyond persistence, which it nests? f = e_p^2 - e_m^2 + (e_p - e_m)^2.

    Clark & West 2007, "Approximately normal tests for equal predictive accuracy in nested models": under the null the
    larger model is expected to lose by the noise in its estimates, which the last term gives back. Upper tail, normal.
    f is twice the change that came times the change announced. Where the announced change wanders, the normal tail is
    too thin: see `wandering`.
    """
    f = naive**2 - error**2 + (naive - error) ** 2
    sessions = sessions or Sessions.single(len(f))
    return information(sessions.sums(f), sessions.counts, step)


def information(f: Float64s, n: Ints, step: int) -> TestResult:
    """`clark_west` of sums: f (T,) of each session's n (T,) forecasts, added up."""
    statistic, undefined = mean_statistic(f, n, step)
    result = blank(*NO_INFORMATION, step - 1, len(f))
    if undefined is not None:
        return replace(result, undefined=undefined)
    return filled(result, statistic, float(ndtr(statistic)), float(ndtr(-statistic)))


def mean_statistic(d: Float64s, n: Ints, step: int) -> tuple[float, Text | None]:
    """The mean over its standard error, sessions as observations, or NaN and why; d (T,) are sums of n (T,) values each."""
    T, count = len(d), int(n.sum())
    if not enough(T, step):
        return NAN, TOO_SHORT
    mean = float(np.sum(d)) / count
    variance = long_run_variance(d - n * mean, step - 1)
    if not variance > 0.0:
        return NAN, SAME
    return count * mean / sqrt(T * variance), None


def enough(sessions: int, step: int) -> bool:
    """Whether a long-run variance can be estimated at all."""
    return sessions >= max(2, SESSIONS_A_STEP * step if step > 1 else 2)


def harvey_leybourne_newbold(T: int, step: int) -> float:
    """The small-sample factor sqrt((T + 1 - 2h + h(h - 1) / T) / T)."""
    return sqrt(max(T + 1 - 2 * step + step * (step - 1) / T, 0.0) / T)


def blank(null: Text, alternative: Text, lag: int, n: int) -> TestResult:
    """A result that is not known yet."""
    return TestResult(statistic=NAN, below=NAN, above=NAN, null=null, alternative=alternative, lag=lag, n=n)


def filled(result: TestResult, statistic: float, below: float, above: float) -> TestResult:
    """`result` with its statistic and tails."""
    return replace(result, statistic=statistic, below=below, above=above)
