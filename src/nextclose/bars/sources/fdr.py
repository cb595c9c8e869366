"""FinanceDataReader: KRX and others."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd


@dataclass(frozen=True)
class FinanceDataReader:
    """Symbols as FinanceDataReader takes them: 005930, AAPL."""

    name: str = "fdr"

    def exchange(self, symbol: str) -> str | None:
        """Six letters or digits that begin with digits are a Korean code."""
        return "XKRX" if len(symbol) == 6 and symbol[:5].isdigit() else "XNYS" if symbol.isalpha() else None

    def fetch(self, symbol: str, timeout: float) -> pd.DataFrame:
        """The whole history; FinanceDataReader takes no timeout, so the socket's default is set for the call."""
        import socket

        from FinanceDataReader import DataReader

        before = socket.getdefaulttimeout()
        socket.setdefaulttimeout(timeout)
        try:
            history: pd.DataFrame = DataReader(symbol, "1980-01-01")
        finally:
            socket.setdefaulttimeout(before)
        return history


def history(symbol: str, start: str, end: str) -> pd.DataFrame:
    """The bars of some sessions, both ends included, in today's prices."""
    from FinanceDataReader import DataReader

    found: pd.DataFrame = DataReader(symbol, start, end)
    return found
