"""Each answer's bytes, from a snapshot."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from datetime import date
from functools import partial
from io import BytesIO
from typing import TYPE_CHECKING, Any

from nextclose.core.errors import SettingsError, SourceError
from nextclose.core.lang import Lang
from nextclose.core.suggest import did_you_mean
from nextclose.serve.near import nearest
from nextclose.serve.snapshot import Part, Snapshot, as_bytes

if TYPE_CHECKING:
    import pyarrow as pa

FIELDS = (
    "model", "step", "origin", "target_date", "yhat", "lo", "hi", "level", "p_up", "last_close", "status", "reason",
    "fold", "trained_until", "model_hash", "data_hash",
)  # fmt: skip
"""Of a forecast, beside its symbol."""
TRUTH = ("actual_date", "y", "last_close", "basis", "mark")
"""Of what came of it."""
Rows = list[dict[str, Any]]


def symbol_answer(snapshot: Snapshot, symbol: str, model: str | None, history: int, lang: Lang) -> bytes:
    """A symbol's latest forecasts, and those of `history` origins before.

    Raises
    ------
    SourceError : no such symbol. SettingsError : no such model.
    """
    entry = snapshot.entry
    if entry is None or symbol not in snapshot.symbols:
        raise SourceError(
            "no forecasts of '{symbol}'.{hint} The ledger holds {count} symbols.",
            symbol=symbol,
            hint=nearest(symbol, snapshot.near),
            count=len(snapshot.symbols),
        )
    check_model(snapshot, model)
    origins = list(snapshot.forecasts)[: 1 + history]
    latest, *before = (snapshot.forecasts[origin] for origin in origins)
    truths = _truths((part for part in snapshot.truths if part.entry.as_of > origins[-1]), symbol)
    return as_bytes(
        {
            "symbol": symbol,
            "origin": entry.as_of,
            "recorded_at": entry.recorded_at,
            "entry": entry.entry,
            "forecasts": _told(_forecasts(latest, symbol, model), truths, lang),
            "history": [row for parts in before for row in _told(_forecasts(parts, symbol, model), truths, lang)],
        }
    )


def make_ahead(snapshot: Snapshot, lang: Lang) -> None:
    """What is asked most, made before a snapshot is served, and other threads let in between."""
    for symbol in sorted(snapshot.symbols):
        snapshot.small.once((symbol, None, 0), partial(symbol_answer, snapshot, symbol, None, 0, lang))
        time.sleep(0.0)


def check_model(snapshot: Snapshot, model: str | None) -> None:
    """Raise SettingsError for a model that is not there."""
    if model is not None and model not in snapshot.models:
        raise SettingsError(
            "model: expected one of {known}, got '{got}'.{hint}",
            known=", ".join(snapshot.models),
            got=model,
            hint=did_you_mean(model, snapshot.models),
        )


def _forecasts(parts: Iterable[Part], symbol: str, model: str | None) -> Rows:
    """An origin's rows of a symbol: the first with a number of each model and step, or the last where none has one."""
    found: dict[tuple[str, int], dict[str, Any]] = {}
    for row in (row for part in parts for row in part.of(symbol)):
        key = row["model"], row["step"]
        if model in (None, row["model"]) and (key not in found or found[key]["yhat"] is None):
            found[key] = row
    return list(found.values())


def _truths(parts: Iterable[Part], symbol: str) -> dict[tuple[date, int], dict[str, Any]]:
    """(origin, step) -> the last truth."""
    return {(row["origin"], row["step"]): row for part in parts for row in part.of(symbol)}


def _told(rows: Rows, truths: Mapping[tuple[date, int], dict[str, Any]], lang: Lang) -> Rows:
    """Rows in a language, with what came of each."""
    reason = "reason" if lang == "en" else "reason_ko"
    told = []
    for row in rows:
        truth = truths.get((row["origin"], row["step"]))
        own = {name: row[reason if name == "reason" else name] for name in FIELDS}
        told.append(own | {"truth": None if truth is None else {name: truth[name] for name in TRUTH}})
    return told


def bulk_answer(snapshot: Snapshot, kind: str, origin: str | None, model: str | None, lang: Lang) -> bytes:
    """Every symbol's forecasts of an origin as a Parquet file or CSV.

    Raises
    ------
    SourceError : no forecasts yet. SettingsError : an origin that is not at hand, or no such model.
    """
    if not snapshot.latest:
        raise SourceError("the ledger holds no forecasts yet: nextclose market predict makes them")
    if origin is not None and origin not in snapshot.forecasts:
        raise SettingsError(
            "origin: no forecasts of '{got}' are at hand. There are {count} origins, from {first} to {last}.",
            got=origin,
            count=len(snapshot.forecasts),
            first=min(snapshot.forecasts),
            last=max(snapshot.forecasts),
        )
    check_model(snapshot, model)
    rows = _table(snapshot.latest if origin is None else snapshot.forecasts[origin], model, lang)
    return _parquet(rows) if kind == "parquet" else _csv(rows)


def _table(parts: tuple[Part, ...], model: str | None, lang: Lang) -> pa.Table:
    """An origin's rows, as `_forecasts` takes them; text as such."""
    import pyarrow as pa
    import pyarrow.compute as pc

    from nextclose.market.ledger.book import first_numbers
    from nextclose.market.ledger.tables import schema_of

    rows = pa.concat_tables(part.rows.cast(schema_of("forecasts")) for part in parts)
    if len(parts) > 1:
        rows = first_numbers(rows).sort_by("symbol")
    if model is not None:
        # An Arrow scalar that is there: to make one of a str, pyarrow would load pandas.
        own = next((name for name in rows["model"].unique() if name.as_py() == model), None)
        rows = rows.slice(0, 0) if own is None else rows.filter(pc.equal(rows["model"], own))
    if lang != "en":
        rows = rows.set_column(rows.column_names.index("reason"), "reason", rows["reason_ko"])
    return rows.select(["symbol", *FIELDS]).combine_chunks()


def _parquet(rows: pa.Table) -> bytes:
    import pyarrow.parquet as pq

    sink = BytesIO()
    pq.write_table(rows, sink, compression="zstd")
    return sink.getvalue()


def _csv(rows: pa.Table) -> bytes:
    from pyarrow import csv

    sink = BytesIO()
    csv.write_csv(rows, sink)
    return sink.getvalue()
