"""What a page sends beside its wire: a file of bars."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from nextclose.core.errors import NextcloseError
from nextclose.lab.desks import Desks
from nextclose.lab.session import language, unforeseen
from nextclose.lab.uploads import MOST_BYTES, FaultyError, read_upload

AT_ONCE = 2
"""Files that are read as bars at once."""
HEARD_AT_ONCE = 8
"""Files that are on their way at once: a slow sender keeps no other from being read."""
HEARD = 4
"""Times MOST_BYTES of a file that is too large, after which its sender is cut off."""


class TooLargeError(NextcloseError):
    """A body that is larger than the lab takes."""


def take_bars(desks: Desks, pool: ThreadPoolExecutor) -> Callable[[Request], Awaitable[Response]]:
    """What answers POST /bars?name=FILE&symbol=SYMBOL&faults=drop&lang=ko: {"source"}, {"symbols"}, or {"error", "drop"}.

    Here "drop" says whether leaving faulty rows out would do. A file that is none is an answer like any other; only one that
    is too large has a status of its own, 413.
    """
    hearing, room = asyncio.Semaphore(HEARD_AT_ONCE), asyncio.Semaphore(AT_ONCE)

    async def answer(request: Request) -> Response:
        lang = language(request.query_params)
        try:
            async with hearing:
                content = await body(request)
            async with room:
                told = await asyncio.get_running_loop().run_in_executor(pool, take, desks, request, content)
        except TooLargeError as error:
            return JSONResponse({"error": error.message(lang)}, status_code=413, headers={"Connection": "close"})
        except NextcloseError as error:
            drop = isinstance(error, FaultyError)
            return JSONResponse({"error": error.message(lang), "drop": drop})
        except ClientDisconnect:
            return Response(status_code=400)
        except Exception:
            return JSONResponse({"error": unforeseen(lang)})
        return JSONResponse(told)

    return answer


def take(desks: Desks, request: Request, content: bytes) -> dict[str, object]:
    """Read a file and put its bars on a desk."""
    asked = request.query_params
    faults = "drop" if asked.get("faults") == "drop" else "raise"
    got = read_upload(asked.get("name", ""), content, asked.get("symbol") or None, faults=faults)
    if got.bars is None:
        return {"symbols": got.symbols}
    desks.keep(got)
    return {"source": got.source, "symbol": got.bars.symbol}


async def body(request: Request) -> bytes:
    """The whole body. Raises TooLargeError for a larger one, whatever it says of itself, of which nothing is kept.

    A sender who is cut off does not listen, so what is a little too large is heard to its end.
    """
    stated = request.headers.get("content-length", "")
    kept, length = not (stated.isdecimal() and int(stated[:20]) > MOST_BYTES), 0
    pieces: list[bytes] = []
    async for piece in request.stream():
        length += len(piece)
        kept = kept and length <= MOST_BYTES
        if not kept:
            pieces.clear()
        else:
            pieces.append(piece)
        if length > HEARD * MOST_BYTES:
            break
    if not kept:
        raise TooLargeError(
            "the lab takes files of at most {most} MiB. Write one with fewer symbols, or start the lab with the file: "
            "nextclose lab FILE",
            most=MOST_BYTES // 1024**2,
        )
    return b"".join(pieces)
