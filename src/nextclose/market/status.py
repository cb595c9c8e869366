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
from nextclose.market.watch import HEARTBEAT


def read_status(folder: Path) -> Status:
    """That of the run in `folder`. Raises SavedRunError where there is none."""
    config = MarketConfig.read(folder)
    records = list(finished(folder))
    done = outcome_of(folder) is not None
    running = not done and is_locked(folder)
    try:
        beat = json.loads((folder / HEARTBEAT).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        beat = {}
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
        fits=sum(record["fits"] for record in records),
        rate=beat.get("rate") if running else None,
        seconds_left=beat.get("seconds_left") if running else None,
        age=time.time() - beat["time"] if "time" in beat else None,
        lang=config.lang,
    )
