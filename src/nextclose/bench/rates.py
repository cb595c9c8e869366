"""How often something happened, and what that leaves open."""

from __future__ import annotations

from dataclasses import dataclass

from scipy.special import betaincinv

ONE_SIDED = 0.05
"""Probability with which a bound is missed."""
LEVEL = 0.05
"""False claims that the judge's tests allow."""
MOST = 0.06
"""Share of false claims that a cell may have."""


@dataclass(frozen=True, kw_only=True)
class Rate:
    """So many of so many."""

    count: int
    n: int
    share: float
    """NaN of nothing."""
    low: float
    """Lower 95 % bound of the true rate, one-sided (Clopper & Pearson 1934)."""
    high: float
    """Upper 95 % bound, one-sided."""

    @property
    def too_high(self) -> bool:
        """Whether false claims are too frequent: above 6 %, and the bound excludes 5 %."""
        return self.share > MOST and self.low > LEVEL

    def falls_short(self, aim: float) -> bool:
        """Whether true claims are too rare: below `aim`, and the bound excludes it."""
        return self.share < aim and self.high < aim


def rate(count: int, n: int) -> Rate:
    """The share of `count` in `n` with its bounds."""
    low = float(betaincinv(count, n - count + 1, ONE_SIDED)) if count > 0 else 0.0
    high = float(betaincinv(count + 1, n - count, 1.0 - ONE_SIDED)) if count < n else 1.0
    return Rate(count=count, n=n, share=count / n if n else float("nan"), low=low, high=high)
