"""Files that are there whole or not at all, and a folder that one run at a time writes to."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from nextclose.core.errors import NextcloseError, SavedRunError, SettingsError
from nextclose.core.files import is_locked, replace_bytes, settle
from nextclose.core.files import locked as lock

__all__ = [
    "add_line",
    "is_locked",
    "locked",
    "make_folder",
    "read_numbered",
    "write_bytes",
    "write_folder",
    "write_text",
]


def write_bytes(path: Path, content: bytes) -> None:
    """Beside its place first, then renamed into it, so that a reader never sees a part."""
    make_folder(path.parent)
    try:
        replace_bytes(path, content)
    except OSError as error:
        raise _cannot_write(path, error) from error


def read_numbered(path: Path, known: int) -> dict[str, Any]:
    """The JSON page in a file that says which format it is of.

    known : the newest format that can be read. Raises SavedRunError for a newer one; OSError, ValueError, KeyError or TypeError
        where the file is damaged, for the caller to say what becomes of it.
    """
    page = json.loads(path.read_text(encoding="utf-8"))
    if page["format"] > known:
        raise SavedRunError(
            "'{path}' was written by a newer nextclose (format {written}; this one reads up to {known}). Update nextclose.",
            path=path,
            written=page["format"],
            known=known,
        )
    return dict(page)


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
        settle(folder.parent)
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
    with ExitStack() as held:
        try:
            held.enter_context(lock(folder))
        except TimeoutError:
            raise SettingsError(
                "another nextclose is working on '{folder}'. Wait for it, or stop it first; nextclose market status shows "
                "how far it is.",
                folder=folder,
            ) from None
        except OSError as error:
            raise _cannot_write(folder, error) from error
        yield


def _cannot_write(path: Path, error: OSError) -> NextcloseError:
    return NextcloseError(
        "cannot write '{path}': {error}. What was finished is kept: free some space or mend the folder, then give the same "
        "command again; a market run goes on with nextclose market resume.",
        path=path,
        error=error.strerror or str(error),
    )
