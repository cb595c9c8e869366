"""Anything that holds bars, as one Arrow table: CSV in any dress, Parquet, pandas, polars."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nextclose.bars.headers import recognise
from nextclose.core.errors import SourceError
from nextclose.core.suggest import did_you_mean

if TYPE_CHECKING:
    import pyarrow as pa

DELIMITERS = (",", ";", "\t", "|")
ENCODINGS = ("utf-8-sig", "cp949")
SHEETS = (".xlsx", ".xls", ".xlsm", ".ods")


def read_file(path: Path, symbol: str | None = None) -> pa.Table:
    """The table in a .csv or .parquet file; of a Parquet file only the rows of `symbol`, if it is given.

    Raises
    ------
    SourceError : no such file, or one that holds no table.
    """
    if not path.is_file():
        raise _missing(path)
    if path.suffix.lower() in SHEETS:
        raise SourceError(
            "'{path}' is a spreadsheet. Save the sheet as CSV (UTF-8), or read it with pandas.read_excel and pass the "
            "frame to nextclose.load_bars.",
            path=path,
        )
    if path.stat().st_size == 0:
        raise SourceError("'{path}' is empty: expected a header and bars", path=path)
    if path.suffix.lower() in (".parquet", ".pq") or starts_with(path, b"PAR1"):
        return _read_parquet(path, symbol)
    return _read_csv(path.read_bytes(), path)


def table_of_bytes(data: bytes, name: str, *, ragged: Callable[[Any], str] | None = None) -> pa.Table:
    """The table in an answer: Parquet, a JSON array of objects, or CSV in any dress.

    Parameters
    ----------
    name : what to call it in a message.
    ragged : asked of each CSV line that has too few or too many fields, "skip" or "error"; None: they are an error.

    Raises
    ------
    SourceError : bytes that hold no table.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        if data.startswith(b"PAR1"):
            return pq.read_table(pa.BufferReader(data))
        if data.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"[":
            return _of_objects(json.loads(data))
    except (pa.ArrowException, OSError, ValueError, TypeError, AttributeError) as error:
        raise SourceError("'{name}' holds no table that can be read ({error})", name=name, error=error) from error
    return _read_csv(data, Path(name), ragged)


def as_table(source: Any) -> pa.Table:
    """A pandas, polars or Arrow table as Arrow; a pandas index of dates becomes a column.

    Raises
    ------
    SourceError : something that is no table.
    """
    import pyarrow as pa

    if type(source).__module__.split(".")[0] == "pandas":
        return _from_pandas(source)
    if isinstance(source, pa.Table):
        return source
    if not hasattr(source, "__arrow_c_stream__"):
        raise SourceError(
            "expected a path, a SOURCE such as sample:AAPL, or a table (pandas, polars, Arrow); got {kind}",
            kind=type(source).__name__,
        )
    return pa.table(source)


def symbols_in(path: Path, header: str) -> list[str]:
    """The symbols of a Parquet file, read from that one column. Raises SourceError where it is damaged."""
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    try:
        symbols = pc.unique(pq.read_table(path, columns=[header])[header]).to_pylist()
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise SourceError("'{path}' is no Parquet file that can be read ({error})", path=path, error=error) from error
    return sorted(map(str, symbols))


def starts_with(path: Path, mark: bytes) -> bool:
    """Whether a file's first bytes are these."""
    with path.open("rb") as file:
        return file.read(len(mark)) == mark


def _read_parquet(path: Path, symbol: str | None) -> pa.Table:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        schema = pq.read_schema(path)
        header = recognise(schema.names).get("symbol")
        filters = None
        if symbol is not None and header is not None and pa.types.is_string(schema.field(header).type):
            filters = [(header, "=", symbol)]
        return pq.read_table(path, filters=filters)
    except (pa.ArrowException, OSError) as error:
        raise SourceError("'{path}' is no Parquet file that can be read ({error})", path=path, error=error) from error


def _of_objects(objects: list[dict[str, Any]]) -> pa.Table:
    """Objects as rows; a value that is neither text nor number is taken as text."""
    import pyarrow as pa

    names = dict.fromkeys(name for one in objects for name in one)
    columns = {name: [one.get(name) for one in objects] for name in names}
    made = {}
    for name, values in columns.items():
        try:
            made[name] = pa.array(values)
        except (pa.ArrowInvalid, pa.ArrowTypeError):
            made[name] = pa.array([None if value is None else str(value) for value in values], pa.string())
    return pa.table(made)


