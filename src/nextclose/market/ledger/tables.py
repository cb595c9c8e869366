"""The ledger's tables, column by column.

forecasts   one row a (symbol, model, origin, step); a symbol without a number has its row, its status and a reason
truths      one row a (symbol, origin, step): the bar that came, in the price basis of the day on which it was looked up
sessions    one row a (model, step, session) of the run's own test span: what the drift's band comes from
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy.typing as npt

if TYPE_CHECKING:
    import pyarrow as pa

TEXT, DATE, WHOLE, NUMBER = "string", "date32", "int32", "double"
FORECASTS: dict[str, str] = {
    "symbol": TEXT, "model": TEXT, "origin": DATE, "step": WHOLE, "target_date": DATE, "yhat": NUMBER, "lo": NUMBER,
    "hi": NUMBER, "level": NUMBER, "p_up": NUMBER, "last_close": NUMBER, "status": TEXT, "reason": TEXT,
    "reason_ko": TEXT, "fold": WHOLE, "trained_until": DATE, "model_hash": TEXT, "data_hash": TEXT,
}  # fmt: skip
TRUTHS: dict[str, str] = {
    "symbol": TEXT, "origin": DATE, "step": WHOLE, "target_date": DATE, "actual_date": DATE, "last_close": NUMBER,
    "y": NUMBER, "basis": NUMBER, "mark": TEXT,
}  # fmt: skip
"""target_date as the forecast said; basis: newer over forecast price; mark: empty, holiday, suspended or revised."""
SCHEMAS = {"forecasts": FORECASTS, "truths": TRUTHS}
HASH_LENGTH = 16
"""Hexadecimal digits of a SHA-256 that name a model or bars in a row."""


def schema_of(kind: str) -> pa.Schema:
    """The Arrow schema of a kind of entry."""
    import pyarrow as pa

    kinds: dict[str, Any] = {TEXT: pa.string(), DATE: pa.date32(), WHOLE: pa.int32(), NUMBER: pa.float64()}
    return pa.schema([(column, kinds[name]) for column, name in SCHEMAS[kind].items()])


def ledger_table(kind: str, columns: Mapping[str, npt.NDArray[Any]]) -> pa.Table:
    """A table of a kind of entry from its columns, equally long; NaN, NaT and None are null."""
    import pyarrow as pa

    schema = schema_of(kind)
    arrays = [pa.array(columns[field.name], field.type, from_pandas=True) for field in schema]
    return pa.table(arrays, schema=schema)
