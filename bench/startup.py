"""What starting costs, and what a million bars cost: medians of many, against `python -c pass` and pandas.

python bench/startup.py
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from nextclose.bars import load_bars

STARTS, READS, BARS = 15, 7, 1_000_000


def wall(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def start(*arguments: str) -> Callable[[], object]:
    return lambda: subprocess.run([sys.executable, *arguments], check=True, capture_output=True)


def in_turn(times: int, *works: Callable[[], object]) -> list[float]:
    """Median seconds of each, measured in turn so that a drift of the machine's speed meets them all."""
    rounds = [[wall(work) for work in works] for _ in range(times)]
    return [statistics.median(column) for column in zip(*rounds, strict=True)]


def million_bars(path: Path) -> None:
    rng = np.random.default_rng(0)
    close = (100.0 * np.exp(np.cumsum(1e-4 * rng.standard_normal(BARS)))).round(2)
    dates = np.datetime_as_string(np.datetime64("0100-01-01") + np.arange(BARS), unit="D")
    prices = {"open": close, "high": (close * 1.01).round(2), "low": (close * 0.99).round(2), "close": close}
    pd.DataFrame({"date": dates, **prices, "volume": rng.integers(1, 10**6, BARS)}).to_csv(path, index=False)


def main() -> None:
    nothing, bare, usage = in_turn(
        STARTS, start("-c", "pass"), start("-c", "import nextclose"), start("-m", "nextclose", "--help")
    )
    print(f"python -c pass            {1000 * nothing:6.0f} ms")
    print(f"import nextclose          {1000 * bare:6.0f} ms   {bare / nothing:.1f} x python -c pass")
    print(f"nextclose --help          {1000 * usage:6.0f} ms   {usage / nothing:.1f} x python -c pass")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "million.csv"
        million_bars(path)
        ours, theirs = in_turn(READS, lambda: load_bars(path), lambda: pd.read_csv(path))
    print(
        f"load_bars, 1,000,000 rows {1000 * ours:6.0f} ms   {ours / theirs:.2f} x pandas.read_csv ({1000 * theirs:.0f} ms)"
    )


main()
