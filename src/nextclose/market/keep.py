"""Finished shards on disk: forecasts first, then everything else in a folder that appears at once and makes it count."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from nextclose.core.plain import to_json
from nextclose.market.files import add_line, write_bytes, write_folder
from nextclose.market.shard import ShardResult

FORECASTS, SHARDS, RECORD, TIMINGS = "forecasts", "shards", "record.json", "timings.jsonl"


def keep(folder: Path, result: ShardResult) -> None:
    """Write a shard; killed at any moment, it is finished or it never was."""
    forecasts = result.files["forecasts"]
    write_bytes(forecasts_path(folder, result.number), forecasts)
    record = {
        "number": result.number, "used": result.used, "left_out": result.left_out, "failed": result.failed,
        "fits": result.fits, "bytes": len(forecasts), "sha256": hashlib.sha256(forecasts).hexdigest(),
    }  # fmt: skip
    files = {f"{name}.parquet": content for name, content in result.files.items() if name != "forecasts"}
    write_folder(shard_path(folder, result.number), files | {RECORD: to_json(record).encode()})


def note_time(folder: Path, entry: dict[str, Any]) -> None:
    """Add a line to the clock times; nothing depends on them."""
    add_line(folder / TIMINGS, json.dumps(entry))


def finished(folder: Path) -> Iterator[dict[str, Any]]:
    """The records of the shards that need not be computed again, in order."""
    for path in sorted((folder / SHARDS).glob(f"[0-9]*/{RECORD}")):
        try:
            record = json.loads(path.read_text(encoding="utf-8"))
            if forecasts_path(folder, record["number"]).stat().st_size == record["bytes"]:
                yield record
        except (OSError, ValueError, KeyError):
            continue


def forecasts_path(folder: Path, number: int) -> Path:
    """Where a shard's forecasts are."""
    return folder / FORECASTS / f"{number:05d}.parquet"


def shard_path(folder: Path, number: int) -> Path:
    """Where the rest of a shard is."""
    return folder / SHARDS / f"{number:05d}"
