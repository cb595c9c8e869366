"""What a live source is."""

from __future__ import annotations

from typing import Protocol

import pandas as pd

TIMEOUT = 20.0
"""Seconds that one request may take."""


class Source(Protocol):
    """Where daily bars of a symbol can be fetched."""

    @property
    def name(self) -> str:
        """What stands before the colon in a SOURCE."""

    def exchange(self, symbol: str) -> str | None:
        """Calendar code of the symbol's exchange, or None where the symbol does not tell."""

    def fetch(self, symbol: str, timeout: float) -> pd.DataFrame:
        """All daily bars of a symbol, a date index and columns named in English; empty for an unknown symbol."""
