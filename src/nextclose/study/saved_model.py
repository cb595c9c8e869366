"""A fitted recipe as a folder: model.json says what it is, weights.safetensors holds the nets. Never pickle.

model.json             recipe, scaler, calibration scores, symbol, exchange, format version
weights.safetensors    seed0.w_x, seed0.w_h, ..., seed1.w_x, ...
bars.parquet           the bars that were known when it was saved, to compare newer ones with
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from nextclose.bars.bars import PRICES, Bars
from nextclose.core.errors import SavedRunError
from nextclose.core.fit import Fit
from nextclose.core.types import Params
from nextclose.recipes import Recipe
from nextclose.study.saved_checks import check_saved, check_words
from nextclose.study.scores import Scores
from nextclose.training.fold import FittedFold
from nextclose.windows import Affine, Scaler

FORMAT = 3
"""Raised whenever an older nextclose could not read what this one writes."""
SCORES_SINCE = 2
"""The format since which scores are in units of the volatility of ranges."""


@dataclass(frozen=True, kw_only=True, eq=False)
class SavedModel:
    """A fitted recipe with all it needs to forecast: nets, scaler, past errors, and the bars it knew."""

    fold: FittedFold
    scores: Scores
    """(m,) its out-of-sample scores of step 1; what intervals come from."""
    bars: Bars
    trained_until: str
    """ISO date of the last training target."""
    later: tuple[Scores, ...] = ()
    """Those of the steps behind."""


def save_model(model: SavedModel, folder: Path) -> None:
    """Write `model` into an existing empty folder."""
    write_weights([fit.params for fit in model.fold.fits], folder)
    write_bars(model.bars, folder / "bars.parquet")
    recipe, scaler = model.fold.recipe, model.fold.scaler
    page = {
        "format": FORMAT,
        "recipe": {"name": recipe.name, "summary": recipe.summary, "settings": recipe.settings()},
        "symbol": model.bars.symbol,
        "exchange": model.bars.exchange,
        "source": model.bars.source,
        "trained_until": model.trained_until,
        "train_shape": list(model.fold.train_shape),
        "scaler": {
            axis: {"shift": affine.shift.tolist(), "scale": affine.scale.tolist()}
            for axis, affine in (("x", scaler.x), ("y", scaler.y))
        },
        "scores": model.scores.errors.tolist(),
        "missed": None if model.scores.missed is None else model.scores.missed.tolist(),
        "later": [
            {"scores": step.errors.tolist(), "missed": None if step.missed is None else step.missed.tolist()}
            for step in model.later
        ],
        "final_losses": [float(fit.losses[-1]) for fit in model.fold.fits],
    }
    (folder / "model.json").write_text(json.dumps(page, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def load_model(folder: Path) -> SavedModel:
    """The model saved in `folder`.

    Raises
    ------
    SavedRunError : nothing is saved there, or it is damaged, or a newer nextclose wrote it.
    """
    path = folder / "model.json"
    if not path.is_file():
        raise SavedRunError("no saved model in '{folder}': expected a model.json there", folder=folder)
    page = read_page(path)
    with damage_told(folder):
        return _rebuild(page, folder)


def read_page(path: Path) -> dict[str, Any]:
    """The JSON object in `path`, if this version can read its format."""
    try:
        page = json.loads(path.read_text(encoding="utf-8"))
        written = int(page["format"])
    except (OSError, ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
        raise damaged(path, error) from error
    if written > FORMAT:
        raise SavedRunError(
            "'{path}' was written by a newer nextclose (format {written}; this one reads up to {known}). "
            "Update nextclose, or run the study again with this version.",
            path=path,
            written=written,
            known=FORMAT,
        )
    return dict(page)


def damaged(path: Path, error: Exception) -> SavedRunError:
    """The error for files that are there but cannot be read."""
    return SavedRunError(
        "'{path}' is damaged and cannot be read ({error}). Run the study again.",
        path=path,
        error=f"{type(error).__name__}: {error}",
    )


@contextmanager
def damage_told(folder: Path) -> Iterator[None]:
    """Raise SavedRunError for whatever reading the files of a run in `folder` stumbles over."""
    try:
        yield
    except SavedRunError:
        raise
    except Exception as error:
        raise damaged(folder, error) from error


def _rebuild(page: dict[str, Any], folder: Path) -> SavedModel:
    check_words(page, folder)
    recipe = Recipe.from_settings(page["recipe"]["name"], page["recipe"]["summary"], page["recipe"]["settings"])
    weights = _arrays(folder)
    maps = {
        axis: Affine(shift=np.array(part["shift"]), scale=np.array(part["scale"]))
        for axis, part in page["scaler"].items()
    }
    fits = tuple(
        Fit(params=_seed(weights, seed), losses=np.array([loss]), val_losses=np.empty(0), best_epoch=-1)
        for seed, loss in enumerate(page["final_losses"])
    )
    scaler = Scaler(x=maps["x"], y=maps["y"])
    check_saved(recipe, weights, scaler, len(fits), folder)
    N, L, F = page["train_shape"]
    bars = read_bars(folder / "bars.parquet", page["symbol"])
    return SavedModel(
        fold=FittedFold(recipe=recipe, scaler=scaler, fits=fits, train_shape=(N, L, F)),
        scores=_scores(page, page["format"]),
        later=tuple(_scores(step, page["format"]) for step in page.get("later", ())),
        bars=replace(bars, exchange=page["exchange"], source=page["source"]),
        trained_until=page["trained_until"],
    )


def _scores(page: dict[str, Any], written: int) -> Scores:
    """None from a model of the first format: its scores were in units of another volatility."""
    if written < SCORES_SINCE:
        return Scores(errors=np.empty(0))
    missed = page["missed"]
    own = None if missed is None else np.array(missed, dtype=np.float64)
    return Scores(errors=np.array(page["scores"], dtype=np.float64), missed=own)


def write_weights(nets: Sequence[Params], folder: Path) -> None:
    """Each seed's weights as weights.safetensors: seed0.w_x, seed0.w_h, ..."""
    from safetensors.numpy import save

    weights = {
        f"seed{seed}.{name}": np.ascontiguousarray(array)
        for seed, net in enumerate(nets)
        for name, array in net.items()
    }
    (folder / "weights.safetensors").write_bytes(save(weights))


