"""Answers that are kept once they are made, as many as a number of bytes holds."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable


class Kept:
    """Answers by what was asked; the oldest give way. One is made at a time, whoever asks for it."""

    def __init__(self, most: int) -> None:
        """most : bytes of all answers together."""
        self.most, self.size = most, 0
        self._answers: dict[Hashable, bytes] = {}
        self._making = threading.Lock()

    def get(self, key: Hashable) -> bytes | None:
        """An answer that is there."""
        return self._answers.get(key)

    def once(self, key: Hashable, make: Callable[[], bytes]) -> bytes:
        """What `make` gives, or gave."""
        found = self.get(key)
        if found is not None:
            return found
        with self._making:
            found = self.get(key)
            if found is None:
                found = make()
                self._keep(key, found)
            return found

    def _keep(self, key: Hashable, answer: bytes) -> None:
        if len(answer) > self.most:
            return
        while self.size + len(answer) > self.most:
            self.size -= len(self._answers.pop(next(iter(self._answers))))
        self._answers[key] = answer
        self.size += len(answer)
