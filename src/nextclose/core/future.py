"""What the future test found: frozen values."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Moved:
    """One number of a forecast that was not the same when it was made again."""

    model: str
    origin: str
    """ISO date of the last session that the forecast may see."""
    target_date: str
    step: int
    field: str
    """yhat, lo, hi, p_up, last_close or a quantile; `row` for a forecast that was made in one run only."""
    before: float
    after: float
    cut: str
    """ISO date after which every bar was altered; empty where nothing was."""
    alteration: str
    """What was done to the bars; empty where nothing was."""
    by: float
    """after / before - 1."""


@dataclass(frozen=True, kw_only=True)
class FutureTest:
    """Whether forecasts stay as they are when every bar after their origin is altered."""

    name: str
    symbol: str
    passed: bool
    """Reproducible, it reacts to its bars, and nothing moved that must not."""
    reproducible: bool
    """Run twice on the same bars it said the same, bit for bit. Where not, nothing can be told of leaks."""
    reacts: bool
    """Some forecast of an altered session moved. Where none did, nothing was tested."""
    forecasts: int
    """Rows of one run."""
    compared: int
    """Rows compared, over all cuts and alterations."""
    cuts: tuple[str, ...]
    """ISO dates after which bars were altered."""
    alterations: tuple[str, ...]
    first: Moved | None
    """The first forecast that moved, by origin; of the plain repetition where that is not reproducible."""
    moved: int
    """Forecasts that moved under some alteration, of those compared."""
    sentence: str
