"""Columns read back from a table that this room made."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from nextclose.core.errors import ForecastsError


def read_columns(columns: Mapping[str, Any], kinds: Mapping[str, Any]) -> dict[str, npt.NDArray[Any]]:
    """The columns named in `kinds` (name -> dtype), as arrays; others are ignored.

    Raises ForecastsError for columns that are missing.
    """
    missing = [name for name in kinds if name not in columns]
    if missing:
        raise ForecastsError("the table of sums lacks the columns {names}", names=", ".join(missing))
    return {name: np.asarray(columns[name]).astype(kind) for name, kind in kinds.items()}


def one_step(steps: Iterable[int]) -> int:
    """The step that all of them are; 1 for none. Raises ForecastsError where they differ."""
    found = sorted({int(step) for step in steps})
    if len(found) > 1:
        raise ForecastsError(
            "sums of different steps cannot be put together: got {steps}", steps=", ".join(map(str, found))
        )
    return found[0] if found else 1
