"""A study as a folder, written whole or not at all.

study.json        everything but the tables: settings, split, rows, verdicts, versions, data hash
forecasts.parquet the Forecasts table
bars.parquet      the bars, adjusted to quoted prices
timings.json      seconds, host and process: the only file that differs between two equal runs
report.html       the page
models/<recipe>/  the last fold's nets (`saved_model`)
"""

from __future__ import annotations

import json
import os
import platform
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, get_type_hints

from nextclose.core.errors import SavedRunError, SettingsError
from nextclose.core.forecasts import COLUMNS, Forecasts
from nextclose.core.plain import plain, rebuild, to_json
from nextclose.core.results import PriceHistory, StudyResult
from nextclose.report import write_report
from nextclose.study.saved_checks import check_name
from nextclose.study.saved_model import FORMAT, damage_told, load_model, read_bars, read_page, save_model, write_bars
from nextclose.study.study import Study

_IN_TABLES = ("table", "history")
_LATER = ("intervals", "attention")
"""What studies saved by an earlier version lack."""


def check_free(folder: Path, *, holds: str = "study.json", force: bool) -> None:
    """Raise SettingsError unless something that has a file called `holds` may be written to `folder`."""
    for parent in folder.absolute().parents:
        if parent.exists() and not parent.is_dir():
            raise SettingsError("cannot write to '{folder}': '{parent}' is a file", folder=folder, parent=parent)
    if folder.exists() and not folder.is_dir():
        raise SettingsError("cannot write to '{folder}': it is a file. Give a folder with --out.", folder=folder)
    if not folder.is_dir() or not any(folder.iterdir()):
        return
    if not (folder / holds).is_file():
        raise SettingsError(
            "'{folder}' exists and holds no {holds}, so nothing is written over it. Give another folder with --out.",
            folder=folder,
            holds=holds,
        )
    if not force:
        raise SettingsError(
            "'{folder}' already holds a saved run. Look at that one, give another folder with --out, or write over it "
            "with --force.",
            folder=folder,
        )


def save_study(study: Study, folder: Path, *, force: bool) -> Path:
    """Write `study` to `folder`; raises SettingsError where that is not possible."""
    check_free(folder, force=force)
    with beside(folder) as partial:
        _write(study, partial)
    return folder


def load_study(folder: Path) -> Study:
    """The study saved in `folder`; raises SavedRunError where it is missing, damaged or from a newer nextclose."""
    if not (folder / "study.json").is_file():
        raise SavedRunError(
            "no saved run in '{folder}': expected a study.json there, as nextclose run --out writes it", folder=folder
        )
    page = read_page(folder / "study.json")
    with damage_told(folder):
        return _read(page, folder)


@contextmanager
def beside(folder: Path) -> Iterator[Path]:
    """A new folder beside `folder` that takes its place when the block ends well."""
    partial = folder.parent / f".{folder.name}.partial-{os.getpid()}"
    try:
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        yield partial
        old = folder.parent / f".{folder.name}.old-{os.getpid()}"
        if folder.exists():
            folder.rename(old)
        partial.rename(folder)
        shutil.rmtree(old, ignore_errors=True)
    except OSError as error:
        raise SettingsError(
            "cannot write to '{folder}': {error}. Nothing was left there.", folder=folder, error=error
        ) from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _write(study: Study, folder: Path) -> None:
    page = {"format": FORMAT} | {
        field.name: plain(getattr(study, field.name)) for field in fields(StudyResult) if field.name not in _IN_TABLES
    }
    page["models"] = [plain(replace(row, fit_seconds=0.0)) for row in study.models]
    page["config"] = study.config
    (folder / "study.json").write_text(to_json(page), encoding="utf-8")
    write_seconds({row.name: row.fit_seconds for row in study.models}, folder)
    write_forecasts(study.table, folder / "forecasts.parquet")
    write_bars(study.fitted[0].bars, folder / "bars.parquet")
    for model in study.fitted:
        own = folder / "models" / model.fold.recipe.name
        own.mkdir(parents=True)
        save_model(model, own)
    write_report(study, folder / "report.html")


def _read(page: dict[str, Any], folder: Path) -> Study:
    hints = get_type_hints(StudyResult)
    known = {
        field.name: rebuild(hints[field.name], page[field.name])
        for field in fields(StudyResult)
        if field.name not in _IN_TABLES and (field.name in page or field.name not in _LATER)
    }
    bars = read_bars(folder / "bars.parquet", known["data"].symbol)
    history = PriceHistory(**{field.name: getattr(bars, field.name) for field in fields(PriceHistory)})
    for name in known["recipes"]:
        check_name(name, folder)
    fitted = tuple(load_model(folder / "models" / name) for name in known["recipes"])
    table = read_forecasts(folder / "forecasts.parquet")
    seconds = read_seconds(folder)
    known["models"] = tuple(replace(row, fit_seconds=seconds.get(row.name, 0.0)) for row in known["models"])
    return Study(**known, table=table, history=history, fitted=fitted, config=page["config"])


def write_seconds(seconds: Mapping[str, float], folder: Path) -> None:
    """Seconds by model, host and process, as timings.json."""
    timings = {"fit_seconds": seconds, "host": platform.node(), "pid": os.getpid()}
    (folder / "timings.json").write_text(to_json(timings), encoding="utf-8")


def read_seconds(folder: Path) -> dict[str, float]:
    """Seconds by model; none where the file is gone, since nothing depends on them."""
    try:
        seconds: dict[str, float] = json.loads((folder / "timings.json").read_text(encoding="utf-8"))["fit_seconds"]
    except (OSError, ValueError, KeyError):
        return {}
    return seconds


def write_forecasts(table: Forecasts, path: Path) -> None:
    """The Forecasts table as Parquet: its columns, then q0.05, ... a quantile."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns = dict(table.columns()) | {f"q{level:g}": column for level, column in table.quantiles.items()}
    pq.write_table(pa.table({name: pa.array(column) for name, column in columns.items()}), path, compression="zstd")


def read_forecasts(path: Path) -> Forecasts:
    """What `write_forecasts` wrote."""
    import pyarrow.parquet as pq

    table = pq.read_table(path)
    columns = {name: table.column(name).to_numpy() for name in table.column_names}
    quantiles = {float(name[1:]): columns.pop(name) for name in tuple(columns) if name not in COLUMNS}
    return Forecasts.make(columns, quantiles)
