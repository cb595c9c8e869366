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

AT_ONCE = 4
"""Topics of a page that are answered at once; the others wait."""
LONGEST = 400
"""Characters of a choice."""
LARGEST = 2**53
"""The largest number of a request: what a page can count to."""


class Session:
    """A page that is open."""

    def __init__(self, socket: WebSocket, desks: Desks, pool: ThreadPoolExecutor) -> None:
        self.socket, self.desks, self.pool = socket, desks, pool
        self.newest: dict[str, Mapping[str, Any]] = {}
        self.tasks: dict[str, asyncio.Task[None]] = {}
        self.room = asyncio.Semaphore(AT_ONCE)
        self.closed = False

    async def run(self) -> None:
        """Until the page goes away; what is being computed for it then stops."""
        await self.socket.accept()
        try:
            while (message := await self.socket.receive())["type"] == "websocket.receive":
                await self._take(message.get("text"))
        except WebSocketDisconnect:
            pass
        finally:
            self.closed = True
            for task in self.tasks.values():
                task.cancel()

    async def _take(self, text: str | None) -> None:
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
        frames = told(answers(self.desks, ask, job), lang)
        try:
            async with self.room:
                while (frame := await loop.run_in_executor(self.pool, next, frames, None)) is not None:
                    await self._send(frame, ask)
        except (StaleError, WebSocketDisconnect):
            return

    async def _send(self, frame: Frame, ask: Mapping[str, Any]) -> None:
        if not self.closed:
            await self.socket.send_bytes(pack(frame, topic=ask.get("topic"), id=ask.get("id")))


def answers(desks: Desks, ask: Mapping[str, Any], job: Job) -> Iterator[Frame]:
    """Every frame that answers a request; run in a thread, nothing happens before the first is asked for."""
    desk = desks.desk(ask.get("source", ""))
    job.check()
    yield from TOPICS[ask["topic"]](desk, read_choices(ask.get("choices", {})), ask, job)


def told(frames: Iterator[Frame], lang: Lang) -> Iterator[Frame]:
    """The frames; a last one says what went wrong, if anything did."""
    try:
        yield from frames
    except StaleError:
        raise
    except NextcloseError as error:
        yield Frame(header={"error": error.message(lang)})
    except Exception:
        yield Frame(header={"error": unforeseen(lang)})


def unforeseen(lang: Lang) -> str:
    """What a page is told of an error that nobody thought of, which is logged where the lab was started."""
    log.exception("the lab failed")
    return say("the lab failed at this; what went wrong stands where it was started", lang)


def read_ask(text: str | None) -> Mapping[str, Any]:
    """A page's message. Raises SettingsError for what is none."""
    try:
        ask = json.loads(text or "")
    except (ValueError, RecursionError):
        ask = None
    if not isinstance(ask, dict) or not _is_plain(ask):
        raise SettingsError('the lab takes messages such as {"topic": "train", "id": 1, "choices": {}}')
    topic = ask.get("topic")
    if not isinstance(topic, str) or topic not in TOPICS:
        raise SettingsError(
            "the lab has no topic '{got}': expected one of {known}", got=str(topic)[:LONGEST], known=", ".join(TOPICS)
        )
    return ask


def _is_plain(ask: Mapping[str, Any]) -> bool:
    """Whether what every message has is of the right kind."""
    number, source, choices = ask.get("id", 0), ask.get("source", ""), ask.get("choices", {})
    return (
        type(number) is int
        and abs(number) <= LARGEST
        and isinstance(source, str)
        and isinstance(choices, dict)
        and all(isinstance(value, str | int | float) and len(str(value)) <= LONGEST for value in choices.values())
    )


def language(ask: Mapping[str, Any]) -> Lang:
    """The language that the page speaks."""
    return next((lang for lang in LANGS if lang == ask.get("lang")), "en")
