"""What a warm start saves and what it costs in skill: each fold from the last one's weights, beside each fold anew.

OMP_NUM_THREADS=1 python bench/warm.py [--bars FILE] [--symbols N] [--recipe NAME]...

Every recipe is walked over the last 250 sessions of the four bundled samples and, where the file is there, of some symbols of
it: cold, and warm with all its epochs, a quarter of them, and a tenth. Skills are medians over the series; "against cold" is
the median over the series of the difference in skill.
"""

from __future__ import annotations

import argparse
from itertools import islice
from pathlib import Path

import numpy as np

from nextclose.bars import load_bars
from nextclose.bars.bars import Bars
from nextclose.bars.survey import iter_bars
from nextclose.core.forecasts import Forecasts
from nextclose.judging.metrics import skill
from nextclose.recipes import Recipe, load_recipe, with_settings
from nextclose.study.walk_forward import walk_forward

FILE = Path(__file__).resolve().parents[1] / ".." / "shared" / "data" / "sp500_2013_2018.parquet"
SAMPLES = ("sample:AAPL", "sample:IBM", "sample:MSFT", "sample:GOOG")
RECIPES = ("tutorial", "tutorial-converged", "default")
SCHEDULES = (21, 5)
"""Sessions that a fit serves."""
SHARES = {"all epochs": 1.0, "a quarter": 0.25, "a tenth": 0.1}
EVERY, SEEDS = 25, 2


def variants(recipe: Recipe) -> dict[str, Recipe]:
    """Cold, and warm with some of the epochs."""
    epochs = recipe.training.epochs
    warm = {
        name: with_settings(recipe, {"warm_start": True, "warm_epochs": max(round(share * epochs), 1)})
        for name, share in SHARES.items()
    }
    return {"cold": recipe, **warm}


def series(file: Path, count: int) -> list[Bars]:
    """The samples, and every 25th symbol of a file that has a full history."""
    known = [load_bars(source) for source in SAMPLES]
    if file.is_file():
        found = [bars for _, bars in iter_bars(str(file)) if isinstance(bars, Bars)]
        longest = max(map(len, found))
        full = (bars for bars in found if len(bars) == longest)
        known += islice(full, 0, count * EVERY, EVERY)
    return known


def skill_of(table: Forecasts) -> float:
    return skill(table.error, table.y / table.last_close - 1.0)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--bars", type=Path, default=FILE)
    options.add_argument("--symbols", type=int, default=6)
    options.add_argument("--recipe", action="append", choices=RECIPES, help="all of them unless said")
    chosen = options.parse_args()
    known = series(chosen.bars, chosen.symbols)
    print(f"{len(known)} series, {SEEDS} seeds")
    print(f"{'':20} {'refit':>5}  {'start':12} {'skill':>8} {'against cold':>13} {'seconds':>8}")
    for name in chosen.recipe or RECIPES:
        for every in SCHEDULES:
            cold = np.empty(0)
            for start, recipe in variants(load_recipe(name)).items():
                walks = [walk_forward(bars, recipe, refit_every=every, seeds=SEEDS) for bars in known]
                skills = np.array([skill_of(walk.table) for walk in walks])
                cold = skills if start == "cold" else cold
                seconds = sum(sum(walk.seconds.values()) for walk in walks)
                print(
                    f"{name:20} {every:5}  {start:12} {np.median(skills):+8.4f} {np.median(skills - cold):+13.4f} {seconds:8.1f}",
                    flush=True,
                )


if __name__ == "__main__":
    main()
