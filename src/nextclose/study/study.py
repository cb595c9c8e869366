"""A study: what a run computed, with the few things one does with it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nextclose.core.lang import Lang
from nextclose.core.results import StudyResult
from nextclose.study.saved_model import SavedModel

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, kw_only=True, eq=False)
class Study(StudyResult):
    """Frozen results, the fitted models beside them."""

    fitted: tuple[SavedModel, ...]
    """The last fold's model of each recipe: what serves tomorrow."""
    config: dict[str, Any]
    """What the run was asked for; its hash names the default output folder."""

    @property
    def forecasts(self) -> pd.DataFrame:
        """The Forecasts table of the test span as a pandas frame, one row a (symbol, model, origin, step)."""
        return self.table.to_pandas()

    def save(self, folder: str | Path, *, force: bool = False) -> Path:
        """Write the study, its models and its report into `folder`, all or nothing; returns the folder.

        Raises
        ------
        SettingsError : the folder exists and `force` is not given, or cannot be made.
        """
        from nextclose.study.saving import save_study

        return save_study(self, Path(folder), force=force)

    def report(self, path: str | Path, *, lang: Lang | None = None) -> Path:
        """Write the one-page HTML report to `path`; returns it."""
        from nextclose.report import write_report

        return write_report(self, Path(path), lang=lang)
