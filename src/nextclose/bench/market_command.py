"""A market run in a process of its own, timed from its start to its end."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from nextclose.bench.market_memory import MemoryWatch, can_watch
from nextclose.bench.market_plan import Task
from nextclose.core.errors import NextcloseError
from nextclose.market.config import MarketConfig
from nextclose.market.finish import Outcome, outcome_of
from nextclose.market.keep import TIMINGS

_YEAR = 365.25
"""Days."""


@dataclass(frozen=True, kw_only=True)
class Ran:
    """One market run."""

    wall: float
    """Seconds from the start of its process to its end."""
    cpu: float
    """Seconds of CPU time of the process and its workers."""
    in_fits: float
    """Of them, those in the engine's kernels."""
    in_shards: float
    """Those that workers spent on shards, fits among them."""
    fits: int
    symbols: int
    """That were used."""
    years: float
    """Of the test span."""
    peak: int | None
    """Most bytes at a time, where they were watched."""


def run_market(task: Task, folder: Path | None = None, *, watched: bool = False) -> Ran:
    """Run it in `folder`, or in one that is gone afterwards. Raises NextcloseError where it fails."""
    if folder is not None:
        return _run(task, folder, watched=watched)
    with tempfile.TemporaryDirectory() as made:
        return _run(task, Path(made) / "run", watched=watched)


def _run(task: Task, folder: Path, *, watched: bool) -> Ran:
    arguments = [str(folder), str(task.workers), json.dumps(task.wishes())]
    command = [sys.executable, "-m", "nextclose.bench.market_once", *arguments]
    before, began = os.times(), time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:  # noqa: S603 - our own
        with MemoryWatch(process.pid) if watched and can_watch() else nullcontext() as watch:
            _, said = process.communicate()
        wall, after = time.perf_counter() - began, os.times()
    outcome = outcome_of(folder) if process.returncode == 0 else None
    if outcome is None:
        raise NextcloseError("the market run failed: {said}", said=(said.strip().splitlines() or ["-"])[-1])
    spent = (after.children_user + after.children_system) - (before.children_user + before.children_system)
    return _ran(folder, outcome, wall, spent, None if watch is None else watch.peak)


def _ran(folder: Path, outcome: Outcome, wall: float, cpu: float, peak: int | None) -> Ran:
    times = [json.loads(line) for line in (folder / TIMINGS).read_text(encoding="utf-8").splitlines()]
    sessions = MarketConfig.read(folder).sessions
    return Ran(
        wall=wall,
        cpu=cpu,
        in_fits=sum(one["fit_seconds"] for one in times),
        in_shards=sum(one["cpu_seconds"] for one in times),
        fits=outcome.fits,
        symbols=outcome.used,
        years=float((sessions[-1] - sessions[0]) / np.timedelta64(1, "D")) / _YEAR,
        peak=peak,
    )
