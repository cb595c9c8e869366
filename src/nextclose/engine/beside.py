"""Kernels in threads of their own, beside a caller that stays awake for Ctrl-C and tells the progress."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence

LOOK = 0.05
"""Seconds between looks at what runs."""


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def run_beside(works: Sequence[Callable[[], None]], *, stop: Callable[[], None], look: Callable[[], None]) -> None:
    """Run each work in a thread, and `look` now and then, until all have ended.

    Whatever is raised here or in a thread, Ctrl-C included, calls `stop`, after which works end soon; it is raised again
    when they have. A work owns what its kernel reads and writes: a second Ctrl-C leaves at once.
    """
    failed: list[BaseException] = []
    ended: list[threading.Event] = []

    def run(work: Callable[[], None], done: threading.Event) -> None:
        try:
            work()
        except BaseException as error:
            failed.append(error)
            stop()
        finally:
            done.set()

    try:
        for work in works:
            done = threading.Event()
            threading.Thread(target=run, args=(work, done), daemon=True).start()
            ended.append(done)
        for done in ended:
            while not done.wait(LOOK):  # Thread.join forgets a thread that is interrupted while it waits
                look()
    except BaseException:
        stop()
        for done in ended:
            done.wait()
        raise
    if failed:
        raise failed[0]
