"""Ctrl-C that is not lost.

An import or a finalizer of some library may swallow a KeyboardInterrupt; then the run would go on as if nobody had
asked. So the wish is remembered too, and looked at whenever a fit is done.
"""

from __future__ import annotations

import signal
from threading import Event
from types import FrameType

_asked = Event()


def listen() -> None:
    """Remember Ctrl-C from now on, and forget an older one; it raises KeyboardInterrupt as before.

    Does nothing where Ctrl-C is ignored.
    """
    _asked.clear()
    if signal.getsignal(signal.SIGINT) in (signal.default_int_handler, _remember):
        signal.signal(signal.SIGINT, _remember)


def asked_to_stop() -> bool:
    """Whether Ctrl-C was pressed since `listen`."""
    return _asked.is_set()


def stop_if_asked() -> None:
    """Raise the KeyboardInterrupt that somebody swallowed."""
    if _asked.is_set():
        raise KeyboardInterrupt


def _remember(_number: int, _frame: FrameType | None) -> None:
    _asked.set()
    raise KeyboardInterrupt