def read_weights(seeds: int, folder: Path) -> tuple[Params, ...]:
    """What `write_weights` wrote of so many seeds."""
    weights = _arrays(folder)
    return tuple(_seed(weights, seed) for seed in range(seeds))


def _arrays(folder: Path) -> Params:
    from safetensors.numpy import load_file

    return dict(load_file(folder / "weights.safetensors"))


def _seed(weights: Params, seed: int) -> Params:
    prefix = f"seed{seed}."
    return {name.removeprefix(prefix): array for name, array in weights.items() if name.startswith(prefix)}


def write_bars(bars: Bars, path: Path) -> None:
    """Bars as Parquet: date, open, high, low, close, volume and, where there are any, adj_close and extras."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns = {"date": pa.array(bars.dates.astype("datetime64[D]"))}
    columns |= {name: pa.array(values) for name, values in bars.numbers().items()}
    pq.write_table(pa.table(columns), path, compression="zstd")


def read_bars(path: Path, symbol: str) -> Bars:
    """What `write_bars` wrote, values bit for bit."""
    import pyarrow.parquet as pq

    table = pq.read_table(path)
    numbers = {name: table.column(name).to_numpy() for name in table.column_names if name != "date"}
    columns = {name: numbers.pop(name) for name in (*PRICES, "volume")}
    return Bars(
        symbol=symbol,
        dates=table.column("date").to_numpy().astype("datetime64[D]"),
        **columns,
        adj_close=numbers.pop("adj_close", None),
        extra=numbers,
    )
