"""One page's WebSocket: the newest request of each topic is answered, older ones are dropped.

page -> lab     {"topic": "train", "id": 7, "source": "sample:AAPL", "lang": "en", "choices": {"lr": "0.01"}, ...}
lab -> page     frames with that topic and id; or {"topic", "id", "error": "what is wrong and what to do"}
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from starlette.websockets import WebSocket, WebSocketDisconnect

from nextclose.core.errors import NextcloseError, SettingsError
from nextclose.core.lang import LANGS, Lang, say
from nextclose.lab.choices import read_choices
from nextclose.lab.desks import Desks
from nextclose.lab.frames import Frame, pack
from nextclose.lab.job import Job, StaleError
from nextclose.lab.topics import TOPICS

log = logging.getLogger(__name__)


class Session:
    """A page that is open."""

    def __init__(self, socket: WebSocket, desks: Desks, pool: ThreadPoolExecutor) -> None:
        self.socket, self.desks, self.pool = socket, desks, pool
        self.newest: dict[str, Mapping[str, Any]] = {}
        self.tasks: dict[str, asyncio.Task[None]] = {}
        self.closed = False

    async def run(self) -> None:
        """Until the page goes away; what is being computed for it then stops."""
        await self.socket.accept()
        try:
            while True:
                await self._take(await self.socket.receive_text())
        except WebSocketDisconnect:
            pass
        finally:
            self.closed = True
            for task in self.tasks.values():
                task.cancel()

    async def _take(self, text: str) -> None:
        try:
            ask = read_ask(text)
        except SettingsError as error:
            await self._send(Frame(header={"error": error.message()}), {})
            return
        topic = str(ask["topic"])
        self.newest[topic] = ask
        if topic not in self.tasks or self.tasks[topic].done():
            self.tasks[topic] = asyncio.create_task(self._serve(topic))

    async def _serve(self, topic: str) -> None:
        """Answer the newest request of a topic, and again while a newer one has come."""
        while True:
            ask = self.newest[topic]
            await self._answer(topic, ask)
            if self.newest[topic] is ask:
                return

    async def _answer(self, topic: str, ask: Mapping[str, Any]) -> None:
        lang = language(ask)
        job = Job(lambda: not self.closed, lambda: self.newest.get(topic) is ask, lang)
        loop = asyncio.get_running_loop()
        frames = answers(self.desks, ask, job)
        try:
            while (frame := await loop.run_in_executor(self.pool, next, frames, None)) is not None:
                await self._send(frame, ask)
        except (StaleError, WebSocketDisconnect):
            return
        except NextcloseError as error:
            await self._send(Frame(header={"error": error.message(lang)}), ask)
        except Exception:
            log.exception("topic %s", topic)
            told = say("the lab failed at this; what went wrong stands where it was started", lang)
            await self._send(Frame(header={"error": told}), ask)

    async def _send(self, frame: Frame, ask: Mapping[str, Any]) -> None:
        if not self.closed:
            await self.socket.send_bytes(pack(frame, topic=ask.get("topic"), id=ask.get("id")))


def answers(desks: Desks, ask: Mapping[str, Any], job: Job) -> Iterator[Frame]:
    """Every frame that answers a request; run in a thread, nothing happens before the first is asked for."""
    desk = desks.desk(str(ask.get("source", "")))
    job.check()
    yield from TOPICS[str(ask["topic"])](desk, read_choices(ask.get("choices", {})), ask, job)


def read_ask(text: str) -> Mapping[str, Any]:
    """A page's message. Raises SettingsError for what is none."""
    try:
        ask = json.loads(text)
    except ValueError:
        ask = None
    if not isinstance(ask, dict) or not isinstance(ask.get("choices", {}), dict):
        raise SettingsError('the lab takes messages such as {{"topic": "train", "id": 1, "choices": {{}}}}')
    if ask.get("topic") not in TOPICS:
        raise SettingsError(
            "the lab has no topic '{got}': expected one of {known}", got=ask.get("topic"), known=", ".join(TOPICS)
        )
    return ask


def language(ask: Mapping[str, Any]) -> Lang:
    """The language that the page speaks."""
    return next((lang for lang in LANGS if lang == ask.get("lang")), "en")
