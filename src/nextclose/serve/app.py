"""The API's routes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Hashable, Mapping
from contextlib import asynccontextmanager
from typing import Annotated, Any

from fastapi import FastAPI, Path, Query, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Receive, Scope, Send

from nextclose import __version__
from nextclose.core.errors import NextcloseError, SourceError
from nextclose.core.lang import Lang, Text, say
from nextclose.serve.answers import bulk_answer, symbol_answer
from nextclose.serve.document import ABOUT, BULK, document, responses
from nextclose.serve.guard import Guard, Rules
from nextclose.serve.health import health_answer
from nextclose.serve.pages import Alive, Health, SymbolForecasts, Verdict
from nextclose.serve.snapshot import KEPT, Snapshot, as_bytes
from nextclose.serve.store import Store

JSON, CSV, PARQUET = "application/json", "text/csv; charset=utf-8", "application/vnd.apache.parquet"
PATHS = (
    "/v1/forecasts/{symbol}", "/v1/forecasts.parquet", "/v1/forecasts.csv", "/v1/verdict", "/v1/health", "/openapi.json",
)  # fmt: skip
PIECE = 64 << 10
"""Bytes that are sent at once: a slow reader keeps no more of an answer waiting."""

Model = Annotated[str | None, Query(max_length=64, description="One model alone.", examples=["default"])]


def make_app(store: Store, rules: Rules, *, lang: Lang = "en") -> ASGIApp:
    """The application over a ledger; it begins to watch it when it starts."""

    @asynccontextmanager
    async def life(_app: FastAPI) -> AsyncIterator[None]:
        store.watch()
        yield
        store.close()

    app = FastAPI(
        title="nextclose", version=__version__, description=ABOUT, docs_url=None, redoc_url=None, openapi_url=None,
        lifespan=life, redirect_slashes=False,
    )  # fmt: skip
    _add_problems(app, lang)
    _add_forecasts(app, store, lang)
    _add_rest(app, store, rules, lang)
    _add_document(app)
    return Guard(app, rules)


def _add_forecasts(app: FastAPI, store: Store, lang: Lang) -> None:
    async def bulk(
        request: Request,
        origin: Annotated[
            str | None, Query(max_length=10, description="An ISO date; the latest without.", examples=["2025-10-21"])
        ] = None,
        model: Model = None,
    ) -> Response:
        snapshot, kind = store.snapshot, request.url.path.rpartition(".")[2]
        key = (kind, origin, model)
        body = await _large(snapshot, key, lambda: bulk_answer(snapshot, kind, origin, model, lang))
        return _answer(request, snapshot, body, PARQUET if kind == "parquet" else CSV)

    for path, summary in (("parquet", BULK.format("a Parquet file")), ("csv", BULK.format("CSV"))):
        app.get(
            f"/v1/forecasts.{path}",
            summary=summary,
            operation_id=path,
            response_class=Response,
            responses=responses(f"/v1/forecasts.{path}", 304, 404, 422),
        )(bulk)

    @app.get(
        "/v1/forecasts/{symbol:path}",
        summary="A symbol's latest forecasts",
        operation_id="symbol",
        response_model=SymbolForecasts,
        responses=responses("/v1/forecasts/{symbol}", 304, 404, 422),
    )
    async def forecasts(
        request: Request,
        symbol: Annotated[str, Path(max_length=64, description="As in the set.", examples=["005930"])],
        model: Model = None,
        history: Annotated[int, Query(ge=0, le=KEPT - 1, description="Origins before the latest to add.")] = 0,
    ) -> Response:
        snapshot, key = store.snapshot, (symbol, model, history)

        def make() -> bytes:
            return symbol_answer(snapshot, symbol, model, history, lang)

        body = await _large(snapshot, key, make) if history else snapshot.small.once(key, make)
        return _answer(request, snapshot, body, JSON)


async def _large(snapshot: Snapshot, key: Hashable, make: Callable[[], bytes]) -> bytes:
    """An answer that takes its time, made beside the requests."""
    found = snapshot.large.get(key)
    return await run_in_threadpool(snapshot.large.once, key, make) if found is None else found


def _add_rest(app: FastAPI, store: Store, rules: Rules, lang: Lang) -> None:
    @app.get(
        "/v1/verdict",
        summary="How good they have been, by the ledger alone",
        operation_id="verdict",
        response_model=Verdict,
        responses=responses("/v1/verdict", 304, 404),
    )
    async def verdict(request: Request) -> Response:
        snapshot = store.snapshot
        if snapshot.verdict is None:
            raise SourceError("no forecast has been scored yet: nextclose market score does that")
        return _answer(request, snapshot, snapshot.verdict, JSON)

    @app.get(
        "/v1/health",
        summary="How fresh the forecasts are; without the token, where one is asked for, the status alone",
        operation_id="health",
        response_model=Health | Alive,
        responses=responses("/v1/health"),
    )
    async def health(request: Request) -> Response:
        body = health_answer(store, known=rules.knows(request.headers), lang=lang)
        return Response(body, media_type=JSON, headers={"Cache-Control": "no-store"})

    @app.get("/", include_in_schema=False)
    async def index() -> Response:
        return JSONResponse({"name": "nextclose", "version": __version__, "paths": PATHS})


def _add_document(app: FastAPI) -> None:
    content = as_bytes(document(app))

    @app.get("/openapi.json", include_in_schema=False)
    async def spoken() -> Response:
        return Response(content, media_type=JSON)


def _add_problems(app: FastAPI, lang: Lang) -> None:
    @app.exception_handler(NextcloseError)
    async def told(_request: Request, error: NextcloseError) -> Response:
        return _problem(404 if isinstance(error, SourceError) else 422, error.message(lang))

    @app.exception_handler(RequestValidationError)
    async def invalid(_request: Request, error: RequestValidationError) -> Response:
        found = error.errors()[0]
        return _problem(422, _misread(str(found["loc"][-1]), found.get("ctx", {})).render(lang))

    @app.exception_handler(HTTPException)
    async def unknown(_request: Request, error: HTTPException) -> Response:
        return _problem(error.status_code, say("no such path; / lists those there are", lang))

    @app.exception_handler(Exception)
    async def failed(_request: Request, _error: Exception) -> Response:
        return _problem(500, say("the API failed at this; its terminal says why", lang))


def _misread(name: str, context: Mapping[str, Any]) -> Text:
    """What was expected of a value."""
    if "max_length" in context:
        return Text("{name}: expected at most {most} letters", name=name, most=context["max_length"])
    return Text("{name}: expected a whole number from 0 to {most}", name=name, most=KEPT - 1)


def _problem(status: int, message: str) -> Response:
    return JSONResponse({"error": message}, status_code=status)


def _answer(request: Request, snapshot: Snapshot, body: bytes, media_type: str) -> Response:
    """The body, or that the asker has it already."""
    headers = {"ETag": f'"{snapshot.tag}"', "Cache-Control": "no-cache"}
    if headers["ETag"] in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Pieces(body, media_type=media_type, headers=headers)


class Pieces(Response):
    """An answer whose large body is sent a piece at a time, as fast as it is taken."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
        if len(self.body) <= PIECE:
            await super().__call__(scope, receive, send)
            return
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        for start in range(0, len(self.body), PIECE):
            piece, more = self.body[start : start + PIECE], start + PIECE < len(self.body)
            await send({"type": "http.response.body", "body": piece, "more_body": more})
