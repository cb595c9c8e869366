"""A server over a run's ledger, on a port of its own, until it is stopped."""

from __future__ import annotations

import ipaddress
import re
import socket
import sys
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from nextclose.core.errors import SettingsError
from nextclose.core.hosts import LOOPBACK
from nextclose.core.lang import Lang

if TYPE_CHECKING:
    import uvicorn

PORT = 8000
INSTALL = 'pip install -c constraints.txt -e ".[serve]"'
SWITCH = 0.0005
"""Seconds after which another thread may go on: a ledger that is read anew must not keep requests waiting."""
_TOKEN = re.compile(r"[A-Za-z0-9._~+/-]+=*")
"""A bearer token (RFC 6750)."""
BACKLOG, AT_ONCE, PATIENCE, KEPT_OPEN = 512, 1_000, 5, 30
"""Connections that wait, requests at once, and seconds that open requests have in the end and idle connections between."""


class Api:
    """A server that listens; `serve` answers until it is stopped."""

    def __init__(self, server: uvicorn.Server, listener: socket.socket, url: str, *, local: bool) -> None:
        self.url, self.local = url, local
        self._server, self._listener = server, listener

    def serve(self) -> None:
        """Answer until Ctrl-C or SIGTERM; open requests are finished."""
        sys.setswitchinterval(SWITCH)
        self._server.run([self._listener])

    def close(self) -> None:
        """Listen no longer; for a server that does not answer."""
        self._listener.close()

    def stop(self) -> None:
        """End `serve` from another thread."""
        self._server.should_exit = True


def open_api(
    run: Path, *, host: str = "127.0.0.1", port: int = PORT, token: str | None = None, lang: Lang = "en"
) -> Api:
    """A server over the ledger of a run.

    Parameters
    ----------
    port : 0 is any free one.
    token : what a request must bring as `Authorization: Bearer`; None asks for none.

    Raises
    ------
    LedgerError : no ledger there, or one that is not as it was written.
    SettingsError : a host or port that cannot be had, a token that is none, or the extra `serve` is not installed.
    """
    _check_installed()
    import uvicorn

    from nextclose.serve.answers import make_ahead
    from nextclose.serve.app import make_app
    from nextclose.serve.guard import Rules
    from nextclose.serve.store import Store
    from nextclose.serve.wire import Bounded

    _check_token(token)
    store, listener = Store(run, partial(make_ahead, lang=lang)), _listen(host, port)
    local = ipaddress.ip_address(listener.getsockname()[0]).is_loopback
    rules = Rules(names=LOOPBACK | {host.lower()} if local else None, token=token, lang=lang)
    config = uvicorn.Config(
        make_app(store, rules, lang=lang),
        http=Bounded,
        ws="none",
        access_log=False,
        log_config=None,
        log_level="error",
        server_header=False,
        limit_concurrency=AT_ONCE,
        backlog=BACKLOG,
        timeout_keep_alive=KEPT_OPEN,
        timeout_graceful_shutdown=PATIENCE,
    )
    return Api(uvicorn.Server(config), listener, _address(listener, host), local=local)


def _check_installed() -> None:
    missing = [name for name in ("fastapi", "uvicorn", "httptools") if find_spec(name) is None]
    if missing:
        raise SettingsError(
            "the API needs {missing}, not installed here: {install}", missing=", ".join(missing), install=INSTALL
        )


def _check_token(token: str | None) -> None:
    """Raise SettingsError for one that no header could bring."""
    if token is not None and not _TOKEN.fullmatch(token):
        raise SettingsError(
            "--token: expected letters, digits and any of -._~+/= without spaces, got {got}", got=repr(token)
        )


def _listen(host: str, port: int) -> socket.socket:
    """A socket that listens there. Raises SettingsError where none can."""
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0][0]
        listener = socket.create_server((host, port), family=family, backlog=BACKLOG)
    except socket.gaierror as error:
        raise SettingsError(
            "--host: '{host}' is no address of this machine ({error})", host=host, error=error.strerror
        ) from error
    except OSError as error:
        raise SettingsError(
            "the API cannot listen on {host}, port {port} ({error}): give another one with --port",
            host=host,
            port=port,
            error=error.strerror,
        ) from error
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def _address(listener: socket.socket, host: str) -> str:
    name = f"[{host}]" if ":" in host else host
    return f"http://{name}:{listener.getsockname()[1]}"
