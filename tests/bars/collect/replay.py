"""A little server that replays recorded answers: late, broken, half, or as they should be."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread

Step = Callable[[BaseHTTPRequestHandler], None]
"""What is done with one request."""


def ok(body: bytes, kind: str = "text/csv") -> Step:
    """The whole answer."""

    def answer(request: BaseHTTPRequestHandler) -> None:
        _head(request, 200, kind, len(body))
        request.wfile.write(body)

    return answer


def fail(status: int, body: bytes = b"") -> Step:
    """A status such as 404 or 500."""

    def answer(request: BaseHTTPRequestHandler) -> None:
        _head(request, status, "text/plain", len(body))
        request.wfile.write(body)

    return answer


def slow(seconds: float, then: Step) -> Step:
    """A delay before another step."""

    def answer(request: BaseHTTPRequestHandler) -> None:
        time.sleep(seconds)
        then(request)

    return answer


def cut(body: bytes, at: int, *, told: bool = True) -> Step:
    """The first bytes of a body, then the connection is closed.

    told : whether the head names the whole length, so that a reader can see that something is lacking.
    """

    def answer(request: BaseHTTPRequestHandler) -> None:
        _head(request, 200, "text/csv", len(body) if told else None)
        request.wfile.write(body[:at])
        request.close_connection = True

    return answer


def empty() -> Step:
    """Status 200 and not one byte."""
    return ok(b"")


def html(text: str = "<!doctype html><html><body>Service is down for maintenance</body></html>") -> Step:
    """A page for people with status 200."""
    return ok(text.encode(), "text/html; charset=utf-8")


class Replay:
    """Serves on 127.0.0.1 while it is entered; the last step of a path is repeated; an unknown path is 404.

    `answers` may be changed while it serves; `asked` counts the requests of each path.
    """

    def __init__(self, answers: Mapping[str, Sequence[Step] | Step]) -> None:
        self.answers = dict(answers)
        self.asked: Counter[str] = Counter()
        self._lock = Lock()
        replay = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                try:
                    replay._next(self.path)(self)
                except (BrokenPipeError, ConnectionResetError):
                    self.close_connection = True  # whoever asked has gone

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    @property
    def url(self) -> str:
        """Where it serves, without a slash at the end."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Replay:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _next(self, path: str) -> Step:
        with self._lock:
            steps = self.answers.get(path, fail(404))
            steps = [steps] if callable(steps) else list(steps)
            at = min(self.asked[path], len(steps) - 1)
            self.asked[path] += 1
            return steps[at]


def _head(request: BaseHTTPRequestHandler, status: int, kind: str, length: int | None) -> None:
    request.send_response(status)
    request.send_header("Content-Type", kind)
    if length is not None:
        request.send_header("Content-Length", str(length))
    request.end_headers()
