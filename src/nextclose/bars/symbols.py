"""Symbols: how they are written, and which of several is meant."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from nextclose.core.errors import SourceError
from nextclose.core.suggest import did_you_mean

KRX_DIGITS = 6
SHOWN = 8


def normal_symbol(name: str, *, numeric: bool) -> str:
    """A number is a Korean code that lost its zeros: 5930 becomes 005930. Text stays as it is: 00104K, 0700, AAPL."""
    whole = name.removesuffix(".0")
    return whole.zfill(KRX_DIGITS) if numeric and whole.isdigit() else name


def split_path(text: str) -> tuple[Path, str | None]:
    """`prices.parquet#AAPL` as its path and symbol; a file whose own name holds a # wins."""
    if Path(text).exists() or "#" not in text:
        return Path(text), None
    path, _, symbol = text.rpartition("#")
    return Path(path), symbol


def pick_symbol(names: Sequence[str], wanted: str | None, default: str | None, source: str) -> str:
    """The name, as the table writes it, of the symbol that is meant.

    Raises
    ------
    SourceError : none is named and there are several, or the one named is not there.
    """
    if not names:
        raise SourceError("'{source}' has a symbol column but no rows", source=source)
    same = {normal_symbol(name, numeric=True): name for name in names}
    if wanted is not None:
        if wanted in names:
            return wanted
        if normal_symbol(wanted, numeric=True) in same:
            return same[normal_symbol(wanted, numeric=True)]
        raise SourceError(
            "'{source}' holds no symbol '{wanted}'.{hint} It holds {count}: {some}",
            source=source,
            wanted=wanted,
            hint=did_you_mean(wanted, names),
            count=len(names),
            some=_some(names),
        )
    if len(names) == 1:
        return names[0]
    if default is not None and default in same:
        return same[default]
    raise SourceError(
        "'{source}' holds {count} symbols: {some}. Say which one with {source}#SYMBOL.",
        source=source,
        count=len(names),
        some=_some(names),
    )


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:SHOWN]) + (", ..." if len(names) > SHOWN else "")
