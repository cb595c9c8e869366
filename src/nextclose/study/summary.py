"""A study as the one JSON object of `run --json`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from nextclose.core.plain import plain
from nextclose.core.results import StudyResult
from nextclose.core.series import Rollout, SeriesResult

REPORT = "report.html"


def run_summary(study: StudyResult | SeriesResult, folder: Path) -> dict[str, Any]:
    """What scripts read of a run, on bars or on a recipe's own series."""
    return series_summary(study, folder) if isinstance(study, SeriesResult) else study_summary(study, folder)


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


def series_summary(study: SeriesResult, folder: Path) -> dict[str, Any]:
    """The same keys for a recipe with a series of its own; `reasons` says why some are null or empty, `rollout` is more."""
    return {
        "data": study.data,
        "split": None,
        "shapes": study.shapes,
        "models": study.models,
        "rollout": _rollout(study.rollout),
        "intervals": [],
        "ladder": None,
        "tomorrow": [],
        "engine": study.engine,
        "notes": study.notes,
        "versions": study.versions,
        "reasons": study.reasons,
        "out": str(folder),
        "report": str(folder / REPORT),
    }


def _rollout(rollout: Rollout) -> dict[str, Any]:
    """The recipe's measures on top, every model's below."""
    own = {key: value for key, value in plain(rollout.own).items() if key not in ("name", "kind")}
    return {**own, **plain(rollout)}
