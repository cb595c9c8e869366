"""Files that are dropped on a page: read as any file of bars is, and forgotten but for the bars of one symbol."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from nextclose.bars import load_bars
from nextclose.bars.bars import Bars
from nextclose.bars.contents import symbols_of
from nextclose.core.errors import BarsError, NextcloseError, SourceError, UserError
from nextclose.core.lang import Text

MOST_BYTES = 32 * 1024 * 1024
"""Of a file."""
MOST_CELLS = 40_000_000
"""Rows times columns of a Parquet file."""
MOST_COLUMNS = 1_000
"""Of a file: a million of them in a CSV of 2 MB take gigabytes."""
MOST_ROWS = 30_000
"""Of one symbol: more than a century of sessions."""
SCHEME = "upload:"
FAULTY = Text("{symbol}: {count} of {total} rows are faulty: {kinds}.")


@dataclass(frozen=True, kw_only=True)
class Uploaded:
    """What a file gave: bars, or the symbols of which one has to be chosen."""

    source: str = ""
    """How pages name the bars from now on."""
    bars: Bars | None = None
    opened: Mapping[str, str] = field(default_factory=dict)
    """What `load_bars` would be called with where the file lies."""
    symbols: tuple[str, ...] = ()


class FaultyError(BarsError):
    """Faulty rows that could be left out."""


def read_upload(name: str, content: bytes, symbol: str | None = None, *, faults: str = "raise") -> Uploaded:
    """The bars in a file that a page sent.

    Parameters
    ----------
    name : what the user calls the file; bars without a symbol column take its stem.
    symbol : which symbol of a file that holds several.
    faults : as in `load_bars`.

    Raises
    ------
    SourceError, BarsError : as `load_bars`, with the user's name of the file.
    FaultyError : faulty rows, where `faults` is raise and the others would do.
    """
    with _on_disk(name, content) as path:
        symbols = symbols_of(path, most_cells=MOST_CELLS, most_columns=MOST_COLUMNS)
        if len(symbols) > 1 and symbol is None:
            return Uploaded(symbols=symbols)
        try:
            bars = load_bars(path, symbol=symbol, faults=faults)
        except BarsError as error:
            if faults == "raise" and {"count", "total", "kinds"} <= error.values.keys():
                raise _faulty(error, drop=_would_do(path, symbol)) from error
            raise
    if len(bars) > MOST_ROWS:
        raise BarsError(
            "{symbol}: {rows} rows, and the lab takes daily bars of at most {most}", symbol=bars.symbol, rows=len(bars),
            most=MOST_ROWS,
        )  # fmt: skip
    mark = hashlib.sha256(b"\0".join([content, (symbol or "").encode(), faults.encode()])).hexdigest()[:16]
    opened = (
        {"source": path.name}
        | ({"symbol": symbol} if symbol else {})
        | ({} if faults == "raise" else {"faults": faults})
    )
    return Uploaded(source=SCHEME + mark, bars=replace(bars, source=path.name), opened=opened)


def _faulty(error: BarsError, *, drop: bool) -> BarsError:
    """What `load_bars` says of faulty rows, without the option of the command line: the page has a button for it."""
    kind = FaultyError if drop else BarsError
    return kind(FAULTY.template, **error.values)


def _would_do(path: Path, symbol: str | None) -> bool:
    try:
        load_bars(path, symbol=symbol, faults="drop")
    except UserError:
        return False
    return True


@contextmanager
def _on_disk(name: str, content: bytes) -> Iterator[Path]:
    """The content as a file while it is read; errors name it as the user does."""
    with tempfile.TemporaryDirectory(prefix="nextclose-") as folder:
        path = Path(folder) / plain_name(name)
        path.write_bytes(content)
        try:
            yield path
        except NextcloseError as error:
            told = {key: _unfolded(value, folder) for key, value in error.values.items()}
            raise type(error)(error.template, **told) from error


def _unfolded(value: object, folder: str) -> object:
    """The value without the folder, where it tells of it."""
    return str(value).replace(f"{folder}/", "").replace(f"{folder}\\", "") if folder in str(value) else value


def plain_name(name: str) -> str:
    """A file's name that any system takes, with its last suffix. Raises SourceError for one that is none."""
    last = "".join(letter for letter in name.replace("\\", "/").rpartition("/")[2] if letter.isprintable()).strip()
    path = Path("".join("_" if letter in '<>:"|?*' else letter for letter in last))
    if not path.stem.strip("."):
        raise SourceError("'{name}' is no name of a file: expected prices.csv or prices.parquet", name=last)
    return path.stem[:60] + path.suffix[:12]
