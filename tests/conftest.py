"""Fixtures that several rooms share."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from nextclose.bars.bars import Bars

SHARED = Path(__file__).resolve().parents[1].parent / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real bars that lies outside the repository."""
    if not SHARED.is_dir():
        pytest.skip("the real bars of ../shared/data are not here")
    return SHARED


def walk_bars(n: int, seed: int, *, symbol: str = "WALK", start: str = "2020-01-01", drift: float = 0.0) -> Bars:
    """A geometric random walk of n weekday sessions with consistent open, high, low."""
    rng = np.random.default_rng(seed)
    close = 100.0 * np.exp(np.cumsum(drift + 0.01 * rng.standard_normal(n)))
    open_ = np.concatenate([[100.0], close[:-1]]) * np.exp(0.003 * rng.standard_normal(n))
    high = np.maximum(open_, close) * np.exp(0.004 * rng.random(n))
    low = np.minimum(open_, close) * np.exp(-0.004 * rng.random(n))
    first = np.busday_offset(np.datetime64(start, "D"), 0, roll="forward")
    dates = np.busday_offset(first, np.arange(n))
    volume = rng.integers(1_000, 100_000, n).astype(np.float64)
    return Bars(symbol=symbol, dates=dates, open=open_, high=high, low=low, close=close, volume=volume)


@pytest.fixture
def bars() -> Bars:
    """300 sessions of a random walk."""
    return walk_bars(300, seed=7)
