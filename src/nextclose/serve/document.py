"""What the OpenAPI document says of the answers, with examples that were answered over a small ledger."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from nextclose.serve.pages import Problem

if TYPE_CHECKING:
    from fastapi import FastAPI

ABOUT = "Every symbol's next close, as a market run forecast it before the session, and what came of the forecasts."
BULK = "Every symbol's forecasts of one origin as {}"
STATUSES = {
    304: "What the ETag names is still so.",
    401: "A token is asked for: Authorization: Bearer TOKEN.",
    403: "The Host header holds another name than this API's.",
    404: "There is none.",
    422: "A value that cannot be.",
}


@cache
def examples() -> dict[str, Any]:
    """Path -> the answer; status -> an error. `scripts/make_api_examples.py` writes them."""
    text = (files("nextclose") / "serve" / "examples.json").read_text(encoding="utf-8")
    return dict(json.loads(text))


def document(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI document of the application, the token included."""
    found = app.openapi()
    found["components"]["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
    found["security"] = [{}, {"token": []}]
    for path, item in found["paths"].items():
        for kind in item["get"]["responses"]["200"]["content"].values():
            if "example" in kind:  # FastAPI leaves nulls out of them
                kind["example"] = examples()[path]
    return found


def responses(path: str, *statuses: int) -> dict[int | str, dict[str, Any]]:
    """The answers of a path: the good one with its example, and those of some statuses."""
    kind = "application/json"
    if path.endswith(".csv"):
        kind = "text/csv"
    elif path.endswith(".parquet"):
        kind = "application/vnd.apache.parquet"
    good = {"example": examples()[path]} if path in examples() else {"schema": {"type": "string", "format": "binary"}}
    found: dict[int | str, dict[str, Any]] = {200: {"content": {kind: good}}}
    public = () if path == "/v1/health" else (401,)
    for status in sorted((*statuses, *public, 403)):
        found[status] = {"description": STATUSES[status]}
        if status != 304:
            found[status] |= {"model": Problem, "content": {"application/json": {"example": examples()[str(status)]}}}
    return found
