"""The quantile recipe's interval beside plainer ones, on simulated GARCH walks and bundled samples.

Each is a run over the last 250 sessions. An interval is the net's own quantiles (raw), these corrected by their misses
(quantile), the errors of the default recipe (default), or persistence's errors (persistence), all scaled by the same
volatility. Shown: the share of closes inside, aimed at 90 %, and the interval score over the last close, in percent of
persistence's, on the sessions where all have an interval.

OMP_NUM_THREADS=1 python bench/quantile.py [KEY=VALUE]...      settings of the quantile recipe, to try others
"""

from __future__ import annotations

import sys

import numpy as np

import nextclose as nc
from nextclose.bars import Bars, load_bars
from nextclose.bench.simulated import simulate
from nextclose.bench.worlds import Garch
from nextclose.core.types import Float64s
from nextclose.judging.metrics import coverage, interval_score
from nextclose.recipes import parse_settings

SERIES = 20
SESSIONS = 250
WAYS = ("raw", "quantile", "default", "persistence")
SAMPLES = ("sample:AAPL", "sample:IBM", "sample:MSFT", "sample:GOOG")
LEVEL = 0.9


def intervals(bars: Bars, settings: dict[str, object]) -> tuple[Float64s, dict[str, tuple[Float64s, Float64s]]]:
    """y (n,) and each way's lo and hi (n,), all over the last close, where every way has an interval."""
    own = nc.run(bars, recipes=["quantile"], settings=settings).table
    plain = nc.run(bars, recipes=["default"]).table
    net, last = own.of("quantile"), own.of("quantile").last_close
    ends = list(net.quantiles.values())
    found = {"raw": (ends[0], ends[-1]), "quantile": (net.lo, net.hi)}
    for way in ("default", "persistence"):
        rows = plain.of(way)
        found[way] = rows.lo, rows.hi
    rows = np.isfinite(found["persistence"][0])
    return (net.y / last)[rows], {way: ((lo / last)[rows], (hi / last)[rows]) for way, (lo, hi) in found.items()}


def show(name: str, many: list[Bars], settings: dict[str, object]) -> None:
    """One line: coverage and score of each way over all series together."""
    made = [intervals(bars, settings) for bars in many]
    y = np.concatenate([one for one, _ in made])
    ends = {way: [np.concatenate([found[way][end] for _, found in made]) for end in (0, 1)] for way in WAYS}
    scores = {way: interval_score(y, *ends[way], LEVEL) for way in WAYS}
    cells = [f"{100 * coverage(y, *ends[way]):5.1f} % {100 * scores[way] / scores['persistence']:6.1f}" for way in WAYS]
    print(f"{name:<14}", *(f"{cell:>16}" for cell in cells), flush=True)


def main() -> None:
    settings = parse_settings(sys.argv[1:])
    print(f"{'':<14}", *(f"{way:>16}" for way in WAYS))
    walks = [simulate(Garch(), SESSIONS, np.random.default_rng(seed)).bars for seed in range(SERIES)]
    show("GARCH walks", walks, settings)
    for source in SAMPLES:
        show(source, [load_bars(source)], settings)


if __name__ == "__main__":
    main()
