"""What judging costs: one model on 250 sessions, and a million forecasts, with the memory that these take.

OMP_NUM_THREADS=1 python bench/judging.py
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

from nextclose.core.forecasts import Forecasts
from nextclose.judging.judge import judge

CALLS, READS = 200, 3
SYMBOLS, SESSIONS, MODELS = 500, 500, 4


def forecasts(symbols: int, sessions: int, models: int) -> Forecasts:
    """Noise around the last closes of random walks, with intervals and probabilities."""
    rng = np.random.default_rng(0)
    change = 0.01 * rng.standard_normal((symbols, sessions))
    close = 100.0 * np.exp(np.concatenate([np.zeros((symbols, 1)), np.cumsum(change, axis=1)], axis=1))
    days = np.busday_offset("2020-01-01", np.arange(sessions + 1))
    last, y = close[:, :-1].ravel(), close[:, 1:].ravel()
    spread = {"lo": 0.983 * last, "hi": 1.017 * last, "level": 0.9, "p_up": 0.5}
    return Forecasts.concat(
        [
            Forecasts.make(
                {
                    "symbol": np.repeat([f"S{i:03d}" for i in range(symbols)], sessions),
                    "model": f"noise {model}",
                    "origin": np.tile(days[:-1], symbols),
                    "target_date": np.tile(days[1:], symbols),
                    "yhat": last * (1.0 + 0.002 * model * rng.standard_normal(len(last))),
                    "last_close": last,
                    "y": y,
                }
                | spread
            )
            for model in range(1, models + 1)
        ]
    )


def one_model() -> list[float]:
    """Seconds of CPU time a call in a warm process."""
    table = forecasts(1, 250, 1)
    judge(table)
    seconds = []
    for _ in range(CALLS):
        began = time.process_time()
        judge(table)
        seconds.append(time.process_time() - began)
    return seconds


MILLION = """
import resource, sys, time
import nextclose as nc
began = time.process_time()
judged = nc.judge(sys.argv[1])
print(time.process_time() - began, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, len(judged.symbols))
"""


def million(path: Path) -> list[tuple[float, float, int]]:
    """(seconds of CPU time, GiB at most, rows by symbol) of fresh processes that judge a file."""
    found = []
    for _ in range(READS):
        out = subprocess.check_output([sys.executable, "-c", MILLION, str(path)], text=True).split()
        found.append((float(out[0]), float(out[1]), int(out[2])))
    return found


def main() -> None:
    seconds = one_model()
    print(f"one model, 250 sessions    {1000 * statistics.median(seconds):6.2f} ms   median of {CALLS} calls")
    table = forecasts(SYMBOLS, SESSIONS, MODELS)
    with tempfile.TemporaryDirectory() as folder:
        for name in ("million.parquet", "million.csv"):
            path = Path(folder) / name
            frame: pd.DataFrame = table.to_pandas()
            frame.to_parquet(path, index=False) if name.endswith("parquet") else frame.to_csv(path, index=False)
            took = million(path)
            print(
                f"{len(table):,} forecasts, {path.suffix[1:]:8} {statistics.median(s for s, _, _ in took):6.2f} s    "
                f"{max(gib for _, gib, _ in took):.2f} GiB, {took[0][2]:,} rows by symbol"
            )


if __name__ == "__main__":
    main()
