"""Yahoo Finance through yfinance."""

from __future__ import annotations

import datetime as dt
import logging
from dataclasses import dataclass

import pandas as pd

SUFFIXES = {"KS": "XKRX", "KQ": "XKRX", "T": "XTKS", "L": "XLON", "HK": "XHKG", "DE": "XFRA", "PA": "XPAR", "TO": "XTSE",
            "AX": "XASX", "SS": "XSHG", "SZ": "XSHG", "TW": "XTAI", "BO": "XBOM"}  # fmt: skip


@dataclass(frozen=True)
class Yahoo:
    """Symbols as Yahoo writes them: AAPL, 005930.KS, 7203.T."""

    name: str = "yahoo"

    def exchange(self, symbol: str) -> str | None:
        """By the suffix; no suffix is a US listing."""
        stem, dot, suffix = symbol.rpartition(".")
        if not dot:
            return None if symbol.startswith("^") or "=" in symbol else "XNYS"
        return SUFFIXES.get(suffix.upper()) if stem else None

    def fetch(self, symbol: str, timeout: float) -> pd.DataFrame:
        """The whole history, unadjusted, with adjusted closes beside."""
        import yfinance

        # It logs what it also raises.
        logging.getLogger("yfinance").setLevel(logging.CRITICAL)
        history: pd.DataFrame = yfinance.Ticker(symbol).history(
            period="max", auto_adjust=False, actions=False, timeout=timeout, raise_errors=True
        )
        return history


def history(symbol: str, start: str, end: str, timeout: float) -> pd.DataFrame:
    """The bars of some sessions, both ends included, adjusted for splits; empty for an unknown symbol."""
    import yfinance

    logging.getLogger("yfinance").setLevel(logging.CRITICAL)
    after = str(dt.date.fromisoformat(end) + dt.timedelta(days=1))
    try:
        found: pd.DataFrame = yfinance.Ticker(symbol).history(
            start=start, end=after, auto_adjust=False, actions=False, timeout=timeout, raise_errors=True
        )
    except yfinance.exceptions.YFTickerMissingError:
        return pd.DataFrame()
    return found


def spellings(symbol: str, exchange: str) -> tuple[str, ...]:
    """How Yahoo may write a symbol of an exchange: 005930 is 005930.KS or 005930.KQ."""
    if "." in symbol or exchange == "XNYS":
        return (symbol,)
    return tuple(f"{symbol}.{suffix}" for suffix, code in SUFFIXES.items() if code == exchange) or (symbol,)
