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


def read_own(column: pa.ChunkedArray) -> Float64s | None:
    """Values (n,) of a column of numbers, written or not, or of true and false as 1 and 0; None for anything else."""
    import pyarrow as pa
    import pyarrow.types as kinds

    kind = column.type.value_type if kinds.is_dictionary(column.type) else column.type
    if kinds.is_boolean(kind):
        return read_numbers(column.cast(pa.int8()))[0]
    text = kinds.is_string(kind) or kinds.is_large_string(kind) or kinds.is_string_view(kind)
    if not (text or kinds.is_integer(kind) or kinds.is_floating(kind) or kinds.is_decimal(kind)):
        return None
    values, wrong = read_numbers(column)
    return None if wrong.any() or (text and np.isnan(values).all()) else values


def _mask(array: Any) -> Bools:
    return np.asarray(array.to_numpy(zero_copy_only=False), dtype=bool)
