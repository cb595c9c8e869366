"""Ctrl-C that is not lost, and SIGTERM, which asks for the same.

An import or a finalizer of some library may swallow a KeyboardInterrupt; then the run would go on as if nobody had
asked. So the wish is remembered too, and looked at whenever a fit is done.
"""

from __future__ import annotations

import signal
from threading import Event
from types import FrameType

from nextclose.core.lang import Text

_asked = Event()
_by: list[int] = [signal.SIGINT]
_told: list[Text] = [Text("Stopped. Nothing was written.")]


def listen() -> None:
    """Remember Ctrl-C from now on, and forget an older one; it raises KeyboardInterrupt as before.

    Does nothing where Ctrl-C is ignored.
    """
    _asked.clear()
    _by[0] = signal.SIGINT
    _told[0] = Text("Stopped. Nothing was written.")
    if signal.getsignal(signal.SIGINT) in (signal.default_int_handler, _remember):
        signal.signal(signal.SIGINT, _remember)
    if signal.getsignal(signal.SIGTERM) in (signal.SIG_DFL, _remember):
        signal.signal(signal.SIGTERM, _remember)


def asked_to_stop() -> bool:
    """Whether Ctrl-C was pressed since `listen`."""
    return _asked.is_set()


def stop_if_asked() -> None:
    """Raise the KeyboardInterrupt that somebody swallowed."""
    if _asked.is_set():
        raise KeyboardInterrupt


def say_when_stopped(line: Text) -> None:
    """What a Ctrl-C leaves behind, where it is something."""
    _told[0] = line


def told_when_stopped() -> Text:
    """What to say after a Ctrl-C."""
    return _told[0]


def exit_status() -> int:
    """What a shell expects of a process that a signal has stopped."""
    return 128 + _by[0]


def _remember(number: int, _frame: FrameType | None) -> None:
    _by[0] = number
    _asked.set()
    raise KeyboardInterrupt
