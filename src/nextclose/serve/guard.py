"""Who is answered: by name, by token, and only small requests that read."""

from __future__ import annotations

import hmac
from dataclasses import dataclass

from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from nextclose.core.hosts import is_called
from nextclose.core.lang import Lang, Text

READS = ("GET", "HEAD")
LONGEST = 1_024
"""Bytes of a path with its query."""
MORE = {401: {"WWW-Authenticate": "Bearer"}, 405: {"Allow": ", ".join(READS)}, 413: {"Connection": "close"}}
"""Status -> headers of a refusal."""
PUBLIC = "/v1/health"
"""Says without a token that the process lives, and nothing else."""


@dataclass(frozen=True, kw_only=True)
class Rules:
    """What is asked of a request."""

    names: frozenset[str] | None
    """Names and addresses that the API may be called by; None: any, where other machines may reach it."""
    token: str | None = None
    lang: Lang = "en"

    def refusal(self, scope: Scope) -> tuple[int, Text] | None:
        """Status and reason of a request that is not answered; None where it is."""
        headers = Headers(scope=scope)
        if self.names is not None and not is_called(headers.get("host", ""), self.names):
            return 403, Text(
                "this API is not called '{got}': ask it by the address that it printed", got=headers.get("host", "")
            )
        if scope["method"] not in READS:
            return 405, Text("this API is read only: expected GET or HEAD, got {got}", got=scope["method"])
        if len(scope["raw_path"]) + len(scope["query_string"]) > LONGEST:
            return 414, Text("the address is longer than {most} bytes", most=LONGEST)
        if headers.get("content-length", "0") != "0" or "transfer-encoding" in headers:
            return 413, Text("this API is read only: it takes no body")
        if self.token is not None and scope["path"] != PUBLIC and not self.knows(headers):
            return 401, Text("this API takes a token: Authorization: Bearer TOKEN")
        return None

    def knows(self, headers: Headers) -> bool:
        """Whether a request has the token, where there is one."""
        kind, _, given = headers.get("authorization", "").partition(" ")
        wanted = (self.token or "").encode()
        return self.token is None or (kind.lower() == "bearer" and hmac.compare_digest(given.strip().encode(), wanted))


class Guard:
    """The application behind the rules. It sees GET alone: HEAD is a GET whose body is left out."""

    def __init__(self, app: ASGIApp, rules: Rules) -> None:
        self.app, self.rules = app, rules

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or refuse."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        told = _without_body(send) if scope["method"] == "HEAD" else send
        refusal = self.rules.refusal(scope)
        if refusal is None:
            await self.app({**scope, "method": "GET"}, receive, told)
            return
        status, why = refusal
        answer = JSONResponse({"error": why.render(self.rules.lang)}, status_code=status, headers=MORE.get(status))
        await answer(scope, receive, told)


def _without_body(send: Send) -> Send:
    async def told(message: Message) -> None:
        await send({**message, "body": b""} if message["type"] == "http.response.body" else message)

    return told
