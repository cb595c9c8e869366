"""The API under load: a server pinned to one core, asked from another, while a new ledger comes in."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from nextclose.bench.evening_flow import Flow
from nextclose.core.errors import NextcloseError
from nextclose.core.plain import to_json
from nextclose.market.files import write_bytes, write_text
from nextclose.market.ledger.book import read
from nextclose.market.ledger.chain import Ledger
from nextclose.market.ledger.entries import CHAIN, FOLDER, HEAD
from nextclose.market.ledger.lines import head_of

OTHERS = 50
"""Requests for a symbol between two for the verdict and the health."""
RELOADS = 3
"""Entries that come in meanwhile."""


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
    """Entries that came in and were read meanwhile."""


def measure_serving(flow: Flow, *, rate: int, seconds: float) -> Served:
    """Ask for every symbol in turn, now and then for the verdict and the health, while the ledger's last entries come in.

    Raises NextcloseError where the server does not start, or has not read the last entry in the end.
    """
    ledger = Ledger.open(flow.run)
    symbols = sorted(set(read(ledger).forecasts["symbol"].to_pylist()))
    with tempfile.TemporaryDirectory() as made:
        copy = Growing(ledger, Path(made))
        first = len(ledger.entries) - min(RELOADS, len(ledger.entries) - 2)
        copy.show(first)
        with _server(copy.run) as url:
            host, _, port = url.removeprefix("http://").rpartition(":")
            command = [sys.executable, "-m", "nextclose.bench.serve_load", host, port]
            with subprocess.Popen(  # noqa: S603 - our own
                [*command, str(rate), str(seconds)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
            ) as load:
                assert load.stdin is not None
                assert load.stdout is not None
                load.stdin.write("\n".join(_paths(symbols)))
                load.stdin.close()
                for shown in range(first + 1, len(ledger.entries) + 1):
                    time.sleep(seconds / (RELOADS + 1))
                    copy.show(shown)
                said = json.loads(load.stdout.read())
            _check_last(host, int(port), ledger)
    took = np.array(said["latencies"])
    return Served(
        requests=len(took), rate=rate, seconds=seconds, median=float(np.median(took)),
        p99=float(np.quantile(took, 0.99)), worst=float(took.max()), errors=said["failed"],
        reloads=len(ledger.entries) - first,
    )  # fmt: skip


def _paths(symbols: list[str]) -> list[str]:
    found = []
    for number, symbol in enumerate(symbols):
        found.append("/v1/forecasts/" + "".join(f"%{byte:02X}" for byte in symbol.encode()))
        if number % OTHERS == 0:
            found += ["/v1/verdict", "/v1/health"]
    return found


class Growing:
    """A copy of a ledger that shows its first entries, and then more of them, each as if it had just been written."""

    def __init__(self, ledger: Ledger, run: Path) -> None:
        self.run, self.ledger = run, ledger
        shutil.copytree(ledger.folder, run / FOLDER)
        self._lines = (ledger.folder / CHAIN).read_bytes().splitlines(keepends=True)

    def show(self, entries: int) -> None:
        """The ledger as it was when it had so many."""
        write_bytes(self.run / FOLDER / CHAIN, b"".join(self._lines[:entries]))
        write_text(self.run / FOLDER / HEAD, to_json(head_of(self.ledger.entries[entries - 1])))


def _check_last(host: str, port: int, ledger: Ledger) -> None:
    """Raise NextcloseError unless the server has read the ledger's last entry."""
    said = asyncio.run(_health(host, port))
    if ledger.head.hash.encode() not in said:
        raise NextcloseError("nextclose serve has not read the ledger's last entry: {said}", said=said.decode()[-500:])


async def _health(host: str, port: int) -> bytes:
    reader, writer = await asyncio.open_connection(host, port)
    writer.write(f"GET /v1/health HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
    said = await reader.read()
    writer.close()
    return said


@contextmanager
def _server(run: Path) -> Iterator[str]:
    """The address of `nextclose serve`, pinned to the first core. Raises NextcloseError where it does not start."""
    command = [sys.executable, "-m", "nextclose", "serve", str(run), "--port", "0"]
    with (
        tempfile.TemporaryFile("w+", encoding="utf-8") as told,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=told, text=True) as server,  # noqa: S603 - our own
    ):
        with suppress(AttributeError, OSError):
            os.sched_setaffinity(server.pid, {min(os.sched_getaffinity(0))})
        assert server.stdout is not None
        line = server.stdout.readline()
        try:
            if "http" not in line:
                server.terminate()
                server.wait()
                told.seek(0)
                raise NextcloseError(
                    "nextclose serve did not start: {said}", said=line.strip() or told.read().strip() or "-"
                )
            yield next(word for word in line.split() if word.startswith("http"))
        finally:
            server.terminate()
