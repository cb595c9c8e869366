"""The topic "bars": what lies on the desk. The sealed quarter is told by its length and last date alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from nextclose.core.types import Dates, Ints
from nextclose.lab.choices import Choices
from nextclose.lab.desk import Desk
from nextclose.lab.frames import Frame
from nextclose.lab.job import Job


def answer(desk: Desk, choices: Choices, ask: Mapping[str, Any], job: Job) -> Iterator[Frame]:
    """The explored bars."""
    told = desk.whole.summary()
    header = {
        "symbol": told.symbol,
        "name": told.source,
        "rows": len(desk.whole),
        "explored": desk.explored,
        "sealed": len(desk.whole) - desk.explored,
        "first": told.first,
        "last": told.last,
        "seal_starts": str(desk.whole.dates[desk.explored]),
        "columns": ["open", "high", "low", "close", "volume", "change", "adj_close", *desk.whole.extra],
    }
    bars = desk.bars
    arrays = {name: getattr(bars, name) for name in ("open", "high", "low", "close")}
    yield Frame(header=header, arrays={"days": days(bars.dates), **arrays})


def days(dates: Dates) -> Ints:
    """Days since 1970-01-01, (n,)."""
    return dates.astype("datetime64[D]").astype(np.int64)
