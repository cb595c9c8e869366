"""The bar that fits move: how many are done, how many a second, and how long the rest will take."""

from __future__ import annotations

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)

from nextclose.core.lang import Lang, say


class FitsASecond(ProgressColumn):
    """How fast nets are fitted, as soon as that is known."""

    def __init__(self, lang: Lang) -> None:
        super().__init__()
        self.lang = lang

    def render(self, task: Task) -> str:
        """The column's text for `task`."""
        rate = task.finished_speed or task.speed
        return "" if rate is None else say("{rate} fits/s", self.lang, rate=f"{rate:.3g}")


def fits_bar(lang: Lang = "en") -> Progress:
    """A bar on standard error that goes away when it is done; none where that is no terminal."""
    columns = (
        TextColumn("{task.description}"), BarColumn(bar_width=32), MofNCompleteColumn(), FitsASecond(lang),
        TimeRemainingColumn(),
    )  # fmt: skip
    screen = Console(stderr=True, highlight=False)
    return Progress(*columns, console=screen, transient=True, disable=not screen.is_terminal)
