"""Writing the page to a file, whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

from nextclose.core.errors import SettingsError
from nextclose.core.lang import Lang
from nextclose.core.results import StudyResult
from nextclose.report.page import render


def write_report(result: StudyResult, path: Path, *, lang: Lang | None = None) -> Path:
    """Write the report of a study as one self-contained HTML file; returns its path.

    Raises
    ------
    SettingsError : the file cannot be written there.
    """
    text = render(result, lang or result.lang)
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        beside.write_text(text, encoding="utf-8")
        beside.replace(path)
    except OSError as error:
        raise SettingsError("cannot write the report '{path}': {error}", path=path, error=error) from error
    finally:
        if beside.parent.is_dir():
            beside.unlink(missing_ok=True)
    return path
