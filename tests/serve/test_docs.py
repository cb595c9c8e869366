"""docs/api.md says what the API does."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from nextclose.serve.app import PATHS
from nextclose.serve.guard import LONGEST
from nextclose.serve.pages import Forecast, Health, Truth
from nextclose.serve.snapshot import KEPT

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGES = ("api.md", "api.ko.md")


def text(page):
    return (DOCS / page).read_text(encoding="utf-8")


def blocks(page):
    """Language and content of every block, comments left out."""
    return [
        (kind, re.sub(r" +#.*", "", block))
        for kind, block in re.findall(r"```(\w+)\n(.*?)```", text(page), flags=re.DOTALL)
    ]


def test_both_pages_have_the_same_parts():
    assert blocks("api.md") == blocks("api.ko.md") != []
    english, korean = (re.findall(r"^(#+) ", text(page), flags=re.MULTILINE) for page in PAGES)
    assert english == korean


@pytest.mark.parametrize("page", PAGES)
def test_every_path_and_field_is_named(page):
    named = {*re.findall(r"`([^`\s]+)`", text(page))}
    assert {*PATHS} <= named
    fields = {*Forecast.model_fields, *Truth.model_fields, *Health.model_fields}
    assert fields - {"status", "loaded_at"} <= named
    assert f"{LONGEST:,}" in text(page)
    assert f"{KEPT - 1}" in text(page)


def test_the_commands_are_answered(own):
    from tests.serve.asking import Api

    api = Api(own.folder.parent)
    lines = [line for kind, block in blocks("api.md") if kind == "sh" for line in block.splitlines() if "curl" in line]
    assert len(lines) >= 8
    for line in lines:
        (address,) = (word for word in shlex.split(line) if word.startswith("localhost"))
        parts = urlsplit(f"http://{address}")
        assert api.ask(parts.path + ("?" + parts.query) * bool(parts.query)).status == 200, line


def test_pandas_reads_the_tables(own):
    import io

    import pandas as pd
    from tests.serve.asking import Api

    (block,) = (block for kind, block in blocks("api.md") if kind == "py")
    asked = []

    class Reader:
        @staticmethod
        def read_parquet(address):
            asked.append(address)
            return pd.read_parquet(io.BytesIO(Api(own.folder.parent).ask(urlsplit(address).path).body))

    exec(block.replace("import pandas as pd", ""), {"pd": Reader})
    assert asked == ["http://localhost:8000/v1/forecasts.parquet"]
