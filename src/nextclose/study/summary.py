"""A study as the one JSON object of `run --json`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from nextclose.core.results import StudyResult

REPORT = "report.html"


def study_summary(study: StudyResult, folder: Path) -> dict[str, Any]:
    """What scripts read: data, split, shapes, rows, tomorrow, ladder, engine, notes, and where things lie."""
    return {
        "data": study.data,
        "split": study.split,
        "shapes": study.shapes,
        "models": study.models,
        "intervals": study.intervals,
        "ladder": study.ladder,
        "tomorrow": study.tomorrow,
        "engine": study.engine,
        "notes": study.notes,
        "versions": study.versions,
        "out": str(folder),
        "report": str(folder / REPORT),
    }
