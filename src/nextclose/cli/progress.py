"""What a person sees while a run works."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import TracebackType

from rich.console import Console

from nextclose.cli.stopping import stop_if_asked
from nextclose.core.lang import Lang, say
from nextclose.core.progress import fits_bar
from nextclose.core.results import DataSummary, SplitDates
from nextclose.core.series import SeriesData
from nextclose.core.types import Float64s
from nextclose.report.series_terminal import print_series_start
from nextclose.report.terminal import print_shapes, print_start
from nextclose.study.plan import Planned
from nextclose.study.saving import check_free
from nextclose.study.watch import Watcher

WIDTH = 100
"""Columns that every table is laid out for."""
EVERY = 10
"""Epochs between two printed losses."""


def stdout() -> Console:
    """The console for results: as wide as the terminal, 100 columns at most; 100 where there is none."""
    return _console(to_stderr=False)


def stderr() -> Console:
    """The console for progress beside `--json`."""
    return _console(to_stderr=True)


def _console(*, to_stderr: bool) -> Console:
    console = Console(stderr=to_stderr, highlight=False)
    console.width = min(console.width, WIDTH) if console.is_terminal else WIDTH
    return console


class RunWatcher(Watcher):
    """Prints data and split first, then a bar with the fits done, and the losses where they are asked for."""

    def __init__(self, console: Console, lang: Lang, *, verbose: bool, out: Path | None, force: bool) -> None:
        self.console, self.lang, self.verbose, self.force = console, lang, verbose, force
        self.folder = out or Path()
        self.progress = fits_bar(lang)
        self.task = self.progress.add_task("", total=None, visible=False)

    def __enter__(self) -> RunWatcher:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.judging()

    def planned(self, plan: Planned) -> None:
        """Settle where the study goes, and stop before any work if it cannot go there."""
        self.folder = plan.folder() if self.folder == Path() else self.folder
        check_free(self.folder, force=self.force)

    def started(self, data: DataSummary, split: SplitDates, fits: int) -> None:
        """Print what was read and how it is split, then show the bar."""
        print_start(data, split, self.console, self.lang)
        self.progress.update(self.task, total=fits, visible=True)
        self.progress.start()

    def series(self, data: SeriesData, fits: int) -> None:
        """Print what the series is, then show the bar."""
        print_series_start(data, self.console, self.lang)
        self.progress.update(self.task, total=fits, visible=True)
        self.progress.start()

    def shapes(self, model: str, shapes: Mapping[str, tuple[int, ...]]) -> None:
        """Print the shapes where they are asked for."""
        self.progress.update(self.task, description=say("fitting {model}", self.lang, model=model))
        if self.verbose:
            print_shapes(model, shapes, self.console, self.lang)

    def fitted(self, model: str, fits: int) -> None:
        """Move the bar."""
        stop_if_asked()
        self.progress.advance(self.task, fits)

    def losses(self, model: str, fold: int, seed: int, losses: Float64s) -> None:
        """Print every tenth loss of the first seed's first fit."""
        if self.verbose and fold == 0 and seed == 0:
            for epoch in range(0, len(losses), EVERY):
                self.console.print(f"EPOCH: {epoch} Loss: {losses[epoch]:.6f}")

    def judging(self) -> None:
        """Take the bar away; one that never started would leave an empty line."""
        if self.progress.live.is_started:
            self.progress.stop()
