"""The reference price: what an exchange takes as the close before a session, from which its moves are counted.

On the first session after a split, a rights issue or a stock dividend it is the last close in the new basis, so that
reference / last close is what history has to be multiplied by.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np

from nextclose.bars.numbers import read_numbers
from nextclose.core.types import Float64s

if TYPE_CHECKING:
    import pyarrow as pa

_PRICE = ("reference", "referenceprice", "baseprice", "basepric", "prevclose", "previousclose", "기준가", "기준가격",
          "전일종가")  # fmt: skip
_CHANGE = ("changes", "change", "cmpprevddprc", "대비", "전일대비")
_SHARE = ("chagesratio", "changesratio", "changeratio", "flucrt", "등락률", "등락율")


def reference_prices(table: pa.Table, close: Float64s) -> Float64s:
    """(n,) of a table's rows, NaN where it tells none: its own column, else the close less the change.

    The sign of a change is that of the change in percent, where it stands beside.
    """
    price = _column(table, _PRICE)
    if price is not None:
        return np.where(price > 0.0, price, np.nan)
    change, share = _column(table, _CHANGE), _column(table, _SHARE)
    if change is None or share is None:
        return np.full(table.num_rows, np.nan)
    with np.errstate(invalid="ignore"):
        signed = np.where(share == 0.0, change, np.copysign(change, share))
        before = close - signed
        fits = np.abs(before * (1.0 + share / 100.0) - close) <= np.maximum(0.001 * close, 1.0)
    return np.where((before > 0.0) & fits, before, np.nan)


def _column(table: pa.Table, wanted: tuple[str, ...]) -> Float64s | None:
    names: list[Any] = table.column_names
    for word in wanted:
        for at, name in enumerate(names):
            if _bare(name) == word:
                return read_numbers(table.column(at))[0]
    return None


def _bare(header: str) -> str:
    return re.sub(r"[\W_]+", "", header.replace("\ufeff", "")).lower()
