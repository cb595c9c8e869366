from __future__ import annotations

import datetime as dt

import pytest
from tests.conftest import walk_bars

from nextclose.study.run import run

QUICK = {"epochs": 3, "seeds": 2}
TODAY = dt.date(2026, 1, 2)


@pytest.fixture(scope="session")
def small_study():
    """Both recipes with a ladder on 200 bars, three epochs each."""
    from dataclasses import replace

    bars = replace(walk_bars(200, seed=5, symbol="삼성"), exchange="XNYS")
    return run(bars, settings=QUICK, today=TODAY)
