"""What past forecasts leave behind for the next interval: their errors, and how far the truth lay outside their quantiles."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nextclose.core.types import Float64s, Ints
from nextclose.judging.cqr import live_cqr, misses, rolling_cqr
from nextclose.judging.intervals import live_interval, rolling_conformal

LEVEL = 0.9
"""What an interval claims to cover."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Scores:
    """Out-of-sample scores of one model, oldest first, in units of the volatility known at the origin."""

    errors: Float64s
    """(m,) or (m, K): (y - yhat) / (last_close * volatility)."""
    missed: Float64s | None = None
    """Alike: how far y lay outside the outer quantiles, below 0 inside; None where the model has none."""

    def step(self, k: int) -> Scores:
        """Those of one step, from 0, of (m, K)."""
        return Scores(errors=self.errors[:, k], missed=None if self.missed is None else self.missed[:, k])

    def known(self) -> Scores:
        """Those of (m,) whose session has happened."""
        rows = np.isfinite(self.errors)
        return Scores(errors=self.errors[rows], missed=None if self.missed is None else self.missed[rows])

    def then(self, later: Scores) -> Scores:
        """These in front of later ones of the same model."""
        missed = None
        if self.missed is not None and later.missed is not None:
            missed = np.concatenate([self.missed, later.missed])
        return Scores(errors=np.concatenate([self.errors, later.errors]), missed=missed)


NONE_YET = Scores(errors=np.empty(0), missed=np.empty(0))
"""Of a forecast that has no past."""


def score(yhat: Float64s, quantiles: Float64s | None, y: Float64s, unit: Float64s) -> Scores:
    """The scores of forecasts yhat and y (n,) or (n, K), with quantiles (..., Q) if there are any; `unit` in price."""
    missed = None if quantiles is None else misses(quantiles[..., 0], quantiles[..., -1], y, unit)
    return Scores(errors=(y - yhat) / unit, missed=missed)


def rolling_interval(
    yhat: Float64s,
    quantiles: Float64s | None,
    last_close: Float64s,
    y: Float64s,
    volatility: Float64s,
    origins: Ints,
    targets: Ints,
    *,
    past: Scores,
) -> tuple[Float64s, Float64s, Float64s]:
    """lo, hi, p_up (n,) of a model's forecasts of one step, from its quantiles (n, Q) where it has them, else its errors."""
    known = (last_close, y, volatility, origins, targets)
    if quantiles is None or past.missed is None:
        return rolling_conformal(yhat, *known, past=past.errors, level=LEVEL)
    before = past.errors, past.missed
    return rolling_cqr(yhat, quantiles[:, 0], quantiles[:, -1], *known, past=before, level=LEVEL)


def next_interval(
    yhat: float, quantiles: Float64s | None, last_close: float, volatility: float, past: Scores
) -> tuple[float, float, float]:
    """(lo, hi, p_up) of one forecast, from its quantiles (Q,) where it has them, else from past errors."""
    if quantiles is None or past.missed is None:
        return live_interval(yhat, last_close, volatility, past.errors, level=LEVEL)
    ends = float(quantiles[0]), float(quantiles[-1])
    return live_cqr(yhat, *ends, last_close, volatility, past.errors, past.missed, level=LEVEL)
