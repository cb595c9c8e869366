"""Writing a page to a file, whole or not at all."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from nextclose.core.errors import SettingsError
from nextclose.core.lang import Lang, Text
from nextclose.core.results import Judgement, StudyResult
from nextclose.core.series import SeriesResult
from nextclose.core.sweep import SweepResult
from nextclose.report.judgement import render_judgement
from nextclose.report.page import render
from nextclose.report.series_page import render_series
from nextclose.report.sweep_page import render_sweep


def write_report(result: StudyResult, path: Path, *, lang: Lang | None = None) -> Path:
    """Write the report of a study as one self-contained HTML file; returns its path.

    Raises
    ------
    SettingsError : the file cannot be written there.
    """
    return write_text(render(result, lang or result.lang), path)


def write_series(result: SeriesResult, path: Path, *, lang: Lang | None = None) -> Path:
    """Write the report of a recipe with a series of its own as one self-contained HTML file; returns its path.

    Raises
    ------
    SettingsError : the file cannot be written there.
    """
    return write_text(render_series(result, lang or result.lang), path)


def write_judgement(judgement: Judgement, path: str | Path, lang: Lang | None = None) -> Path:
    """Write what was found about anyone's forecasts as one self-contained HTML file; returns its path.

    Raises
    ------
    SettingsError : the file cannot be written there.
    """
    return write_text(render_judgement(judgement, lang or judgement.lang), Path(path))


def write_sweep(result: SweepResult, path: Path, lang: Lang | None = None) -> Path:
    """Write a sweep as one self-contained HTML file; returns its path.

    Raises
    ------
    SettingsError : the file cannot be written there.
    """
    return write_text(render_sweep(result, lang or result.lang), path)


def write_text(text: str, path: Path) -> Path:
    """Write a text to a file, whole or not at all; returns its path.

    Raises
    ------
    SettingsError : the file cannot be written there.
    """
    if os.path.exists(path) and not os.path.isfile(path):
        raise SettingsError("cannot write the report '{path}': {error}", path=path, error=_what(path))
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        beside.write_text(text, encoding="utf-8")
        beside.replace(path)
    except OSError as error:
        raise SettingsError(
            "cannot write the report '{path}': {error}", path=path, error=error.strerror or error
        ) from error
    finally:
        with contextlib.suppress(OSError):
            beside.unlink(missing_ok=True)
    return path


def _what(path: Path) -> Text:
    """Why a path that is there cannot be replaced by a file."""
    return Text("it is a folder") if os.path.isdir(path) else Text("it is a device, not a file")
