"""Scratch memory is filled with NaN before every call: what a kernel reads before it was written shows."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def _nan_scratch(monkeypatch):
    from nextclose.engine import scratch

    monkeypatch.setattr(scratch, "FILL_WITH_NAN", True)
