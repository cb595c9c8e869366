"""A market run's tables as Parquet, the same bytes for the same rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from nextclose.core.forecasts import COLUMNS, Forecasts
from nextclose.core.types import Bools, Ints

if TYPE_CHECKING:
    import pyarrow as pa

ROWS = 1 << 17
"""Rows of a row group."""
TEXT, DATE, WHOLE, NUMBER, YES = "string", "date32", "int32", "double", "bool"
SCHEMAS: dict[str, dict[str, str]] = {
    "symbols": {
        "symbol": TEXT, "status": TEXT, "kind": TEXT, "reason": TEXT, "reason_ko": TEXT, "shard": WHOLE, "rows": WHOLE,
        "first": DATE, "last": DATE, "value": NUMBER, "volatility": NUMBER, "sha256": TEXT,
    },
    "faults": {
        "symbol": TEXT, "kind": TEXT, "severity": TEXT, "action": TEXT, "text": TEXT, "text_ko": TEXT, "count": WHOLE,
        "first": DATE,
    },
}  # fmt: skip
"""Column -> type of the tables that are written row by row."""


def table_of(name: str, rows: Sequence[Mapping[str, Any]]) -> pa.Table:
    """Rows as the table `name`; None and NaT are null."""
    import pyarrow as pa

    kinds = {TEXT: pa.string(), DATE: pa.date32(), WHOLE: pa.int32(), NUMBER: pa.float64()}
    schema = pa.schema([(column, kinds[kind]) for column, kind in SCHEMAS[name].items()])
    columns = {column: [_value(row[column]) for row in rows] for column in SCHEMAS[name]}
    return pa.table({column: pa.array(columns[column], schema.field(column).type) for column in columns}, schema=schema)


def forecasts_table(parts: Sequence[tuple[Forecasts, Ints, Bools]], levels: Sequence[float]) -> pa.Table:
    """Forecasts with the fold of each row and whether every model made it; NaN (NaT) is null.

    levels : the quantiles of all recipes, so that every part has the same columns.
    """
    import pyarrow as pa

    table = Forecasts.concat([rows for rows, _, _ in parts])
    columns: dict[str, Any] = {}
    for name in COLUMNS:
        column = getattr(table, name)
        if name in ("symbol", "model"):
            columns[name] = _texts(column)
        elif name == "step":
            columns[name] = pa.array(column.astype(np.int32))
        elif column.dtype.kind == "M":
            columns[name] = pa.array(column, pa.date32())
        else:
            columns[name] = pa.array(column, from_pandas=True)
    columns["fold"] = pa.array(_joined([fold for _, fold, _ in parts], np.int32))
    columns["shared"] = pa.array(_joined([shared for _, _, shared in parts], np.bool_))
    blank = np.full(len(table), np.nan)
    columns |= {f"q{level:g}": pa.array(table.quantiles.get(level, blank), from_pandas=True) for level in levels}
    return pa.table(columns)


def columns_table(parts: Sequence[tuple[str, Mapping[str, npt.NDArray[Any]]]]) -> pa.Table:
    """Equal columns of several models, one below the other, behind a column `model`; NaN and NaT are null."""
    import pyarrow as pa

    tables = []
    for model, columns in parts:
        length = len(next(iter(columns.values())))
        own = {"model": pa.array([model] * length, pa.string())}
        tables.append(pa.table(own | {name: _column(column) for name, column in columns.items()}))
    return pa.concat_tables(tables).combine_chunks()


def folds_table(parts: Sequence[Mapping[str, npt.NDArray[Any]]]) -> pa.Table:
    """Equal columns of several symbols and models, one below the other; NaN is null."""
    import pyarrow as pa

    names = next(iter(parts))
    return pa.table({name: _column(np.concatenate([part[name] for part in parts])) for name in names})


def to_parquet(table: pa.Table) -> bytes:
    """The file of a table."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd", row_group_size=ROWS)
    content: bytes = sink.getvalue().to_pybytes()
    return content


def arrays_of(table: pa.Table) -> dict[str, npt.NDArray[Any]]:
    """Column -> array; null is NaN (NaT)."""
    columns = {}
    for name in table.column_names:
        column = table.column(name)
        array = column.to_numpy()
        columns[name] = array.astype("datetime64[D]") if array.dtype.kind == "M" else array
    return columns


def by_model(
    columns: Mapping[str, npt.NDArray[Any]],
) -> Iterator[tuple[tuple[str, int], dict[str, npt.NDArray[Any]]]]:
    """((model, step), its rows) of a table with these columns, in the order of their first appearance."""
    for model, step in dict.fromkeys(zip(columns["model"].tolist(), columns["step"].tolist(), strict=True)):
        own = (columns["model"] == model) & (columns["step"] == step)
        yield (model, int(step)), {name: column[own] for name, column in columns.items()}


def from_parquet(path: Any, columns: Sequence[str] | None = None, coded: Sequence[str] = ()) -> pa.Table:
    """The table in one file, not a set of partitions; all of its columns unless said, those `coded` as dictionaries."""
    import pyarrow.parquet as pq

    return pq.ParquetFile(path, read_dictionary=coded).read(columns)


def _column(column: npt.NDArray[Any]) -> pa.Array:
    import pyarrow as pa

    if column.dtype.kind in "OU":
        return pa.array(column.tolist(), pa.string())
    if column.dtype.kind == "M":
        return pa.array(column, pa.date32())
    return pa.array(column, from_pandas=True)


def _texts(column: npt.NDArray[Any]) -> pa.Array:
    """Few names, many rows."""
    import pyarrow as pa

    return pa.array(column.tolist(), pa.string())


def _joined(parts: Sequence[npt.NDArray[Any]], kind: Any) -> npt.NDArray[Any]:
    return np.concatenate([np.empty(0, kind), *parts]).astype(kind)


def _value(value: Any) -> Any:
    if isinstance(value, np.datetime64):
        return None if np.isnat(value) else value.astype(object)
    if isinstance(value, float) and np.isnan(value):
        return None
    return value
