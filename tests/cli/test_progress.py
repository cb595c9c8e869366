"""The bar that a person sees while nets are fitted."""

from __future__ import annotations

from io import StringIO

import pytest
from rich.console import Console
from tests.report.conftest import make_data, make_split

from nextclose.cli.progress import RunWatcher


@pytest.mark.parametrize(("lang", "rate"), [("en", "100 fits/s"), ("ko", "초당 100회 학습")])
def test_the_bar_shows_fits_done_their_rate_and_the_time_left(lang, rate):
    now = 0.0
    watcher = RunWatcher(Console(file=StringIO()), lang, verbose=False, out=None, force=False)
    watcher.progress.get_time = lambda: now
    screen = Console(file=StringIO(), force_terminal=True, width=100)
    days = [f"2020-01-{day:02}" for day in range(1, 31)] + [f"2020-03-{day:02}" for day in range(1, 31)]
    with watcher:
        watcher.started(make_data("AAPL", days), make_split(days, 2, "a note"), 1200)
        watcher.shapes("tutorial", {})
        for _ in range(5):
            now += 1.0
            watcher.fitted("tutorial", 100)
        screen.print(watcher.progress.get_renderable())
    shown = screen.file.getvalue()
    assert "500/1200" in shown
    assert rate in shown
    assert "0:00:07" in shown
