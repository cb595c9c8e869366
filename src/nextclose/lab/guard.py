"""Who may talk to a lab: pages that it served itself, and where a token is asked for, those that know it.

A foreign page that a browser has open can send requests to this machine (their Origin tells them), or have its own name
point here (the Host header tells that).
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from nextclose.core.hosts import LOOPBACK, is_called
from nextclose.core.lang import Text

PUBLIC = ("/", "/words/ko.json")
"""Paths that tell nothing of the bars."""
OPEN_BELOW = ("/page/", "/report/")
"""Those with everything below them: the page's own files, and reports, whose names nobody can guess."""
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self' ws://{host}; "
    "base-uri 'none'; form-action 'none'"
)


@dataclass(frozen=True, kw_only=True)
class Rules:
    """What a lab asks of those who talk to it."""

    names: frozenset[str] = LOOPBACK
    """Names and addresses that it may be called by, without the port."""
    any_address: bool = False
    """Whether any IP address will do as well: no foreign name can be made to look like one."""
    token: str | None = None
    """What a page must know to see bars."""
    framed: bool = False
    """Whether other pages may show it in a frame, as a notebook does."""

    def refusal(self, scope: Scope) -> Text | None:
        """Why a request is not answered; None where it is."""
        headers = Headers(scope=scope)
        host, origin = headers.get("host", ""), headers.get("origin")
        if not is_called(host, self.names, any_address=self.any_address):
            return Text("this lab is not called '{got}': open it by the address that it printed", got=host)
        asks_much = scope["type"] == "websocket" or scope["method"] not in ("GET", "HEAD")
        if asks_much and origin is not None and origin.partition("://")[2] != host:
            return Text("a page of {got} may not talk to this lab", got=origin)
        if self.token is not None and not _is_public(scope["path"]) and not self._is_known(scope):
            return Text("this lab takes a token: open it by the whole address that it printed, with ?token=")
        return None

    def _is_known(self, scope: Scope) -> bool:
        given = parse_qs(scope["query_string"].decode("latin-1")).get("token", [""])[0]
        return hmac.compare_digest(given.encode(), (self.token or "").encode())


class Guard:
    """The application behind the rules, which also tells browsers what the page may load and who may frame it."""

    def __init__(self, app: ASGIApp, rules: Rules) -> None:
        self.app, self.rules = app, rules

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or refuse with status 403."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        refusal = self.rules.refusal(scope)
        if refusal is None:
            await self.app(scope, receive, self._with_headers(scope, send))
        elif scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1008, "reason": str(refusal)})
        else:
            answer = JSONResponse({"error": str(refusal)}, status_code=403)
            await answer(scope, receive, self._with_headers(scope, send))

    def _with_headers(self, scope: Scope, send: Send) -> Send:
        policy = POLICY.format(host=Headers(scope=scope).get("host", ""))
        more: dict[str, Any] = HEADERS | {
            "Content-Security-Policy": policy if self.rules.framed else f"{policy}; frame-ancestors 'none'"
        }

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in more.items():
                    headers.setdefault(name, value)
            await send(message)

        return sending if scope["type"] == "http" else send


def _is_public(path: str) -> bool:
    return path in PUBLIC or path.startswith(OPEN_BELOW)
