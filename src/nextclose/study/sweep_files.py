"""A sweep as a folder, saved as it goes.

sweep.json              the manifest, written first: recipe, settings, grid or ranges, split, data hash, versions
cells/<number>.safetensors   one combination: losses, forecasts by seed, and its settings in the header
forecasts.parquet       the Forecasts table, combinations and plainer forecasts, when all is done
scores.json             a row a combination, verdicts and sentences
timings.json            seconds by combination: the only file that differs between two equal sweeps
report.html             the page
"""

from __future__ import annotations

import hashlib
import json
import platform
import shutil
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import safe_open
from safetensors.numpy import save

from nextclose.core.errors import NextcloseError, SavedRunError, SettingsError
from nextclose.core.files import LOCK, locked, replace_bytes
from nextclose.core.forecasts import Forecasts
from nextclose.core.lang import Text
from nextclose.core.plain import plain, rebuild, to_json
from nextclose.core.sweep import SweepCell
from nextclose.study.saving import check_free, read_forecasts, write_forecasts
from nextclose.study.sweep_manifest import FORMAT, NAME, SweepManifest

ARRAYS = ("losses", "val_losses", "validation", "final_losses", "origins", "prices")
TABLE = "forecasts.parquet"
SCORES = "scores.json"


class SweepStore:
    """Keeps what is done; without a folder only in memory."""

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder
        self.notes: list[Text] = []
        self.seconds: dict[str, float] = {}

    def read(self, number: int, name: str) -> SweepCell | None:
        """The saved combination, or None: not there yet, or damaged, which is noted."""
        path = self._cell(number)
        if path is None or not path.is_file():
            return None
        try:
            cell = read_cell(path)
        except Exception:
            cell = None
        if cell is not None and cell.name == name:
            return cell
        self.notes.append(Text("'{path}' was damaged and was computed again.", path=path))
        return None

    def write(self, number: int, cell: SweepCell, seconds: float) -> None:
        """Keep one combination."""
        path = self._cell(number)
        self.seconds[cell.name] = seconds
        if path is not None:
            self._replace(path, cell_bytes(cell))

    def timed(self) -> None:
        """Keep the seconds beside those of earlier attempts."""
        if self.folder is None:
            return
        path = self.folder / "timings.json"
        self.seconds = _read_seconds(path) | self.seconds
        page = {"fit_seconds": self.seconds, "host": platform.node()}
        self._replace(path, to_json(page).encode())

    def table(self) -> Forecasts | None:
        """The Forecasts table of a sweep that is done."""
        if self.folder is None or not (self.folder / TABLE).is_file():
            return None
        try:
            return read_forecasts(self.folder / TABLE)
        except Exception:
            self.notes.append(Text("'{path}' was damaged and was computed again.", path=self.folder / TABLE))
            return None

    def finish(self, table: Forecasts, scores: Mapping[str, Any]) -> None:
        """Keep what was found of all combinations together."""
        if self.folder is None:
            return
        beside = self.folder / f".{TABLE}.partial"
        try:
            write_forecasts(table, beside)
            beside.replace(self.folder / TABLE)
        except OSError as error:
            raise _cannot_write(beside, error) from error
        self._replace(self.folder / SCORES, to_json(scores).encode())

    def _cell(self, number: int) -> Path | None:
        return None if self.folder is None else self.folder / "cells" / f"{number:04d}.safetensors"

    @staticmethod
    def _replace(path: Path, content: bytes) -> None:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            replace_bytes(path, content)
        except OSError as error:
            raise _cannot_write(path, error) from error


@contextmanager
def open_store(
    folder: Path | None, manifest: SweepManifest, *, force: bool
) -> Iterator[tuple[SweepStore, SweepManifest]]:
    """The store of a sweep that begins or goes on, and the manifest that it goes by; nobody else writes there meanwhile.

    Raises
    ------
    SettingsError : the folder holds something else, another sweep, or one that somebody works on.
    """
    if folder is None:
        yield SweepStore(), manifest
        return
    _check_folder(folder, manifest, force=force)
    with ExitStack() as held:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            held.enter_context(locked(folder))
            _sweep_up(folder)
            settled = _settle_manifest(folder, manifest, force=force)
        except TimeoutError:
            raise SettingsError(
                "another nextclose is working on '{folder}'. Wait for it, or stop it first.", folder=folder
            ) from None
        except OSError as error:
            raise SettingsError(
                "cannot write to '{folder}': {error}. Give another folder with --out.",
                folder=folder,
                error=error.strerror or str(error),
            ) from error
        yield SweepStore(folder), settled


