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
    write_bytes(forecasts_path(folder, result.number), result.files[FORECASTS])
    record = {
        "number": result.number, "used": result.used, "left_out": result.left_out, "failed": result.failed,
        "fits": result.fits,
        "files": {name: [len(content), _hash(content)] for name, content in result.files.items()},
    }  # fmt: skip
    files = {f"{name}.parquet": content for name, content in result.files.items() if name != FORECASTS}
    write_folder(shard_path(folder, result.number), files | {RECORD: to_json(record).encode()})


def note_time(folder: Path, entry: dict[str, Any]) -> None:
    """Add a line to the clock times; nothing depends on them."""
    add_line(folder / TIMINGS, json.dumps(entry))


def finished(folder: Path, *, verify: bool = False) -> Iterator[dict[str, Any]]:
    """The records of the shards that need not be computed again, in order.

    verify : read every file and compare its hash, not its size alone: a damaged shard is computed again.
    """
    for path in sorted((folder / SHARDS).glob(f"[0-9]*/{RECORD}")):
        try:
            record = json.loads(path.read_text(encoding="utf-8"))
            if all(_whole(folder, record["number"], *file, verify=verify) for file in record["files"].items()):
                yield record
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            continue


def table_path(folder: Path, number: int, name: str) -> Path:
    """Where a shard's part of a table is."""
    return forecasts_path(folder, number) if name == FORECASTS else shard_path(folder, number) / f"{name}.parquet"


def _whole(folder: Path, number: int, name: str, stated: tuple[int, str], *, verify: bool) -> bool:
    path, (size, digest) = table_path(folder, number, name), stated
    return path.stat().st_size == size and (not verify or _hash(path.read_bytes()) == digest)


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def forecasts_path(folder: Path, number: int) -> Path:
    """Where a shard's forecasts are."""
    return folder / FORECASTS / f"{number:05d}.parquet"


def shard_path(folder: Path, number: int) -> Path:
    """Where the rest of a shard is."""
    return folder / SHARDS / f"{number:05d}"
