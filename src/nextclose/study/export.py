"""A fitted recipe as one ONNX file that any runtime can ask for the next close, compared with the model before it stays."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from nextclose.core.errors import NextcloseError, SavedRunError, SettingsError
from nextclose.core.lang import Lang
from nextclose.core.suggest import did_you_mean
from nextclose.core.types import Float64s
from nextclose.recipes import Recipe, of_bars
from nextclose.study.forecaster import load_of_bars
from nextclose.study.ports import Port, ports, properties
from nextclose.study.saved_model import SavedModel
from nextclose.study.study import Study
from nextclose.training.resolve import resolve_engine
from nextclose.windows import Dataset, make_dataset

PACKAGES = ("torch", "onnx", "onnxscript", "onnxruntime")
INSTALL = 'pip install -c constraints.txt -e ".[onnx]"'
LIMIT = 1e-5
"""Largest relative difference between the file's prices and the model's."""
CHECKED = 50
"""Windows on which they are compared, at most."""


@dataclass(frozen=True, kw_only=True)
class Exported:
    """A file that was written, and how far it is from the model."""

    recipe: str
    file: str
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    checked_windows: int
    """Origins at which both were asked, with all bars up to there."""
    largest_relative_difference: float
    """Of any price or quantile among them; at most `LIMIT`."""


def export_run(
    folder: Path, file: Path, *, recipe: str | None = None, force: bool = False, lang: Lang = "en"
) -> Exported:
    """Write one model of a saved run, or a saved forecaster, to `file`; a run of several needs the `recipe`'s name.

    Raises
    ------
    SavedRunError : a run that is missing, damaged or from a newer version.
    SettingsError : no such recipe there; and as `export_model`.
    """
    saved = load_of_bars(folder)
    models = saved.fitted if isinstance(saved, Study) else (saved.model,)
    return export_model(_pick(models, folder, recipe), file, force=force, lang=lang)


def export_model(model: SavedModel, file: Path, *, force: bool = False, lang: Lang = "en") -> Exported:
    """Write `model` to `file` as ONNX, once onnxruntime has been asked for its prices and they are the model's.

    What the file says of its inputs and outputs is in `lang`.

    Raises
    ------
    SettingsError : packages that are missing, a recipe without `close`, or a file that cannot be written.
    NextcloseError : the prices differ by more than `LIMIT`.
    """
    _check_packages()
    _check_recipe(model.fold.recipe)
    _check_free(file, force=force)
    from nextclose.training.graph import write_graph

    inputs, outputs = ports(model.fold.recipe, lang)
    with _beside(file) as partial:
        docs = {port.name: port.meaning for port in (*inputs, *outputs)}
        write_graph(model.fold, partial, properties=properties(model, lang), docs=docs)
        windows, difference = compare(partial, model)
        if not difference <= LIMIT:
            raise NextcloseError(
                "the prices of the ONNX file differ from the model's by {difference} of the price, more than {limit}; "
                "nothing was written. Please report this, with the settings of recipe '{recipe}'.",
                difference=f"{difference:.1e}",
                limit=f"{LIMIT:.0e}",
                recipe=model.fold.recipe.name,
            )
    return Exported(
        recipe=model.fold.recipe.name,
        file=str(file),
        inputs=inputs,
        outputs=outputs,
        checked_windows=windows,
        largest_relative_difference=difference,
    )


def compare(file: Path, model: SavedModel) -> tuple[int, float]:
    """How many windows of the model's own bars both were asked for, and the largest difference, relative to the price or, where
    a poor model says one near 0, to the last close."""
    data = make_dataset(model.bars, model.fold.recipe.windows)
    picked = np.unique(np.linspace(0, len(data.X) - 1, CHECKED).astype(int))
    engine = resolve_engine("auto", model.fold.recipe)
    wanted = np.stack(
        [model.fold.quantile_closes(data, slice(i, i + 1), engine).mean(axis=0)[0] for i in picked.tolist()]
    )
    got = np.stack(list(_run(file, data, picked.tolist())))
    last_close = data.close[picked + data.first, None, None]
    return len(picked), float(np.max(np.abs(got - wanted) / np.maximum(np.abs(wanted), last_close)))


def _run(file: Path, data: Dataset, windows: list[int]) -> Iterator[Float64s]:
    """What onnxruntime says of some windows, with all bars up to their origins, (K, Q) each."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
    for window in windows:
        rows = data.columns[: data.first + window + 1].astype(np.float32)
        price, *quantiles = session.run(None, {"bars": rows})
        yield quantiles[0] if quantiles else price[:, None]


def _pick(models: tuple[SavedModel, ...], folder: Path, recipe: str | None) -> SavedModel:
    named = {model.fold.recipe.name: model for model in models}
    if not named:
        raise SavedRunError("the run in '{folder}' holds no fitted model", folder=folder)
    if recipe is None and len(named) == 1:
        return models[0]
    listed = ", ".join(named)
    if recipe is None:
        raise SettingsError(
            "the run in '{folder}' holds {count} recipes and one file holds one: choose with --recipe among {listed}",
            folder=folder,
            count=len(named),
            listed=listed,
        )
    if recipe not in named:
        raise SettingsError(
            "the run in '{folder}' holds no recipe '{recipe}': expected one of {listed}.{hint}",
            folder=folder,
            recipe=recipe,
            listed=listed,
            hint=did_you_mean(recipe, tuple(named)),
        )
    return named[recipe]


def _check_packages() -> None:
    missing = [name for name in PACKAGES if not _is_there(name)]
    if missing:
        raise SettingsError(
            "exporting to ONNX needs {missing}, not installed here: {install}",
            missing=", ".join(missing),
            install=INSTALL,
        )


def _is_there(package: str) -> bool:
    try:
        return find_spec(package) is not None
    except ImportError:
        return False


def _check_recipe(recipe: Recipe) -> None:
    if "close" not in of_bars(recipe).windows.features:
        raise SettingsError(
            "recipe '{recipe}' cannot be exported: its forecast is relative to the last close, and 'close' is not among its "
            "features ({features}), which are all that the file is given. Fit it with close, such as --set features={wish}.",
            recipe=recipe.name,
            features=", ".join(recipe.windows.features),
            wish=",".join((*recipe.windows.features, "close")),
        )


def _check_free(file: Path, *, force: bool) -> None:
    if file.is_dir():
        raise SettingsError("cannot write to '{file}': it is a folder. Give a file, such as model.onnx.", file=file)
    if file.exists() and not force:
        raise SettingsError("'{file}' exists. Give another file, or write over it with --force.", file=file)


@contextmanager
def _beside(file: Path) -> Iterator[Path]:
    """A path beside `file` whose file takes its place when the block ends well."""
    partial = file.with_name(f".{file.name}.partial-{os.getpid()}")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        yield partial
        partial.replace(file)
    except OSError as error:
        raise SettingsError(
            "cannot write to '{folder}': {error}. Nothing was left there.", folder=file, error=error
        ) from error
    finally:
        with suppress(OSError):
            partial.unlink()
