"""The lab's server: the page's files and one WebSocket a page."""

from __future__ import annotations

from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from importlib.resources import files
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp
from starlette.websockets import WebSocket

from nextclose.bars.samples import SAMPLES
from nextclose.core.lang import Text, catalogue
from nextclose.lab.desks import Desks
from nextclose.lab.guard import Guard, Rules
from nextclose.lab.posts import take_bars
from nextclose.lab.reports import Reports, make_reports
from nextclose.lab.session import AT_ONCE, Session
from nextclose.lab.spec import page_spec
from nextclose.lab.uploads import MOST_BYTES

PAGE = Path(str(files("nextclose.lab"))) / "page"
PAGES = 24
"""Pages that may be open at once."""
FULL = Text("too many pages of this lab are open: close one of them")
"""Why one more page is turned away; the page says it in its own language."""


def make_app(desks: Desks, *, lang: str = "en", rules: Rules | None = None) -> ASGIApp:
    """The application over some desks; `lang` is what the page speaks unless its address says otherwise."""
    pool = ThreadPoolExecutor(PAGES * AT_ONCE, thread_name_prefix="lab")
    open_pages: set[Session] = set()
    reports = Reports()

    @asynccontextmanager
    async def life(app: Starlette) -> AsyncIterator[None]:
        yield
        pool.shutdown(wait=False, cancel_futures=True)

    async def page(request: Request) -> Response:
        return FileResponse(PAGE / "index.html", headers={"Cache-Control": "no-cache"})

    async def words(request: Request) -> Response:
        return JSONResponse(catalogue("ko"), headers={"Cache-Control": "no-cache"})

    async def spec(request: Request) -> Response:
        return JSONResponse(page_spec(desks.start, lang) | shelf(desks))

    async def socket(websocket: WebSocket) -> None:
        if len(open_pages) >= PAGES:
            await websocket.accept()
            await websocket.close(1013, str(FULL))
            return
        session = Session(websocket, desks, pool)
        open_pages.add(session)
        try:
            await session.run()
        finally:
            open_pages.discard(session)

    app = Starlette(
        routes=[
            Route("/", page),
            Route("/words/ko.json", words),
            Route("/spec.json", spec),
            WebSocketRoute("/ws", socket),
            Route("/bars", take_bars(desks, pool), methods=["POST"]),
            Route("/report", make_reports(desks, pool, reports), methods=["POST"]),
            Route("/report/{name}", reports.show),
            Mount("/page", _Fresh(directory=PAGE, check_dir=False)),
        ],
        lifespan=life,
    )
    return Guard(app, rules or Rules())


def shelf(desks: Desks) -> dict[str, object]:
    """What lies ready: the samples, the symbols of the file that the lab was started with; and how much a file may hold."""
    samples = {f"sample:{sample.name}": [sample.what, sample.first, sample.last] for sample in SAMPLES.values()}
    return {"samples": samples, "file": desks.file, "symbols": desks.symbols, "most_bytes": MOST_BYTES}


class _Fresh(StaticFiles):
    """Files that a browser asks for anew, so that a newer version of the lab is seen at once."""

    def file_response(self, *args, **kwargs) -> Response:  # type: ignore[no-untyped-def]  # noqa: ANN002, ANN003
        response = super().file_response(*args, **kwargs)
        response.headers["Cache-Control"] = "no-cache"
        return response
