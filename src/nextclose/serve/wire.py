"""HTTP/1.1 with bounds on what a request may hold and how long it may take to come."""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MOST_HEAD = 32 << 10
"""Bytes of a request's first line and headers."""
PATIENCE = 10.0
"""Seconds until they are all there."""


class Bounded(HttpToolsProtocol):
    """A connection that is closed when a request's head is too long or too slow."""

    _unread = 0
    """Bytes of a head that is not whole yet."""
    _late: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """The first request is awaited."""
        super().connection_made(transport)
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is awaited any more."""
        self._come()
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        """A head begins."""
        super().on_message_begin()
        self._wait()

    def on_headers_complete(self) -> None:
        """It is whole."""
        self._come()
        super().on_headers_complete()

    def data_received(self, data: bytes) -> None:
        """Take it, unless a head has become too long."""
        super().data_received(data)
        if self._late is None:
            return
        self._unread += len(data)
        if self._unread > MOST_HEAD:
            self._close()

    def _wait(self) -> None:
        if self._late is None:
            self._late = self.loop.call_later(PATIENCE, self._close)

    def _come(self) -> None:
        self._unread = 0
        if self._late is not None:
            self._late.cancel()
            self._late = None

    def _close(self, *_: Any) -> None:
        self._come()
        if not self.transport.is_closing():
            self.transport.close()
