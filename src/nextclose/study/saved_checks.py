"""What a saved model must be before anything is computed with it: the arrays that its recipe's net has, and numbers."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from nextclose.core.errors import SavedRunError
from nextclose.core.lang import Joined, Text
from nextclose.core.start import net_shape
from nextclose.core.types import Floats, Params
from nextclose.recipes import Recipe
from nextclose.windows import Scaler

DTYPES = ("float32", "float64")


def check_saved(recipe: Recipe, weights: Params, scaler: Scaler, seeds: int, folder: Path) -> None:
    """Raise SavedRunError unless `weights` are those of `seeds` nets of `recipe`, `scaler` fits them and all are finite."""
    windows, net = recipe.windows, recipe.net
    F = len(windows.features)
    problems = [
        *_odd("shift of x", scaler.x.shift, (F,)),
        *_odd("scale of x", scaler.x.scale, (F,), above=0.0),
        *_odd("shift of y", scaler.y.shift, (1,)),
        *_odd("scale of y", scaler.y.scale, (1,), above=0.0),
    ]
    if net.num_layers > len(weights) or seeds < 1:
        problems.append(Text("{got} arrays are too few for its nets", got=len(weights)))
    else:
        K = windows.outputs * recipe.training.heads
        shapes = net_shape(net, input_size=F, seq_len=windows.seq_len, output_size=K).parameters()
        problems += _odd_weights(weights, shapes, (net.start_rows, net.hidden_size), seeds)
    if problems:
        raise refused(folder, Joined(problems))


def refused(folder: Path, problem: Text) -> SavedRunError:
    """The error for files that can be read but are no saved model."""
    return SavedRunError(
        "'{folder}' holds no model as nextclose saves it: {problem}. Run the study again.",
        folder=folder,
        problem=problem,
    )


def check_words(page: Mapping[str, object], folder: Path) -> None:
    """Raise SavedRunError unless what a page calls by a word is one."""
    for key, kind in {"symbol": str, "trained_until": str, "exchange": str | None, "source": str | None}.items():
        if not isinstance(page[key], kind):
            raise refused(folder, Text("{key}: expected a text, got {got}", key=key, got=page[key]))


def check_name(name: object, folder: Path) -> None:
    """Raise SavedRunError unless a recipe's name stays in the folder that it names."""
    if not isinstance(name, str) or name in ("", ".", "..") or any(mark in name for mark in "/\\:\0"):
        raise refused(folder, Text("'{name}' is no recipe's name", name=name))


def _odd_weights(weights: Params, shapes: dict[str, tuple[int, ...]], h_0: tuple[int, int], seeds: int) -> list[Text]:
    known = {f"seed{seed}.{name}": shape for seed in range(seeds) for name, shape in shapes.items()}
    optional = {f"seed{seed}.h_0": h_0 for seed in range(seeds)}
    lacking = [Text("{name}: nothing is there", name=name) for name in known if name not in weights]
    foreign = [
        Text("no net has an array '{name}'", name=name)
        for name in weights
        if name not in known and name not in optional
    ]
    expected = optional | known
    odd = [problem for name in weights if name in expected for problem in _odd(name, weights[name], expected[name])]
    return [*lacking, *foreign, *odd]


def _odd(name: str, array: Floats, shape: tuple[int, ...], above: float = -np.inf) -> list[Text]:
    if str(array.dtype) not in DTYPES:
        return [Text("{name}: expected float32 or float64, got {dtype}", name=name, dtype=array.dtype)]
    if array.shape != shape:
        return [Text("{name}: expected shape {shape}, got {got}", name=name, shape=shape, got=array.shape)]
    if not np.isfinite(array).all() or not (array > above).all():
        return [Text("{name} holds values that cannot be", name=name)]
    return []
