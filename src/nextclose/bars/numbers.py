"""Written numbers to float64, a whole column at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from nextclose.core.types import Bools, Float64s

if TYPE_CHECKING:
    import pyarrow as pa

_NUMBER = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$"
_NOTHING = ("", "nan", "na", "n/a", "null", "none", "-")


def read_numbers(column: pa.ChunkedArray) -> tuple[Float64s, Bools]:
    """Values (n,), NaN where nothing or no number stands, and a mask (n,) of what is text instead.

    Thousands separators and blanks around are taken away.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    kind = column.type
    if pa.types.is_dictionary(kind):
        column = column.cast(kind.value_type)
        kind = column.type
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind) or pa.types.is_null(kind):
        values = column.cast(pa.float64(), safe=False).to_numpy().astype(np.float64)
        return values, np.zeros(len(values), dtype=bool)
    text = pc.replace_substring(pc.utf8_trim_whitespace(column.cast(pa.string())), ",", "").combine_chunks()
    text = pc.fill_null(text, "")
    empty = pc.is_in(pc.utf8_lower(text), value_set=pa.array(_NOTHING))
    number = pc.match_substring_regex(text, _NUMBER)
    values = pc.if_else(number, text, None).cast(pa.float64()).to_numpy(zero_copy_only=False).astype(np.float64)
    return values, _mask(pc.invert(pc.or_(number, empty)))


def _mask(array: Any) -> Bools:
    return np.asarray(array.to_numpy(zero_copy_only=False), dtype=bool)
