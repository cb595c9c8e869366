"""Nets of one shape trained by PyTorch side by side: CPU seconds a net, by how many stand in one call.

OMP_NUM_THREADS=1 python bench/side_by_side.py
"""

from __future__ import annotations

from time import process_time

import numpy as np

from nextclose.core.fit import Task
from nextclose.recipes import load_recipe, with_settings
from nextclose.training import fit

COUNTS = (1, 3, 5, 8, 15)
WINDOWS, HELD_OUT, EPOCHS = 2_950, 400, 4
RECIPES = ("rnn-bidirectional", "lstm-log", "seq2seq-attention", "transformer")


def seconds(name: str, count: int) -> float:
    """CPU seconds a net of `count` nets trained in one call."""
    recipe = with_settings(load_recipe(name), {"epochs": EPOCHS, "patience": None})
    rng = np.random.default_rng(0)
    L, F = recipe.windows.seq_len, len(recipe.windows.features)
    X = rng.standard_normal((WINDOWS + HELD_OUT, L, F))
    y = rng.standard_normal((len(X), recipe.windows.horizon))
    tasks = [Task(start=0, stop=WINDOWS, val_start=WINDOWS, val_stop=len(X), seed=seed) for seed in range(count)]
    fit.SIDE_BY_SIDE = count
    began = process_time()
    fit.fit_many(X, y, tasks, net=recipe.net, training=recipe.training)
    return (process_time() - began) / count


def main() -> None:
    seconds(RECIPES[0], 1)  # PyTorch's own first call
    print("recipe".ljust(20), *(f"{count:>6}" for count in COUNTS))
    for name in RECIPES:
        print(name.ljust(20), *(f"{seconds(name, count):6.2f}" for count in COUNTS), flush=True)


if __name__ == "__main__":
    main()
