"""The quantile recipe's interval beside plainer ones, on simulated GARCH walks and bundled samples.

Walked through the last 250 sessions as a run does it. An interval is the net's own quantiles (raw), these corrected by
their misses (cqr), the median's errors (errors), or persistence's errors scaled by the same volatility (persistence).
Shown: the share of closes inside, aimed at 90 %, and the interval score of e, in percent of persistence's.

OMP_NUM_THREADS=1 python bench/quantile.py [KEY=VALUE]...      settings of the recipe, to try others
"""

from __future__ import annotations

import sys

import numpy as np

from nextclose.bars import Bars, load_bars
from nextclose.bench.simulated import simulate
from nextclose.bench.worlds import Garch
from nextclose.judging.cqr import rolling_cqr
from nextclose.judging.intervals import rolling_conformal
from nextclose.judging.metrics import coverage, interval_score
from nextclose.judging.splits import make_split
from nextclose.recipes import Recipe, load_recipe, parse_settings, with_settings
from nextclose.training.fold import fit_folds
from nextclose.training.resolve import resolve_engine
from nextclose.windows import ewma_volatility, make_dataset

SERIES = 20
SESSIONS = 250
WAYS = ("raw", "cqr", "errors", "persistence")
SAMPLES = ("sample:AAPL", "sample:IBM", "sample:MSFT", "sample:GOOG")


def walk(recipe: Recipe, bars: Bars) -> tuple[np.ndarray, np.ndarray]:
    """Origins (n,) and closes by quantile (n, Q) of the test span, the mean over seeds."""
    data, split, engine = make_dataset(bars, recipe.windows), make_split(bars.dates), resolve_engine("auto", recipe)
    folds = split.folds(recipe.refit_every)
    fitted = fit_folds(recipe, data, [(fold.train_start, fold.train_stop) for fold in folds], engine)
    rows, closes = [], []
    for fold, nets in zip(folds, fitted, strict=True):
        windows = data.test_windows(fold.first_target, fold.last_target, split.test_first)
        origins = data.origins(windows)
        rows.append(np.arange(origins.start, origins.stop))
        closes.append(nets.quantile_closes(data, windows, engine).mean(axis=0)[:, 0])
    return np.concatenate(rows), np.concatenate(closes)


def intervals(recipe: Recipe, bars: Bars) -> tuple[np.ndarray, dict[str, tuple[np.ndarray, np.ndarray]]]:
    """y (n,) and each way's lo and hi (n,), all over the last close, where every way has an interval."""
    origins, closes = walk(recipe, bars)
    last, y, volatility = bars.close[origins], bars.close[origins + 1], ewma_volatility(bars.close)[origins]
    middle, lower, upper = closes[:, recipe.training.median], closes[:, 0], closes[:, -1]
    known = (last, y, volatility, origins, origins + 1)
    found = {
        "raw": (lower, upper),
        "cqr": rolling_cqr(middle, lower, upper, *known)[:2],
        "errors": rolling_conformal(middle, *known)[:2],
        "persistence": rolling_conformal(last, *known)[:2],
    }
    rows = np.isfinite(found["cqr"][0])
    return (y / last)[rows], {way: ((lo / last)[rows], (hi / last)[rows]) for way, (lo, hi) in found.items()}


def show(name: str, many: list[Bars], recipe: Recipe) -> None:
    """One line: coverage and score of each way over all series together."""
    made = [intervals(recipe, bars) for bars in many]
    y = np.concatenate([one for one, _ in made])
    ends = {way: [np.concatenate([found[way][end] for _, found in made]) for end in (0, 1)] for way in WAYS}
    base = interval_score(y, *ends["persistence"], 0.9)
    cells = [
        f"{100 * coverage(y, *ends[way]):5.1f} % {100 * interval_score(y, *ends[way], 0.9) / base:6.1f}" for way in WAYS
    ]
    print(f"{name:<14}", *(f"{cell:>16}" for cell in cells), flush=True)


def main() -> None:
    recipe = with_settings(load_recipe("quantile"), parse_settings(sys.argv[1:]))
    print(f"{'':<14}", *(f"{way:>16}" for way in WAYS))
    show(
        "GARCH walks", [simulate(Garch(), SESSIONS, np.random.default_rng(seed)).bars for seed in range(SERIES)], recipe
    )
    for source in SAMPLES:
        show(source, [load_bars(source)], recipe)


if __name__ == "__main__":
    main()
