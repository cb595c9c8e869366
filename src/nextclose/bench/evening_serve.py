"""The API under load: a server pinned to one core, asked from another, while a new ledger comes in."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from nextclose.bench.evening_flow import Flow
from nextclose.core.errors import NextcloseError
from nextclose.market.ledger.book import read
from nextclose.market.ledger.chain import Ledger
from nextclose.market.ledger.entries import FOLDER, HEAD

OTHERS = 50
"""Requests for a symbol between two for the verdict and the health."""
RELOADS = 3
"""Times that the ledger comes in anew meanwhile."""


@dataclass(frozen=True, kw_only=True)
class Served:
    """Seconds from when a request was due to the end of its answer."""

    requests: int
    rate: float
    """A second."""
    seconds: float
    median: float
    p99: float
    worst: float
    errors: int
    """Requests without an answer of status 200."""
    reloads: int
    """Times that the ledger was read anew meanwhile."""


def measure_serving(flow: Flow, *, rate: int, seconds: float) -> Served:
    """Ask for every symbol in turn, now and then for the verdict and the health."""
    ledger = Ledger.open(flow.run)
    symbols = sorted(set(read(ledger).forecasts["symbol"].to_pylist()))
    paths = []
    for number, symbol in enumerate(symbols):
        paths.append("/v1/forecasts/" + "".join(f"%{byte:02X}" for byte in symbol.encode()))
        if number % OTHERS == 0:
            paths += ["/v1/verdict", "/v1/health"]
    with _server(flow.run) as url:
        host, _, port = url.removeprefix("http://").rpartition(":")
        command = [sys.executable, "-m", "nextclose.bench.serve_load", host, port]
        with subprocess.Popen(  # noqa: S603 - our own
            [*command, str(rate), str(seconds)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as load:
            assert load.stdin is not None
            assert load.stdout is not None
            load.stdin.write("\n".join(paths))
            load.stdin.close()
            for _ in range(RELOADS):
                time.sleep(seconds / (RELOADS + 1))
                _publish_again(flow.run)
            said = json.loads(load.stdout.read())
    took = np.array(said["latencies"])
    return Served(
        requests=len(took), rate=rate, seconds=seconds, median=float(np.median(took)),
        p99=float(np.quantile(took, 0.99)), worst=float(took.max()), errors=said["failed"], reloads=RELOADS,
    )  # fmt: skip


def _publish_again(run: Path) -> None:
    """The ledger's head anew, with the same content: whoever watches it reads the ledger again."""
    path = run / FOLDER / HEAD
    beside = path.with_suffix(".again")
    beside.write_bytes(path.read_bytes())
    beside.replace(path)


@contextmanager
def _server(run: Path) -> Iterator[str]:
    """The address of `nextclose serve`, pinned to the first core. Raises NextcloseError where it does not start."""
    command = [sys.executable, "-m", "nextclose", "serve", str(run), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:  # noqa: S603 - our own
        with suppress(AttributeError, OSError):
            os.sched_setaffinity(server.pid, {min(os.sched_getaffinity(0))})
        assert server.stdout is not None
        line = server.stdout.readline()
        try:
            if "http" not in line:
                raise NextcloseError("nextclose serve did not start: {said}", said=line.strip() or "-")
            yield next(word for word in line.split() if word.startswith("http"))
        finally:
            server.terminate()
