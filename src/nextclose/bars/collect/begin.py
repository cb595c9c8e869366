"""The beginning of a set: the rows of a file up to a session, as they are there, in one Parquet file."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from nextclose.bars.calendars import guess_exchange
from nextclose.bars.collect import parts
from nextclose.bars.collect.answers import as_given
from nextclose.bars.collect.days import find_days
from nextclose.bars.kept import BARS, PAGE, Page, write_page
from nextclose.bars.load import checked_exchange
from nextclose.bars.sources.file import FileSource
from nextclose.bars.sources.market import MarketSource
from nextclose.core.errors import SettingsError

if TYPE_CHECKING:
    import pyarrow as pa


def check_folder(folder: Path, sources: Sequence[str]) -> None:
    """Raise SettingsError where no set can be made."""
    if not sources:
        raise SettingsError(
            "no set in '{folder}': expected a {page} there. Make one: nextclose data update {folder} --from krx.parquet --from "
            "'https://host/{{date}}.csv'",
            folder=folder, page=PAGE,
        )  # fmt: skip
    if folder.exists() and not folder.is_dir():
        raise SettingsError("'{folder}' is a file: expected a folder for the set", folder=folder)
    if folder.is_dir() and any(path.name != BARS and not path.name.startswith(".") for path in folder.iterdir()):
        raise SettingsError(
            "'{folder}' holds other files, and no {page}: give an empty folder, or one that is not there yet",
            folder=folder, page=PAGE,
        )  # fmt: skip


def begin(
    folder: Path, sources: Sequence[MarketSource], words: Sequence[str], exchange: str | None, as_of: str | None,
    moment: dt.datetime,
) -> Page:  # fmt: skip
    """A set of the first file among the sources, if there is one; an empty set otherwise.

    Raises
    ------
    SettingsError : the exchange is neither given nor told by the dates.
    SourceError : a file that cannot be read as bars of several symbols.
    """
    file = next((source for source in sources if isinstance(source, FileSource)), None)
    if file is None:
        if exchange is None:
            raise SettingsError("--exchange: a set that begins with no file needs a calendar code, such as XKRX")
        return Page(exchange=checked_exchange(exchange), sources=tuple(words))
    table, columns = as_given(file.table(), file.name)
    code = checked_exchange(exchange) if exchange is not None else _guess(table, file.name)
    page = Page(exchange=code, sources=tuple(words), columns=columns)
    page = _filled(folder, page, table, find_days(code, as_of or str(moment.date()), as_of, moment).limit)
    write_page(folder, page)
    return page


def _filled(folder: Path, page: Page, table: pa.Table, limit: str) -> Page:
    import pyarrow as pa
    import pyarrow.compute as pc

    named = pc.is_valid(table["symbol"])
    rows = table.filter(pc.and_(named, pc.less_equal(table["date"], pa.scalar(limit).cast(pa.date32()))))
    if rows.num_rows == 0:
        return page
    part = parts.write_part(folder, [parts.by_symbol(rows)], page.columns)
    return Page(
        exchange=page.exchange, sources=page.sources, columns=page.columns, files=(part,), as_of=part.last
    )  # fmt: skip


def _guess(table: pa.Table, name: str) -> str:
    import pyarrow.compute as pc

    dates = np.sort(pc.unique(table["date"]).to_numpy(zero_copy_only=False).astype("datetime64[D]"))
    code, reason = guess_exchange(dates)
    if code is None:
        raise SettingsError("the exchange of '{name}' is not known: {reason}", name=name, reason=reason)
    return code
