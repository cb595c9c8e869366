"""The API's routes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any, Literal

from fastapi import FastAPI, Path, Query, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp

from nextclose import __version__
from nextclose.core.errors import NextcloseError, SourceError
from nextclose.core.lang import Lang, say
from nextclose.serve.answers import bulk_answer, health_answer, symbol_answer
from nextclose.serve.guard import Guard, Rules
from nextclose.serve.pages import Alive, Health, Problem, SymbolForecasts, Verdict
from nextclose.serve.snapshot import KEPT, Snapshot
from nextclose.serve.store import Store

JSON, CSV, PARQUET = "application/json", "text/csv; charset=utf-8", "application/vnd.apache.parquet"
ABOUT = "Every symbol's next close, as a market run forecast it before the session, and what came of the forecasts."
_PROBLEMS: dict[int | str, dict[str, Any]] = {404: {"model": Problem}, 422: {"model": Problem}}

Model = Annotated[str | None, Query(max_length=64, description="One model alone.", examples=["default"])]


def make_app(store: Store, rules: Rules, *, lang: Lang = "en") -> ASGIApp:
    """The application over a ledger; it begins to watch it when it starts."""

    @asynccontextmanager
    async def life(_app: FastAPI) -> AsyncIterator[None]:
        store.watch()
        yield
        store.close()

    app = FastAPI(
        title="nextclose", version=__version__, description=ABOUT, docs_url=None, redoc_url=None, lifespan=life,
        openapi_url="/openapi.json",
    )  # fmt: skip
    _add_problems(app, lang)
    _add_forecasts(app, store, lang)
    _add_rest(app, store, rules, lang)
    return Guard(app, rules)


def _add_forecasts(app: FastAPI, store: Store, lang: Lang) -> None:
    @app.get(
        "/v1/forecasts.{kind}",
        summary="Every symbol's forecasts of one origin, as a table",
        responses=_PROBLEMS | {200: {"content": {PARQUET: {}, "text/csv": {}}}},
        response_class=Response,
    )
    async def bulk(
        request: Request,
        kind: Annotated[Literal["parquet", "csv"], Path(description="The file's form.")],
        origin: Annotated[
            str | None, Query(max_length=10, description="An ISO date; the latest without.", examples=["2025-10-21"])
        ] = None,
        model: Model = None,
    ) -> Response:
        snapshot = store.snapshot
        body = await run_in_threadpool(
            snapshot.once, ("bulk", kind, origin, model), lambda: bulk_answer(snapshot, kind, origin, model, lang)
        )
        return _answer(request, snapshot, body, PARQUET if kind == "parquet" else CSV)

    @app.get(
        "/v1/forecasts/{symbol}",
        summary="A symbol's latest forecasts",
        response_model=SymbolForecasts,
        responses=_PROBLEMS,
    )
    async def forecasts(
        request: Request,
        symbol: Annotated[str, Path(max_length=64, description="As in the set.", examples=["005930"])],
        model: Model = None,
        history: Annotated[int, Query(ge=0, le=KEPT - 1, description="Origins before the latest to add.")] = 0,
    ) -> Response:
        snapshot = store.snapshot
        body = snapshot.once(
            (symbol, model, history), lambda: symbol_answer(snapshot, symbol, model, history, lang)
        )  # fmt: skip
        return _answer(request, snapshot, body, JSON)


def _add_rest(app: FastAPI, store: Store, rules: Rules, lang: Lang) -> None:
    @app.get(
        "/v1/verdict", summary="How good they have been, by the ledger alone", response_model=Verdict,
        responses={404: {"model": Problem}},
    )  # fmt: skip
    async def verdict(request: Request) -> Response:
        snapshot = store.snapshot
        if snapshot.verdict is None:
            raise SourceError("no forecast has been scored yet: nextclose market score does that")
        return _answer(request, snapshot, snapshot.verdict, JSON)

    @app.get("/v1/health", summary="How fresh the forecasts are", response_model=Health | Alive)
    async def health(request: Request) -> Response:
        body = health_answer(store, known=rules.knows(request.headers), lang=lang)
        return Response(body, media_type=JSON, headers={"Cache-Control": "no-store"})

    @app.get("/", include_in_schema=False)
    async def index() -> Response:
        paths = ["/v1/forecasts/{symbol}", "/v1/forecasts.parquet", "/v1/forecasts.csv", "/v1/verdict", "/v1/health"]
        return JSONResponse({"name": "nextclose", "version": __version__, "paths": [*paths, "/openapi.json"]})


def _add_problems(app: FastAPI, lang: Lang) -> None:
    @app.exception_handler(NextcloseError)
    async def told(_request: Request, error: NextcloseError) -> Response:
        return _problem(404 if isinstance(error, SourceError) else 422, error.message(lang))

    @app.exception_handler(RequestValidationError)
    async def invalid(_request: Request, error: RequestValidationError) -> Response:
        found = error.errors()[0]
        name = str(found["loc"][-1])
        return _problem(422, say("{name}: {problem}", lang, name=name, problem=found["msg"]))

    @app.exception_handler(HTTPException)
    async def unknown(_request: Request, error: HTTPException) -> Response:
        return _problem(error.status_code, say("no such path; / lists those there are", lang))


def _problem(status: int, message: str) -> Response:
    return JSONResponse({"error": message}, status_code=status)


def _answer(request: Request, snapshot: Snapshot, body: bytes, media_type: str) -> Response:
    """The body, or that the asker has it already."""
    headers = {"ETag": snapshot.etag, "Cache-Control": "no-cache"}
    if snapshot.etag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Response(body, media_type=media_type, headers=headers)
