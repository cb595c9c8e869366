"""A page's end of the wire, without a browser."""

from __future__ import annotations

import json

from websockets.sync.client import connect

from nextclose.lab.frames import unpack
from nextclose.lab.serve import Lab


class Page:
    """What a page does on its WebSocket."""

    def __init__(self, lab: Lab) -> None:
        place, _, query = lab.url.removeprefix("http").partition("?")
        self.opening = connect(f"ws{place}ws?{query}", max_size=None, proxy=None, open_timeout=30)
        self.socket = self.opening.__enter__()
        self.asked = 0

    def send(self, message) -> None:
        self.socket.send(message if isinstance(message, str | bytes) else json.dumps(message))

    def ask(self, topic, **more) -> int:
        self.asked += 1
        self.send({"topic": topic, "id": self.asked, **more})
        return self.asked

    def take(self, timeout=60.0):
        """Header and arrays of the next frame."""
        return unpack(self.socket.recv(timeout=timeout))

    def picture(self, **choices):
        """Header and arrays of what is drawn of some choices."""
        number = self.ask("train", choices=choices)
        while True:
            header, arrays = self.take()
            if header.get("id") == number and header.get("part") != "verdict":
                return header, arrays

    def close(self) -> None:
        self.opening.__exit__(None, None, None)

    def __enter__(self):
        return self

    def __exit__(self, *error) -> None:
        self.close()
