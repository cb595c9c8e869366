"""A lab that is open: its server in a thread of its own, over bars that were read before anything was served."""

from __future__ import annotations

import ipaddress
import os
import secrets
import socket
import sys
import threading
import time
import webbrowser
from collections.abc import Callable
from contextlib import suppress
from importlib.util import find_spec
from types import TracebackType
from typing import TYPE_CHECKING, Any

from nextclose.core.errors import NextcloseError, SettingsError
from nextclose.core.lang import Lang, Text

if TYPE_CHECKING:
    import uvicorn

    from nextclose.lab.desk import Desk
    from nextclose.lab.kept_tries import KeptTries

PORT = 8471
"""Where a lab opens unless it is told where."""
NEXT = 20
"""Ports that are tried, one after the other, before any free one will do."""
INSTALL = 'pip install -c constraints.txt -e ".[lab]"'
LONGEST = 64 * 1024
"""Bytes of a page's message."""
PATIENCE = 2
"""Seconds that open connections have when a lab is closed."""


class Lab:
    """A lab that is open, until `close` or the end of a `with`."""

    def __init__(self, server: uvicorn.Server, listener: socket.socket, url: str, symbol: str, kept: KeptTries) -> None:
        self.url, self.symbol = url, symbol
        self._server, self._kept = server, kept
        self._thread = threading.Thread(target=server.run, args=([listener],), name="lab", daemon=True)
        self._thread.start()
        while not server.started and self._thread.is_alive():
            time.sleep(0.005)

    def wait(self) -> None:
        """Until it is closed; Ctrl-C comes through."""
        while self._thread.is_alive():
            self._thread.join(0.2)

    def close(self) -> None:
        """Stop what is being computed, write down what was tried, and end; a second time does nothing."""
        self._server.should_exit = True
        self._thread.join(2 * PATIENCE)
        self._kept.close()

    def __enter__(self) -> Lab:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Lab({self.symbol}, {self.url})" if self._thread.is_alive() else f"Lab({self.symbol}, closed)"


def open_lab(
    source: Any,
    *,
    host: str = "127.0.0.1",
    port: int | None = None,
    exchange: str | None = None,
    faults: str = "raise",
    lang: Lang = "en",
    tell: Callable[[Text], None] | None = None,
    framed: bool = False,
) -> Lab:
    """A lab on some bars, with the engine ready to fit.

    Parameters
    ----------
    source : a SOURCE such as "prices.csv" or "sample:AAPL", a table, or Bars.
    port : 8471 or the next free one where it is None; 0 is any free one.
    lang : what the page speaks unless its address says otherwise.
    tell : told what has to be waited for, once on a machine.
    framed : whether another page may show it, as a notebook does. It then takes a token, as it does where other machines
        can reach it.

    Raises
    ------
    SourceError, BarsError, NetworkError : as `load_bars`.
    SettingsError : a host or port that cannot be had, or the extra `lab` is not installed.
    """
    check_installed()
    import uvicorn

    from nextclose.lab.desks import Desks
    from nextclose.lab.guard import Rules
    from nextclose.lab.kept_tries import KeptTries
    from nextclose.lab.server import make_app

    kept = KeptTries(lang=lang)
    desks = Desks(source, exchange=exchange, faults=faults, kept=kept)
    desk = desks.desk("")
    listener = listen(host, port)
    warm_up(desk, lang, tell)
    at = ipaddress.ip_address(listener.getsockname()[0])
    rules = Rules(
        names=Rules().names | {host.lower(), socket.gethostname().lower()},
        any_address=at.is_unspecified,
        token=None if at.is_loopback and not framed else secrets.token_urlsafe(16),
        framed=framed,
    )
    config = uvicorn.Config(
        make_app(desks, lang=lang, rules=rules),
        ws="websockets-sansio",
        ws_max_size=LONGEST,
        ws_per_message_deflate=False,
        access_log=False,
        log_config=None,
        log_level="warning",
        server_header=False,
        timeout_graceful_shutdown=PATIENCE,
    )
    return Lab(uvicorn.Server(config), listener, address(listener, host, rules.token), desk.whole.symbol, kept)


def check_installed() -> None:
    """Raise SettingsError where the lab's own libraries are missing."""
    missing = [name for name in ("starlette", "uvicorn", "websockets") if find_spec(name) is None]
    if missing:
        raise SettingsError(
            "the lab needs {missing}, not installed here: {install}", missing=", ".join(missing), install=INSTALL
        )


def listen(host: str, port: int | None) -> socket.socket:
    """A socket that listens there. Raises SettingsError where none can."""
    ports = [port] if port is not None else [*range(PORT, PORT + NEXT), 0]
    for number in ports:
        try:
            family = socket.getaddrinfo(host, number, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0][0]
            listener = socket.create_server((host, number), family=family, backlog=128)
            # Inherited by what it accepts. Without it a frame may wait 40 ms for the page to acknowledge the one before.
            listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return listener
        except OSError as error:
            failed = error
    if isinstance(failed, socket.gaierror):
        raise SettingsError(
            "--host: '{host}' is no address of this machine ({error})", host=host, error=failed.strerror
        )
    raise SettingsError(
        "the lab cannot listen on {host}, port {port} ({error}): give another one, or leave --port out",
        host=host,
        port=ports[0],
        error=failed.strerror,
    )


def address(listener: socket.socket, host: str, token: str | None) -> str:
    """What a browser on this machine opens."""
    port = listener.getsockname()[1]
    name = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(host, host)  # noqa: S104
    place = f"http://[{name}]:{port}/" if ":" in name else f"http://{name}:{port}/"
    return place if token is None else f"{place}?token={token}"


def warm_up(desk: Desk, lang: Lang, tell: Callable[[Text], None] | None) -> None:
    """Do once what a page asks for first: kernels are compiled or loaded, and the plainer forecasts fitted."""
    from nextclose.lab.choices import read_choices
    from nextclose.lab.experiment import experiment
    from nextclose.lab.judged import verdict
    from nextclose.training.resolve import resolve_engine

    choices = read_choices({})
    for dtype in ("float32", "float64"):  # nets are trained in the one, and looked at in the other
        resolve_engine("auto", choices.changed(dtype=dtype).recipe, tell)
    with suppress(NextcloseError):  # the page says what is wrong with these choices
        verdict(desk, experiment(desk, choices), lang)


def show(url: str) -> None:
    """Open the page in a browser, where there is one with windows."""
    if sys.platform.startswith("linux") and not {"DISPLAY", "WAYLAND_DISPLAY", "BROWSER"} & os.environ.keys():
        return
    webbrowser.open(url)
