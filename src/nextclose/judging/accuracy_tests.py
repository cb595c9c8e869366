"""Tests of a forecast against persistence, each stating what it tests.

Errors are e = (y - yhat) / last_close, in session order; p stands for persistence, m for the model, h for the step.
A statistic that is undefined is NaN; `undefined` says why.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import sqrt

import numpy as np
from scipy.special import ndtr, stdtr

from nextclose.core.lang import Text
from nextclose.core.results import Statistic
from nextclose.core.types import Bools, Float64s

NAN = float("nan")
TOO_SHORT = Text("fewer than two sessions")
SAME = Text("its forecasts are those of persistence")


@dataclass(frozen=True, kw_only=True)
class TestResult:
    """A statistic with both tails, so that a verdict can look either way."""

    __test__ = False

    statistic: float
    below: float
    """Probability of a statistic this low or lower under the null."""
    above: float
    """Probability of one this high or higher."""
    null: str
    alternative: str
    lag: int
    n: int
    undefined: Text | None = None

    def two_sided(self) -> Statistic:
        """The statistic with its two-sided p-value."""
        pvalue = min(2.0 * min(self.below, self.above), 1.0) if self.undefined is None else NAN
        return Statistic(statistic=self.statistic, pvalue=pvalue, lag=self.lag, n=self.n)

    def one_sided(self) -> Statistic:
        """The statistic with the p-value of its upper tail."""
        return Statistic(statistic=self.statistic, pvalue=self.above, lag=self.lag, n=self.n)


def diebold_mariano(error: Float64s, naive: Float64s, step: int = 1) -> TestResult:
    """Equal squared errors? d = e_m^2 - e_p^2; below 0 where the model is better.

    Diebold & Mariano 1995, with the correction of Harvey, Leybourne & Newbold 1997 and Student's t (n - 1).
    The long-run variance takes step - 1 autocovariances, unweighted; Bartlett's weights where that is not positive.
    """
    d = error**2 - naive**2
    n, lag = len(d), step - 1
    result = _blank("E[e_m^2] = E[e_p^2]", "E[e_m^2] != E[e_p^2]", lag, n)
    if n < max(2, step + 1):
        return _undefined(result, TOO_SHORT)
    variance = long_run_variance(d, lag)
    if not variance > 0.0:
        return _undefined(result, SAME)
    small_sample = sqrt(max(n + 1 - 2 * step + step * (step - 1) / n, 0.0) / n)
    statistic = small_sample * float(np.mean(d)) / sqrt(variance / n)
    return _filled(result, statistic, float(stdtr(n - 1, statistic)), float(stdtr(n - 1, -statistic)))


def clark_west(error: Float64s, naive: Float64s, step: int = 1) -> TestResult:
    """Does the model carry information beyond persistence, which it nests? f = e_p^2 - e_m^2 + (e_p - e_m)^2.

    Clark & West 2007, "Approximately normal tests for equal predictive accuracy in nested models": under the null the
    larger model is expected to lose by the noise in its estimates, which the last term gives back. Upper tail, normal.
    """
    f = naive**2 - error**2 + (naive - error) ** 2
    n, lag = len(f), step - 1
    result = _blank("persistence is the true forecast", "the forecast change is correlated with the change", lag, n)
    if n < max(2, step + 1):
        return _undefined(result, TOO_SHORT)
    variance = long_run_variance(f, lag)
    if not variance > 0.0:
        return _undefined(result, SAME)
    statistic = float(np.mean(f)) / sqrt(variance / n)
    return _filled(result, statistic, float(ndtr(statistic)), float(ndtr(-statistic)))


def pesaran_timmermann(rose: Bools, called: Bools) -> TestResult:
    """Are called rises independent of rises? Pesaran & Timmermann 1992; undefined where either never varies."""
    n = len(rose)
    result = _blank("direction and forecast direction are independent", "they are not", 0, n)
    if n < 2:
        return _undefined(result, TOO_SHORT)
    up, said = float(np.mean(rose)), float(np.mean(called))
    by_chance = up * said + (1.0 - up) * (1.0 - said)
    noise = by_chance * (1.0 - by_chance)
    noise -= (2.0 * up - 1.0) ** 2 * said * (1.0 - said) + (2.0 * said - 1.0) ** 2 * up * (1.0 - up)
    noise /= n
    if said in (0.0, 1.0) or up in (0.0, 1.0):
        return _undefined(result, Text("the direction, or the forecast of it, is always the same"))
    if not noise > 0.0:
        return _undefined(result, Text("the variance of the hits is not positive"))
    statistic = (float(np.mean(rose == called)) - by_chance) / sqrt(noise)
    return _filled(result, statistic, float(ndtr(statistic)), float(ndtr(-statistic)))


def long_run_variance(d: Float64s, lag: int) -> float:
    """Variance of sqrt(n) times the mean of d: gamma_0 + 2 sum gamma_k, k = 1..lag."""
    centred = d - d.mean()
    gammas = [float(centred[k:] @ centred[: len(d) - k]) / len(d) for k in range(lag + 1)]
    rectangular = gammas[0] + 2.0 * sum(gammas[1:])
    if rectangular > 0.0 or lag == 0:
        return rectangular
    return gammas[0] + 2.0 * sum((1.0 - k / (lag + 1)) * gamma for k, gamma in enumerate(gammas[1:], start=1))


def _blank(null: str, alternative: str, lag: int, n: int) -> TestResult:
    return TestResult(statistic=NAN, below=NAN, above=NAN, null=null, alternative=alternative, lag=lag, n=n)


def _undefined(result: TestResult, reason: Text) -> TestResult:
    return replace(result, undefined=reason)


def _filled(result: TestResult, statistic: float, below: float, above: float) -> TestResult:
    return replace(result, statistic=statistic, below=below, above=above)
