"""How far a run is, from what it left on disk; works while another process computes."""

from __future__ import annotations

import json
import time
from pathlib import Path

from nextclose.core.market import Status
from nextclose.market.config import MarketConfig
from nextclose.market.files import is_locked
from nextclose.market.finish import outcome_of
from nextclose.market.keep import finished
from nextclose.market.nets import pooled_fits
from nextclose.market.watch import EVERY, HEARTBEAT

YOUNG = 5 * EVERY
"""Seconds after which a heartbeat is that of a run which has ended."""


def read_status(folder: Path) -> Status:
    """That of the run in `folder`. Raises SavedRunError where there is none."""
    config = MarketConfig.read(folder)
    records = list(finished(folder))
    done = outcome_of(folder) is not None
    try:
        beat = json.loads((folder / HEARTBEAT).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        beat = {}
    age = None if done or "time" not in beat else time.time() - beat["time"]
    running = not done and _is_running(folder, age)
    return Status(
        folder=str(folder),
        state="finished" if done else "running" if running else "stopped",
        phase="finished" if done else str(beat.get("phase", "computing")),
        symbols=config.symbols,
        done=sum(len(config.shards[record["number"]]) for record in records),
        shards=len(config.shards),
        shards_done=len(records),
        left_out=sum(record["left_out"] for record in records),
        failed=sum(record["failed"] for record in records),
        fits=sum(record["fits"] for record in records) + (pooled_fits(config) if done else 0),
        rate=beat.get("rate") if running else None,
        seconds_left=beat.get("seconds_left") if running else None,
        age=age,
        lang=config.lang,
    )


def _is_running(folder: Path, age: float | None) -> bool:
    """Whether somebody works on it: by the lock, else by a heartbeat that is young."""
    locked = is_locked(folder)
    return age is not None and age < YOUNG if locked is None else locked