def read_manifest(folder: Path) -> SweepManifest:
    """The manifest in a sweep's folder. Raises SavedRunError where it is missing, damaged or from a newer nextclose."""
    path = folder / NAME
    try:
        page = json.loads(path.read_text(encoding="utf-8"))
        written = page["format"]
        if written <= FORMAT:
            return rebuild(SweepManifest, page)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SavedRunError(
            "'{path}' is damaged and cannot be read ({error}). Begin anew with --force.",
            path=path,
            error=f"{type(error).__name__}: {error}",
        ) from error
    raise SavedRunError(
        "'{path}' was written by a newer nextclose (format {written}; this one reads up to {known}). Update nextclose, or "
        "begin anew with --force.",
        path=path,
        written=written,
        known=FORMAT,
    )


def cell_bytes(cell: SweepCell) -> bytes:
    """One combination as a file: the same bytes for the same numbers."""
    arrays = {name: np.ascontiguousarray(getattr(cell, name)) for name in ARRAYS}
    page = {"name": cell.name, "settings": cell.settings, "problem": cell.problem, "sha256": _digest(arrays)}
    return bytes(save(arrays, metadata={"cell": json.dumps(plain(page), ensure_ascii=False)}))


def read_cell(path: Path) -> SweepCell:
    """What `cell_bytes` made. Raises ValueError or an error of safetensors for anything else."""
    with safe_open(path, framework="numpy") as file:
        page = json.loads(file.metadata()["cell"])
        arrays = {name: file.get_tensor(name) for name in ARRAYS}
    if page.pop("sha256") != _digest(arrays):
        raise ValueError(path)
    settings = {key: tuple(value) if isinstance(value, list) else value for key, value in page["settings"].items()}
    return SweepCell(name=page["name"], settings=settings, problem=page["problem"], **arrays)


def is_sweep(folder: Path) -> bool:
    """Whether a sweep was begun there."""
    return (folder / NAME).is_file()


def _check_folder(folder: Path, manifest: SweepManifest, *, force: bool) -> None:
    """Raise SettingsError unless this sweep may begin, or go on, in `folder`."""
    if is_sweep(folder):
        if not force:
            _check_same(folder, manifest)
    elif not _is_bare(folder):
        check_free(folder, holds=NAME, force=force)


def _is_bare(folder: Path) -> bool:
    """Whether a folder holds nothing but what a sweep leaves that was killed before its first file."""
    return folder.is_dir() and all(path.name in (LOCK, f".{NAME}.partial") for path in folder.iterdir())


def _check_same(folder: Path, manifest: SweepManifest) -> None:
    before = read_manifest(folder)
    differs = manifest.differs_from(before)
    if differs:
        raise SettingsError(
            "'{folder}' holds another sweep: it differs in {names}. Look at that one with nextclose.load, give another "
            "folder with --out, or write over it with --force.",
            folder=folder,
            names=", ".join(differs),
        )
    newer = [name for name, own in manifest.versions.items() if before.versions.get(name) != own]
    if newer and not (folder / TABLE).is_file():
        raise SettingsError(
            "the sweep in '{folder}' was begun with other versions ({names}), and what is missing would not be computed alike. "
            "Go on with those, or begin anew with --force.",
            folder=folder,
            names=", ".join(f"{name} {before.versions.get(name)}, now {manifest.versions[name]}" for name in newer),
        )


def _settle_manifest(folder: Path, manifest: SweepManifest, *, force: bool) -> SweepManifest:
    """The manifest that is there, or this one, written first."""
    if is_sweep(folder) and not force:
        return read_manifest(folder)
    _clear(folder)
    replace_bytes(folder / NAME, to_json(plain(manifest)).encode())
    return manifest


def _sweep_up(folder: Path) -> None:
    """Files that a kill left half-written go."""
    for partial in (*folder.glob(".*.partial"), *folder.glob("cells/.*.partial")):
        partial.unlink(missing_ok=True)


def _clear(folder: Path) -> None:
    """Everything of an older sweep goes, the manifest first, so that no half of it is taken for a whole."""
    ours = (NAME, TABLE, SCORES, "timings.json", "report.html")
    for name in ours:
        (folder / name).unlink(missing_ok=True)
    shutil.rmtree(folder / "cells", ignore_errors=True)


def _digest(arrays: Mapping[str, Any]) -> str:
    digest = hashlib.sha256()
    for name in ARRAYS:
        digest.update(f"{name} {arrays[name].dtype} {arrays[name].shape}".encode())
        digest.update(np.ascontiguousarray(arrays[name]).tobytes())
    return digest.hexdigest()


def _read_seconds(path: Path) -> dict[str, float]:
    """Seconds by combination; none where the file is gone, since nothing depends on them."""
    try:
        seconds: dict[str, float] = json.loads(path.read_text(encoding="utf-8"))["fit_seconds"]
    except (OSError, ValueError, KeyError):
        return {}
    return seconds


def _cannot_write(path: Path, error: OSError) -> NextcloseError:
    return NextcloseError(
        "cannot write '{path}': {error}. What was finished is kept: free some space or mend the folder, then give the same "
        "command again.",
        path=path,
        error=error.strerror or str(error),
    )
