"""The memory of a process and all below it: what they share counts once (Linux's proportional set size, PSS)."""

from __future__ import annotations

import threading
from contextlib import suppress
from pathlib import Path

EVERY = 0.1
"""Seconds between two looks."""
_PROC = Path("/proc")


def can_watch() -> bool:
    """Whether the system tells the proportional set size of processes."""
    return (_PROC / "self" / "smaps_rollup").is_file()


def below(pid: int) -> list[int]:
    """A process and its descendants."""
    found = [pid]
    for listed in (_PROC / str(pid) / "task").glob("*/children"):
        with suppress(OSError):
            found += [one for child in listed.read_text().split() for one in below(int(child))]
    return found


def proportional(pid: int) -> int:
    """Bytes of a process, a page that n processes share counted as an n-th; 0 once it has ended."""
    with suppress(OSError):
        for line in (_PROC / str(pid) / "smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return 1024 * int(line.split()[1])
    return 0


class MemoryWatch:
    """Looks at a process tree again and again; `peak` is the most that it held at a look, in bytes."""

    def __init__(self, pid: int) -> None:
        self.pid, self.peak, self.looks = pid, 0, 0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> MemoryWatch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._ended.is_set():
            self.peak = max(self.peak, sum(map(proportional, below(self.pid))))
            self.looks += 1
            self._ended.wait(EVERY)
