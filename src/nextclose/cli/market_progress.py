"""What a person sees while a market run works: one bar, and nothing where standard error is no terminal."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from nextclose.cli.stopping import say_when_stopped, stop_if_asked
from nextclose.core.lang import Lang, Text, say
from nextclose.market.config import MarketConfig
from nextclose.market.watch import MarketWatcher, Phase
from nextclose.market.watch import Progress as Reached
from nextclose.report.market_terminal import print_plan


class MarketBar(MarketWatcher):
    """Prints what is planned, then a bar with symbols, fits, rate, time left and failures."""

    def __init__(self, lang: Lang, folder: Path, *, quiet: bool) -> None:
        self.lang, self.folder, self.quiet = lang, folder, quiet
        self.screen = Console(stderr=True, highlight=False)
        self.bar = Progress(
            TextColumn("{task.description}"), BarColumn(bar_width=24), TextColumn("{task.fields[told]}"),
            console=self.screen, transient=True, disable=not self.screen.is_terminal,
        )  # fmt: skip
        self.task = self.bar.add_task("", total=1.0, told="")

    def __enter__(self) -> MarketBar:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.bar.live.is_started:
            self.bar.stop()

    def planned(self, config: MarketConfig, folder: Path, kept: int) -> None:
        """Say what will be done, and what a Ctrl-C will leave behind."""
        say_when_stopped(
            Text("Stopped. What was finished is kept: go on with nextclose market resume {folder}", folder=folder)
        )
        if not self.quiet and self.screen.is_terminal:
            print_plan(config.source, config.spans, config.symbols, len(config.shards), kept, self.screen, self.lang)
        self.bar.start()

    def progress(self, progress: Reached) -> None:
        """Move the bar."""
        stop_if_asked()
        self.bar.update(
            self.task,
            completed=progress.share,
            description=self._title(progress.phase),
            told=self._told(progress),
        )

    def _title(self, phase: Phase) -> str:
        titles = {
            "pooling": say("one net for all symbols", self.lang),
            "computing": say("symbols done", self.lang),
            "finishing": say("final tables", self.lang),
        }
        return titles.get(phase, "")

    def _told(self, progress: Reached) -> str:
        parts = []
        if progress.phase != "pooling":
            parts.append(f"{progress.done:,}/{progress.symbols:,}")
        parts.append(
            say("{fits} fits, {rate} a second", self.lang, fits=f"{progress.fits:,}", rate=f"{progress.rate:.3g}")
        )
        if progress.seconds_left is not None:
            parts.append(say("{time} left", self.lang, time=_clock(progress.seconds_left)))
        if progress.failed:
            parts.append(say("{count} failed", self.lang, count=f"{progress.failed:,}"))
        return "  ".join(parts)


class LiveBar(MarketBar):
    """The same bar while a finished run is gone on with."""

    def __init__(self, lang: Lang, folder: Path) -> None:
        super().__init__(lang, folder, quiet=True)

    def __enter__(self) -> LiveBar:
        say_when_stopped(
            Text("Stopped. What was finished is kept: go on with nextclose market update {folder}", folder=self.folder)
        )
        self.bar.start()
        return self


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
