"""The full report of what is on screen: that of `nextclose run` with the same settings and spans, on the explored bars."""

from __future__ import annotations

import asyncio
import secrets
import tempfile
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from nextclose.core.errors import NextcloseError, SettingsError
from nextclose.core.lang import Lang
from nextclose.lab.choices import Choices, read_choices
from nextclose.lab.desk import Desk
from nextclose.lab.desks import Desks
from nextclose.lab.experiment import Asking
from nextclose.lab.job import StaleError
from nextclose.lab.session import language, unforeseen
from nextclose.lab.takeaway import changed, spans_of
from nextclose.lab.work import turn
from nextclose.study.run import run
from nextclose.study.study import Study

KEPT = 6
"""Reports that can be opened, the latest."""
AT_ONCE = 2
"""Reports that are made at once."""
A_LOOK = 0.25
"""Seconds between looks at whether the page still waits."""
POLICY = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:; font-src data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox allow-scripts allow-downloads"
)
"""A report holds its own scripts, and is kept apart from the lab."""


class Reports:
    """Reports that were made, by names that nobody can guess."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pages: dict[str, str] = {}

    def keep(self, page: str) -> str:
        """The name of a page from now on; the oldest is forgotten."""
        name = secrets.token_urlsafe(12)
        with self._lock:
            while len(self._pages) >= KEPT:
                self._pages.pop(next(iter(self._pages)))
            self._pages[name] = page
        return name

    async def show(self, request: Request) -> Response:
        """GET /report/NAME."""
        page = self._pages.get(request.path_params["name"])
        if page is None:
            return HTMLResponse("<p>The lab no longer has this report: make it again.</p>", status_code=404)
        return HTMLResponse(page, headers={"Content-Security-Policy": POLICY, "Cache-Control": "no-store"})


def make_reports(desks: Desks, pool: ThreadPoolExecutor, reports: Reports) -> Callable[[Request], Awaitable[Response]]:
    """What answers POST /report?source=S&lang=ko&lr=0.01...: {"report": its path} or {"error"}."""
    room = asyncio.Semaphore(AT_ONCE)

    async def answer(request: Request) -> Response:
        lang, gone = language(request.query_params), threading.Event()

        def check() -> None:
            if gone.is_set():
                raise StaleError

        async with room:
            work = asyncio.get_running_loop().run_in_executor(pool, make, desks, request, lang, check)
            try:
                while not (await asyncio.wait({work}, timeout=A_LOOK))[0]:
                    if await request.is_disconnected():
                        gone.set()
            except asyncio.CancelledError:  # the lab is being closed
                gone.set()
                return Response(status_code=503)
        try:
            return JSONResponse({"report": f"/report/{reports.keep(await work)}"})
        except StaleError:
            return Response(status_code=400)
        except NextcloseError as error:
            return JSONResponse({"error": error.message(lang)})
        except Exception:
            return JSONResponse({"error": unforeseen(lang)})

    return answer


def make(desks: Desks, request: Request, lang: Lang, check: Callable[[], None]) -> str:
    """The report that a page asks for."""
    asked = {name: value for name, value in request.query_params.items() if name not in ("source", "lang", "token")}
    return report(desks.desk(request.query_params.get("source", "")), read_choices(asked), lang, check)


def report(desk: Desk, choices: Choices, lang: Lang, check: Callable[[], None] = lambda: None) -> str:
    """One HTML page, as `nextclose run` writes it.

    Raises
    ------
    SettingsError : choices that `nextclose run` cannot make. What `check` raises.
    """
    study = studied(desk, choices, lang, check)
    with tempfile.TemporaryDirectory(prefix="nextclose-") as folder:
        return study.report(Path(folder) / "report.html", lang=lang).read_text(encoding="utf-8")


def studied(desk: Desk, choices: Choices, lang: Lang, check: Callable[[], None] = lambda: None) -> Study:
    """The study of the choices on the explored bars. Raises as `report`."""
    if not choices.plain:
        raise SettingsError(
            "the report is that of nextclose run, which makes no such mistakes: undo the faults and h0=carried first"
        )
    split, recipe = desk.split(choices), choices.recipe
    spans = spans_of(desk, split)
    with turn(recipe, split.train_stop - split.train_start, check):
        study = run(
            desk.bars,
            recipes=[recipe.name],
            settings=changed(recipe),
            train_start=spans["train_start"],
            test_start=spans["test_start"],
            test_end=spans["test_end"],
            refit_every=0,
            seeds=recipe.seeds,
            ladder=False,
            lang=lang,
            watcher=Asking(check),
        )
    assert isinstance(study, Study)
    return study
