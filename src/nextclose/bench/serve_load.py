"""Requests at a fixed rate, whatever the answers do: serve_load.py HOST PORT RATE SECONDS, paths on standard input.

Each request is due at its own time, and its latency counts from then: a server that stalls makes all that were due
meanwhile late, and none of them is left out (Tene's coordinated omission). Prints one JSON object.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, field

CONNECTIONS = 64
"""Kept open."""
CORE = -1
"""The core that asks: the last."""


@dataclass(kw_only=True)
class Load:
    """A load under way."""

    host: str
    port: int
    paths: list[str]
    latencies: list[float] = field(default_factory=list)
    failed: int = 0

    async def run(self, rate: float, seconds: float) -> None:
        """Ask `rate` times a second, the paths in turn."""
        free: asyncio.Queue[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = asyncio.Queue()
        for _ in range(CONNECTIONS):
            free.put_nowait(await asyncio.open_connection(self.host, self.port))
        began, asked = time.perf_counter(), []
        for number in range(int(rate * seconds)):
            due = began + number / rate
            await asyncio.sleep(max(due - time.perf_counter(), 0.0))
            asked.append(asyncio.create_task(self._ask(free, self.paths[number % len(self.paths)], due)))
        await asyncio.gather(*asked)
        while not free.empty():
            free.get_nowait()[1].close()

    async def _ask(
        self, free: asyncio.Queue[tuple[asyncio.StreamReader, asyncio.StreamWriter]], path: str, due: float
    ) -> None:
        reader, writer = await free.get()
        try:
            writer.write(f"GET {path} HTTP/1.1\r\nHost: {self.host}\r\n\r\n".encode())
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            length = int(head.split(b"content-length:")[1].split(b"\r\n")[0])
            await reader.readexactly(length)
            self.failed += b" 200 " not in head.splitlines()[0]
        except (OSError, IndexError, ValueError, asyncio.IncompleteReadError):
            self.failed += 1
            writer.close()
            reader, writer = await asyncio.open_connection(self.host, self.port)
        self.latencies.append(time.perf_counter() - due)
        free.put_nowait((reader, writer))


def main(host: str, port: str, rate: str, seconds: str) -> None:
    """Ask, and print what came."""
    with suppress(AttributeError, OSError):
        os.sched_setaffinity(0, {sorted(os.sched_getaffinity(0))[CORE]})
    load = Load(host=host, port=int(port), paths=sys.stdin.read().split())
    asyncio.run(load.run(float(rate), float(seconds)))
    print(json.dumps({"latencies": load.latencies, "failed": load.failed}))


if __name__ == "__main__":
    main(*sys.argv[1:])
