"""A kept set and a market run on disk, and the steps of an evening as commands of their own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nextclose.core.errors import NextcloseError
from nextclose.core.types import Dates
from nextclose.market.sets import open_set
from nextclose.market.spans import market_sessions


@dataclass(frozen=True, kw_only=True)
class Step:
    """One command, from its start to its end."""

    wall: float
    """Seconds."""
    cpu: float
    """Seconds of the process and its workers."""
    said: dict[str, Any]
    """What it printed as JSON."""


@dataclass(frozen=True, kw_only=True)
class Flow:
    """Where everything lies, and which sessions the evenings are of."""

    source: str
    """The file that later bars come from."""
    folder: Path
    sessions: Dates
    """(evenings + 1,) the last ones of the source: the run ends on the first, an evening follows on each other."""
    tested: str
    """The first session of the run's test span."""
    workers: int
    exchange: str = ""
    """Empty: the one whose calendar fits the bars."""

    @property
    def set(self) -> Path:
        """The set that is kept."""
        return self.folder / "set"

    @property
    def run(self) -> Path:
        """The market run."""
        return self.folder / "run"


def make_flow(source: str, folder: Path, *, evenings: int, tested: int, workers: int, exchange: str = "") -> Flow:
    """The run's test span ends so many evenings before the source does, `tested` sessions long."""
    scan = open_set(source).scan()
    sessions = market_sessions(scan.dates, scan.counts)
    return Flow(
        source=source,
        folder=folder,
        sessions=sessions[-evenings - 1 :],
        tested=str(sessions[-evenings - tested]),
        workers=workers,
        exchange=exchange,
    )


def prepare(flow: Flow, *, recipe: str, seeds: int, refit_every: int, settings: Sequence[str] = ()) -> None:
    """The set as of the first session, the market run on it, its live nets, and the forecasts of the next session."""
    first = str(flow.sessions[0])
    collect(flow, first)
    changed = [word for one in settings for word in ("--set", one)]
    nextclose(
        "market", "run", flow.set, "--recipe", recipe, *changed, "--seeds", seeds, "--refit-every", refit_every,
        "--test-start", flow.tested, "--workers", flow.workers, "--out", flow.run, "--no-pages",
    )  # fmt: skip
    go_on(flow, "update", first)
    go_on(flow, "predict", first)


def collect(flow: Flow, session: str) -> Step:
    """The bars up to a session into the set."""
    known = ("--exchange", flow.exchange) if flow.exchange else ()
    return nextclose("data", "update", flow.set, "--from", flow.source, "--as-of", session, *known)


def go_on(flow: Flow, step: str, session: str) -> Step:
    """`nextclose market update`, `predict` or `score` as of a session."""
    workers = () if step == "score" else ("--workers", flow.workers)
    return nextclose("market", step, flow.run, "--as-of", session, *workers)


def nextclose(*words: object) -> Step:
    """A command in a process of its own. Raises NextcloseError where it fails."""
    command = [sys.executable, "-m", "nextclose", *map(str, words), "--json"]
    before, began = os.times(), time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own
    wall, after = time.perf_counter() - began, os.times()
    if done.returncode != 0:
        said = (done.stderr.strip().splitlines() or ["-"])[-1]
        raise NextcloseError("nextclose {words} failed: {said}", words=" ".join(map(str, words[:2])), said=said)
    cpu = (after.children_user + after.children_system) - (before.children_user + before.children_system)
    return Step(wall=wall, cpu=cpu, said=json.loads(done.stdout))
