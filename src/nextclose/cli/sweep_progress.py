"""What a person sees while a sweep works."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType

from rich.console import Console
from rich.text import Text as Rich

from nextclose.cli.stopping import say_when_stopped, stop_if_asked
from nextclose.core.lang import Lang, Text, say
from nextclose.core.progress import fits_bar
from nextclose.core.sweep import SweepCell
from nextclose.report.sweep_terminal import print_axes
from nextclose.report.terminal import print_start
from nextclose.study.sweep import SweepWatcher
from nextclose.study.sweep_manifest import SweepManifest
from nextclose.study.sweep_plan import SweepPlan


def wait(lang: Lang) -> Callable[[Text], None]:
    """Says what a first sweep on a machine waits for."""

    def tell(line: Text) -> None:
        print(line.render(lang), file=sys.stderr, flush=True)

    return tell


class SweepBar(SweepWatcher):
    """Prints data, split and what is tried, then a bar with the fits done."""

    def __init__(self, console: Console, lang: Lang) -> None:
        self.console, self.lang = console, lang
        self.progress = fits_bar(lang)
        self.task = self.progress.add_task("", total=None, visible=False)
        self.folder: Path | None = None

    def __enter__(self) -> SweepBar:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.judging()

    def began(self, plan: SweepPlan, manifest: SweepManifest, folder: Path | None, fits: int) -> None:
        """Print what is about to be done, and settle what a Ctrl-C says."""
        self.folder = folder
        say_when_stopped(
            Text("Stopped. What was fitted is kept in '{folder}': give the same command again to go on.", folder=folder)
        )
        print_start(manifest.data, manifest.split, self.console, self.lang)
        print_axes(plan.axes, plan.recipe.name, plan.tries, plan.recipe.seeds, self.console, self.lang)
        self.progress.update(self.task, total=fits, visible=True, description=say("fitting", self.lang))

    def kept(self, combinations: int, finished: bool) -> None:
        """Say what was done before, and start the bar."""
        if finished:
            told = say("This sweep was finished before: it is read from '{folder}'.", self.lang, folder=self.folder)
        else:
            told = say(
                "{count} combinations are there from before: going on in '{folder}'.",
                self.lang,
                count=combinations,
                folder=self.folder,
            )
        if finished or combinations:
            self.console.print(Rich(told, style="cyan"))
        self.progress.start()

    def fitted(self, model: str, fits: int) -> None:
        """Move the bar."""
        stop_if_asked()
        self.progress.advance(self.task, fits)

    def reached(self, cells: Sequence[SweepCell]) -> None:
        """Say how many combinations are kept."""
        self.progress.update(
            self.task, description=say("{count} combinations kept, fitting", self.lang, count=len(cells))
        )

    def judging(self) -> None:
        """Take the bar away; one that never started would leave an empty line."""
        if self.progress.live.is_started:
            self.progress.stop()
