"""A request on its way, and whether anybody still waits for its answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Protocol

from nextclose.core.lang import Lang
from nextclose.lab.choices import Choices
from nextclose.lab.desk import Desk
from nextclose.lab.frames import Frame


class StaleError(Exception):
    """A newer request of the same topic has come, or the page has gone."""


class Job:
    """One request; `check` raises StaleError when its answer would not be looked at any more."""

    def __init__(self, wanted: Callable[[], bool], lang: Lang) -> None:
        self._wanted = wanted
        self.lang: Lang = lang

    def check(self) -> None:
        """Call it between pieces of work."""
        if not self._wanted():
            raise StaleError


class Answer(Protocol):
    """What answers a topic: frames, each sent as soon as it is there."""

    def __call__(self, desk: Desk, choices: Choices, ask: Mapping[str, Any], job: Job) -> Iterator[Frame]:
        """`ask` is the page's message; whatever it holds beyond `choices` must be checked."""
