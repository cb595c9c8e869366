"""Closures: dates that a calendar calls sessions, and on which the exchange stays shut."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from nextclose.core.errors import SettingsError

_WORD = re.compile(r"[\s,;]+")


def read_closures(path: Path) -> tuple[str, ...]:
    """The ISO dates in a text file, sorted: one a line, what stands behind it is a remark, # begins one, too.

    Raises
    ------
    SettingsError : no such file, or a line that begins with no date.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError("the closures file '{path}' cannot be read ({error})", path=path, error=error) from error
    found = set()
    for number, line in enumerate(lines, start=1):
        said = line.partition("#")[0].strip()
        if said:
            found.add(_date(_WORD.split(said)[0], number, path))
    return tuple(sorted(found))


def _date(word: str, number: int, path: Path) -> str:
    try:
        return (
            str(np.datetime64(word, "D")) if re.fullmatch(r"\d{4}-\d{2}-\d{2}", word) else _refuse(word, number, path)
        )
    except ValueError:
        return _refuse(word, number, path)


def _refuse(word: str, number: int, path: Path) -> str:
    raise SettingsError(
        "the closures file '{path}', line {number}: expected a date such as 2026-05-01, got '{word}'",
        path=path, number=number, word=word,
    )  # fmt: skip
