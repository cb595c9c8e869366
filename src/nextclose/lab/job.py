"""A request on its way, and whether anybody still waits for its answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from time import monotonic, sleep
from typing import Any, Protocol

from nextclose.core.lang import Lang
from nextclose.lab.choices import Choices
from nextclose.lab.desk import Desk
from nextclose.lab.frames import Frame

PATIENCE = 1.0
"""Seconds after which a request gives way to a newer one."""
BLINK = 0.002
"""Seconds between two looks for a newer request."""


class StaleError(Exception):
    """A newer request of the same topic has come, or the page has gone."""


class Job:
    """One request.

    alive : whether the page is still there. newest : whether no newer request of the topic has come.
    """

    def __init__(self, alive: Callable[[], bool], newest: Callable[[], bool], lang: Lang) -> None:
        self._alive, self._newest = alive, newest
        self._began = monotonic()
        self.lang: Lang = lang

    def check(self) -> None:
        """Call it between pieces of work and while nets are fitted.

        Raises StaleError when the page has gone, or a newer request waits and this one has run for PATIENCE: what is nearly
        done is shown, so that a picture moves while a slider is dragged.
        """
        if not self._alive() or (monotonic() - self._began > PATIENCE and not self._newest()):
            raise StaleError

    def check_newest(self) -> None:
        """Call it before work that only the newest request is worth. Raises StaleError."""
        if not self._alive() or not self._newest():
            raise StaleError

    def rest(self, seconds: float) -> None:
        """Call it before work that a newer request would have to wait for. Raises StaleError as soon as one has come."""
        until = monotonic() + seconds
        self.check_newest()
        while monotonic() < until:
            sleep(BLINK)
            self.check_newest()


class Answer(Protocol):
    """What answers a topic: frames, each sent as soon as it is there."""

    def __call__(self, desk: Desk, choices: Choices, ask: Mapping[str, Any], job: Job) -> Iterator[Frame]:
        """`ask` is the page's message; whatever it holds beyond `choices` must be checked."""
