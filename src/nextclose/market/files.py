"""Files that are there whole or not at all, and a folder that one run at a time writes to."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from nextclose.core.errors import NextcloseError, SettingsError

LOCK = ".lock"
PATIENCE = 0.5
"""Seconds to wait for a lock: somebody who only asks whether it is taken holds it for a moment."""


def write_bytes(path: Path, content: bytes) -> None:
    """Beside its place first, then renamed into it, so that a reader never sees a part."""
    make_folder(path.parent)
    beside = path.parent / f".{path.name}.partial"
    try:
        with beside.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, path)
        _settle(path.parent)
    except BaseException as error:
        beside.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise _cannot_write(path, error) from error
        raise


def add_line(path: Path, line: str) -> None:
    """A line at the end of a file; after one that was cut short, on a line of its own."""
    try:
        with path.open("a+b") as file:
            size = file.tell()
            file.seek(max(size - 1, 0))
            cut_short = size > 0 and file.read(1) != b"\n"
            file.write(b"\n" * cut_short + line.encode("utf-8") + b"\n")
    except OSError as error:
        raise _cannot_write(path, error) from error


def make_folder(folder: Path) -> None:
    """A folder, and those above it. Raises NextcloseError where none can be made."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _cannot_write(folder, error) from error


def write_text(path: Path, content: str) -> None:
    """Text, as `write_bytes`."""
    write_bytes(path, content.encode("utf-8"))


def write_folder(folder: Path, files: Mapping[str, bytes]) -> None:
    """A folder of files, there at once: it is renamed into its place when all of them are written."""
    beside = folder.parent / f".{folder.name}.partial"
    try:
        shutil.rmtree(beside, ignore_errors=True)
        beside.mkdir(parents=True)
        for name, content in files.items():
            with (beside / name).open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
        shutil.rmtree(folder, ignore_errors=True)
        beside.rename(folder)
        _settle(folder.parent)
    except OSError as error:
        raise _cannot_write(folder, error) from error
    finally:
        shutil.rmtree(beside, ignore_errors=True)


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Nobody else writes to a run's folder meanwhile; the system lets go of it when the process ends, however it ends.

    Raises
    ------
    SettingsError : another process does.
    """
    from filelock import FileLock, Timeout

    lock = FileLock(folder / LOCK)
    try:
        lock.acquire(timeout=PATIENCE, poll_interval=PATIENCE / 10)
    except Timeout:
        raise SettingsError(
            "another nextclose is working on '{folder}'. Wait for it, or stop it first; nextclose market status shows "
            "how far it is.",
            folder=folder,
        ) from None
    except OSError as error:
        raise _cannot_write(folder, error) from error
    try:
        yield
    finally:
        lock.release()


def is_locked(folder: Path) -> bool | None:
    """Whether somebody writes to a run's folder now; None where that cannot be seen: a folder that one may only read."""
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


def _settle(folder: Path) -> None:
    """A rename survives a power cut when its folder is on disk too; not every system can be asked for that."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _cannot_write(path: Path, error: OSError) -> NextcloseError:
    return NextcloseError(
        "cannot write '{path}': {error}. What was finished is kept: free some space or mend the folder, then go on with "
        "nextclose market resume.",
        path=path,
        error=error.strerror or str(error),
    )
