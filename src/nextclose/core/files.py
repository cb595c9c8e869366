"""Files that are there whole or not at all, and a folder that one process at a time writes to."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

LOCK = ".lock"
PATIENCE = 0.5
"""Seconds to wait for a lock: somebody who only asks whether it is taken holds it for a moment."""


def replace_bytes(path: Path, content: bytes) -> None:
    """Beside its place first, then renamed into it, so that a reader never sees a part. Raises OSError."""
    beside = path.parent / f".{path.name}.partial"
    try:
        with beside.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, path)
        settle(path.parent)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise


def settle(folder: Path) -> None:
    """A rename survives a power cut when its folder is on disk too; not every system can be asked for that."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


@contextmanager
def locked(folder: Path, *, patience: float = PATIENCE) -> Iterator[None]:
    """Nobody else writes to the folder meanwhile; the system lets go of it when the process ends, however it ends.

    patience : seconds to wait for whoever does.

    Raises
    ------
    TimeoutError : another process does. OSError : the folder cannot be written.
    """
    from filelock import FileLock

    lock = FileLock(folder / LOCK)
    lock.acquire(timeout=patience, poll_interval=PATIENCE / 10)
    try:
        yield
    finally:
        lock.release()


def is_locked(folder: Path) -> bool | None:
    """Whether somebody writes to a folder now; None where that cannot be seen: a folder that one may only read."""
    from filelock import FileLock, Timeout

    if not (folder / LOCK).exists():
        return False
    lock = FileLock(folder / LOCK)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return True
    except OSError:
        return None
    lock.release()
    return False
