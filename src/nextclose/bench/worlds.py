"""Simulated daily returns: three worlds in which nothing can be known, and two in which a little can."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from nextclose.core.types import Float64s

VOLATILITY = 0.01
"""Standard deviation of a session's return, without jumps."""


class World(Protocol):
    """Where returns come from."""

    @property
    def name(self) -> str:
        """Its name, which also names its random numbers."""

    def returns(self, rng: np.random.Generator, n: int) -> Float64s:
        """(n,) simple returns."""


@dataclass(frozen=True, kw_only=True)
class Walk:
    """Independent normal returns; with a drift of 0 the price is a martingale."""

    name: str = "walk"
    drift: float = 0.0
    """Mean return a session."""

    def returns(self, rng: np.random.Generator, n: int) -> Float64s:
        """(n,) of N(drift, 1 %)."""
        return self.drift + VOLATILITY * rng.standard_normal(n)


@dataclass(frozen=True, kw_only=True)
class Garch:
    """GARCH(1,1) with Student's t: calm and wild times, fat tails, and a mean of 0 whatever came before.

    Bollerslev 1987, "A conditionally heteroskedastic time series model for speculative prices and rates of return".
    """

    name: str = "garch"
    alpha: float = 0.08
    """Weight of the last squared return."""
    beta: float = 0.91
    """Weight of the last variance."""
    freedom: float = 5.0
    """Degrees of freedom of the innovations, which are scaled to variance 1."""

    def returns(self, rng: np.random.Generator, n: int) -> Float64s:
        """(n,); the variance starts at its mean, 1 % squared."""
        shocks = rng.standard_t(self.freedom, n) * np.sqrt((self.freedom - 2.0) / self.freedom)
        mean = VOLATILITY**2
        always = mean * (1.0 - self.alpha - self.beta)
        variance, variances = mean, []
        for square in (shocks**2).tolist():
            variances.append(variance)
            variance = always + (self.alpha * square + self.beta) * variance
        returns: Float64s = shocks * np.sqrt(np.array(variances))
        return returns


@dataclass(frozen=True, kw_only=True)
class Jumps:
    """A walk on which some sessions move by far more than the others."""

    name: str = "jumps"
    share: float = 0.02
    """Of the sessions that jump."""
    size: float = 0.05
    """Standard deviation of a jump, on top of the session's own return."""

    def returns(self, rng: np.random.Generator, n: int) -> Float64s:
        """(n,) of N(0, 1 %), with jumps of N(0, 5 %)."""
        jumps = (rng.random(n) < self.share) * self.size * rng.standard_normal(n)
        return VOLATILITY * rng.standard_normal(n) + jumps


@dataclass(frozen=True, kw_only=True)
class Echo:
    """AR(1): a share of the last return comes again, r_t = phi r_{t-1} + noise; its volatility is 1 % for every phi."""

    phi: float

    @property
    def name(self) -> str:
        """The coefficient too."""
        return f"echo {self.phi:.2f}"

    def returns(self, rng: np.random.Generator, n: int) -> Float64s:
        """(n,) from the stationary distribution on."""
        shocks = VOLATILITY * rng.standard_normal(n)
        shocks[1:] *= np.sqrt(1.0 - self.phi**2)
        last, path = 0.0, []
        for shock in shocks.tolist():
            last = self.phi * last + shock
            path.append(last)
        return np.array(path)


NULLS: tuple[World, ...] = (Walk(), Garch(), Jumps())
"""Worlds in which persistence is the true forecast."""
DRIFT = Walk(name="drift", drift=0.001)
"""0.1 % a session on a volatility of 1 %."""
