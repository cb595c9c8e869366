"""Small ledgers, and questions put to the application in this process."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
from dataclasses import dataclass
from urllib.parse import quote, unquote

from tests.market.ledger.conftest import bare_run, forecast, own_sessions, rows, truth

from nextclose.core.hosts import LOOPBACK
from nextclose.core.plain import to_json
from nextclose.market.files import write_text
from nextclose.market.ledger.book import read
from nextclose.market.ledger.chain import Ledger
from nextclose.market.ledger.entries import VERDICT
from nextclose.market.ledger.verdict import running_verdict
from nextclose.serve.app import make_app
from nextclose.serve.guard import Rules
from nextclose.serve.store import Store

SYMBOLS = ("005930", "카카오", "BRK/B", "50%", "M&A?")
MODELS = ("default", "persistence")
FIRST = dt.date(2025, 10, 20)
HOST = "127.0.0.1:8000"


def day(number):
    return FIRST + dt.timedelta(days=number)


def at(number, second=0):
    """The clock on an evening."""
    return lambda: dt.datetime.combine(day(number), dt.time(9, 30, second), tzinfo=dt.UTC)


def evening(number, symbols=SYMBOLS, models=MODELS, **more):
    """An evening's forecasts; 카카오 did not trade."""
    without = {"yhat": None, "lo": None, "hi": None, "level": None, "p_up": None, "last_close": None, "fold": None}
    without |= {"status": "suspended", "reason": "no trade on the day", "reason_ko": "그날 거래가 없었습니다"}
    hashes = {"trained_until": day(-1), "model_hash": "ab" * 8, "data_hash": "cd" * 8}
    page = hashes | {"origin": day(number), "reason": None, "reason_ko": None} | more
    return [
        forecast(symbol, model, yhat=100.0 + number + place, **page) | (without if symbol == "카카오" else {})
        for symbol in symbols
        for place, model in enumerate(models)
    ]


def say(ledger, number, *forecasts, second=0, statuses=None):
    """An entry of forecasts."""
    page = {"target_dates": [str(day(number + 1))], "statuses": statuses or {"ok": 4, "suspended": 1}, "in_time": True}
    ledger.append("forecasts", rows("forecasts", *forecasts), as_of=str(day(number)), page=page, now=at(number, second))


def score(ledger, number, y=102.0, **more):
    """Truths of an evening's forecasts, and the verdict."""
    came = [truth(name, day(number), y=y, **more) for name in SYMBOLS if name != "카카오"]
    ledger.append(
        "truths", rows("truths", *came), as_of=str(day(number + 1)), page={}, now=at(number + 1), publish=False
    )
    write_text(ledger.folder / VERDICT, to_json(running_verdict(read(ledger), ledger)))
    ledger.publish()


def begun(folder):
    """A ledger that was just opened."""
    run = bare_run(folder, recipes=("default",), sessions=own_sessions(60, models=MODELS))
    return Ledger.begin(run, now=at(0))


def three_evenings(folder):
    """Forecasts of three evenings, the first two of them scored; the second truths after a split."""
    ledger = begun(folder)
    for number in range(3):
        say(ledger, number, *evening(number))
        if number < 2:
            score(ledger, number, **({"y": 51.0, "basis": 0.5, "last_close": 50.0} if number else {}))
    return ledger


@dataclass
class Answer:
    """What came back."""

    status: int
    headers: dict
    body: bytes

    @property
    def page(self):
        return json.loads(self.body)


class Api:
    """An application over a run, without a server."""

    def __init__(self, run, *, token=None, lang="en", names=LOOPBACK):
        self.store = Store(run)
        self.app = make_app(self.store, Rules(names=names, token=token, lang=lang), lang=lang)

    def ask(self, path, method="GET", **headers):
        return asyncio.run(self.answer(path, method, **headers))

    async def answer(self, path, method="GET", **headers):
        name, _, query = path.partition("?")
        known = {key.replace("_", "-"): value for key, value in ({"host": HOST} | headers).items() if value is not None}
        scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "scheme": "http",
            "path": unquote(name), "raw_path": quote(name, safe="/%").encode(), "query_string": quote(query, safe="=&").encode(),
            "headers": [(key.encode(), value.encode("latin-1")) for key, value in known.items()], "root_path": "",
            "server": ("127.0.0.1", 8000), "client": ("127.0.0.1", 1),
        }  # fmt: skip
        said = []

        async def receive():
            return {"type": "http.request", "body": b""}

        async def send(message):
            said.append(message)

        await self.app(scope, receive, send)
        start, *rest = said
        got = {key.decode(): value.decode("latin-1") for key, value in start["headers"]}
        return Answer(start["status"], got, b"".join(part.get("body", b"") for part in rest))