def _read_csv(data: bytes, path: Path, ragged: Callable[[Any], str] | None = None) -> pa.Table:
    import pyarrow as pa
    from pyarrow import csv

    text = _decode(data, path)
    first = text[: text.find(b"\n")] if b"\n" in text else text
    delimiter = max(DELIMITERS, key=lambda mark: first.count(mark.encode()))
    parse = csv.ParseOptions(delimiter=delimiter, newlines_in_values=False, invalid_row_handler=ragged)
    names = [name.strip().strip('"') for name in first.decode().strip().split(delimiter)]
    found = recognise(names)
    as_text = {found[name]: pa.string() for name in ("date", "symbol") if name in found}
    all_text = dict.fromkeys(names, pa.string())
    # A column that looks numeric may hold text further down; then everything is read as text, and the rows are found later.
    for types in (as_text, all_text):
        try:
            table = csv.read_csv(io.BytesIO(text), parse_options=parse, convert_options=_options(types))
        except pa.ArrowInvalid as error:
            if types is all_text:
                said = str(error).splitlines()[0]
                raise SourceError("'{path}' is no CSV table: {error}", path=path, error=said) from error
            continue
        return _numbers_as_such(table, found.get("symbol"))
    raise AssertionError


def _numbers_as_such(table: pa.Table, header: str | None) -> pa.Table:
    """Symbols that are whole numbers, all of them, as numbers: a spreadsheet took their zeros away."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if header is None or header not in table.column_names or table.num_rows == 0:
        return table
    symbols = table.column(header).cast(pa.string())
    if not pc.all(pc.match_substring_regex(symbols, r"^[1-9]\d{0,5}$")).as_py():
        return table
    return table.set_column(table.column_names.index(header), header, symbols.cast(pa.int64()))


def _options(types: dict[str, Any]) -> Any:
    from pyarrow import csv

    return csv.ConvertOptions(
        column_types=types, strings_can_be_null=True, null_values=["", "NaN", "nan", "NA", "null"]
    )


def _decode(data: bytes, path: Path) -> bytes:
    """The text in UTF-8, without a byte order mark and without blank lines before the header."""
    wide = data[:2] in (b"\xff\xfe", b"\xfe\xff")
    if not wide and b"\0" in data[:4096]:
        raise SourceError("'{path}' is a binary file: expected text, a .csv or a .parquet file", path=path)
    for encoding in ("utf-16",) if wide else ENCODINGS:
        try:
            return data.decode(encoding).encode().lstrip(b"\r\n")
        except UnicodeDecodeError:
            continue
    raise SourceError("'{path}' is neither UTF-8 nor CP949 text. Save it as UTF-8.", path=path)


def _from_pandas(frame: Any) -> pa.Table:
    import pandas as pd
    import pyarrow as pa

    if not isinstance(frame, pd.DataFrame):
        raise SourceError("expected a table of bars, got a pandas {kind}", kind=type(frame).__name__)
    named = frame if isinstance(frame.index, pd.RangeIndex) else frame.reset_index()
    if isinstance(frame.index, pd.DatetimeIndex) and frame.index.name is None:
        named = named.rename(columns={named.columns[0]: "date"})
    columns = {}
    for position, name in enumerate(named.columns):
        label = " ".join(str(part) for part in name if str(part)) if isinstance(name, tuple) else str(name)
        series = named.iloc[:, position]
        try:
            columns[label] = pa.array(series)
        except (pa.ArrowInvalid, pa.ArrowTypeError):
            columns[label] = pa.array(series.astype(str))
    return pa.table(columns)


def _missing(path: Path) -> SourceError:
    if path.is_dir():
        return SourceError("'{path}' is a folder: expected a .csv or .parquet file", path=path)
    neighbours = [entry.name for entry in path.parent.iterdir()] if path.parent.is_dir() else []
    return SourceError(
        "no file '{path}'.{hint} Expected a .csv or .parquet path, sample:AAPL, yahoo:AAPL, fdr:005930 or walk:SEED.",
        path=path,
        hint=did_you_mean(path.name, neighbours),
    )
