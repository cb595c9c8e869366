"""A run's final tables from its shards: always the same bytes, whoever computed the shards and in whatever order."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from nextclose.core.errors import SavedRunError
from nextclose.core.plain import to_json
from nextclose.judging.by_symbol import symbol_rows
from nextclose.judging.symbol_statistics import SymbolStatistics
from nextclose.judging.tally import Tally
from nextclose.market.config import MarketConfig
from nextclose.market.files import write_bytes, write_text
from nextclose.market.keep import FORECASTS, finished, table_path
from nextclose.market.nets import pooled_fits
from nextclose.market.tables import arrays_of, by_model, columns_table, from_parquet, to_parquet

if TYPE_CHECKING:
    import pyarrow as pa

RESULT = "result.json"
TABLES = ("metrics", "folds", "sessions", "symbols", "faults")


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a finished run came to."""

    used: int
    left_out: int
    failed: int
    fits: int
    tables: Mapping[str, str]
    """File -> SHA-256."""


def outcome_of(folder: Path) -> Outcome | None:
    """That of a finished run; None where it is not finished."""
    try:
        return Outcome(**json.loads((folder / RESULT).read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError) as error:
        raise SavedRunError(
            "'{path}' is damaged and cannot be read ({error}). Delete it and go on with nextclose market resume.",
            path=folder / RESULT,
            error=error,
        ) from error


def finish(folder: Path, config: MarketConfig) -> Outcome:
    """Write the final tables of a run whose shards are all there, and last of all what it came to."""
    records = list(finished(folder))
    hashes = {f"forecasts/{record['number']:05d}.parquet": str(record["files"][FORECASTS][1]) for record in records}
    for name in TABLES:
        content = to_parquet(_table(name, folder, records, config))
        write_bytes(folder / f"{name}.parquet", content)
        hashes[f"{name}.parquet"] = hashlib.sha256(content).hexdigest()
    counts = {name: sum(record[name] for record in records) for name in ("used", "left_out", "failed", "fits")}
    counts["fits"] += pooled_fits(config)
    outcome = Outcome(**counts, tables=hashes)
    write_text(folder / RESULT, to_json(outcome))
    return outcome


def _table(name: str, folder: Path, records: Sequence[Mapping[str, Any]], config: MarketConfig) -> pa.Table:
    import pyarrow as pa

    found = _parts(name, folder, records)
    first = next(found, None)
    if first is None:
        return pa.table({"symbol": pa.array([], pa.string())})
    parts = chain([first], found)
    if name == "metrics":
        return _metrics(parts, config)
    if name == "sessions":
        return _sessions(parts)
    return pa.concat_tables(list(parts)).combine_chunks()


def _parts(name: str, folder: Path, records: Sequence[Mapping[str, Any]]) -> Iterator[pa.Table]:
    """Each shard's part of a table, in the shards' order; a shard without a usable symbol has none of some."""
    for record in records:
        if name in record["files"]:
            yield from_parquet(table_path(folder, record["number"], name))


def _sessions(parts: Iterable[pa.Table]) -> pa.Table:
    """The sums over all symbols, added shard by shard, so that memory does not grow with their number."""
    sums: dict[tuple[str, int], Tally] = {}
    for part in parts:
        for key, own in by_model(arrays_of(part)):
            tally = Tally.make(own)
            sums[key] = Tally.sum([sums[key], tally] if key in sums else [tally])
    return columns_table([(model, tally.columns()) for (model, _), tally in sums.items()])


def _metrics(parts: Iterable[pa.Table], config: MarketConfig) -> pa.Table:
    """The statistics of all symbols, with verdicts at a false discovery rate over them."""
    tables = []
    recipes = set(config.recipes)
    for model, shards in _grouped(parts):
        together = SymbolStatistics.concat(shards)
        ruled = symbol_rows(together, model, config.lang)
        by_symbol = {row.symbol: row for row in ruled}
        rows = [by_symbol[symbol] for symbol in together.symbol.tolist()]
        kind = "recipe" if model in recipes else "baseline"
        verdicts = {
            "kind": np.array([kind] * len(rows), dtype=object),
            "verdict": np.array([row.verdict for row in rows], dtype=object),
            "information": np.array([row.information for row in rows], dtype=object),
            "pvalue_adjusted": np.array([row.pvalue_adjusted for row in rows]),
        }
        tables.append((model, together.columns() | verdicts))
    return columns_table(tables)


def _grouped(parts: Iterable[pa.Table]) -> Iterator[tuple[str, list[SymbolStatistics]]]:
    """(model, its statistics shard by shard) for each model and step, in the order of their first appearance."""
    groups: dict[tuple[str, int], list[SymbolStatistics]] = {}
    for part in parts:
        for key, own in by_model(arrays_of(part)):
            groups.setdefault(key, []).append(SymbolStatistics.make(own))
    yield from ((model, found) for (model, _), found in groups.items())
