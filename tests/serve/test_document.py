"""The OpenAPI document: complete, and its examples are answers."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from nextclose.serve.document import examples
from nextclose.serve.pages import Health, Problem, SymbolForecasts, Verdict

ROOT = Path(__file__).resolve().parents[2]
PAGES = {
    "/v1/forecasts/{symbol}": SymbolForecasts, "/v1/verdict": Verdict, "/v1/health": Health,
    "401": Problem, "403": Problem, "404": Problem, "422": Problem,
}  # fmt: skip


@pytest.fixture(scope="module")
def document(api):
    return api.ask("/openapi.json").page


def without_hash(value):
    """Hashes hold the Parquet writer's version, and numbers may differ in their last digit."""
    if isinstance(value, dict):
        return {key: without_hash(item) for key, item in value.items() if key != "head"}
    if isinstance(value, list):
        return [without_hash(item) for item in value]
    return f"{value:.6g}" if isinstance(value, float) else value


def test_the_examples_are_what_a_server_answers(tmp_path):
    made = tmp_path / "made.json"
    subprocess.run([sys.executable, ROOT / "scripts" / "make_api_examples.py", made], check=True)
    assert without_hash(json.loads(made.read_text(encoding="utf-8"))) == without_hash(examples())


@pytest.mark.parametrize("name", PAGES)
def test_an_example_is_as_its_page_says(name):
    PAGES[name].model_validate(examples()[name])


def test_every_path_has_a_summary_an_example_and_its_refusals(document):
    assert len(document["paths"]) == 5
    for path, methods in document["paths"].items():
        assert [*methods] == ["get"]
        said = methods["get"]
        assert said["summary"], path
        assert {"200", "403"} <= {*said["responses"]}, path
        assert ("401" in said["responses"]) == (path != "/v1/health"), path
        (content,) = said["responses"]["200"]["content"].values()
        assert ("example" in content) == (not path.endswith(".parquet")), path
        assert content.get("example") == examples().get(path), path
        for status, answer in said["responses"].items():
            assert answer["description"], (path, status)
            if int(status) >= 400:
                assert answer["content"]["application/json"]["example"]["error"], (path, status)
        for parameter in said.get("parameters", ()):
            assert parameter["description"], (path, parameter["name"])


def test_the_document_names_the_token(document):
    assert document["components"]["securitySchemes"] == {"token": {"type": "http", "scheme": "bearer"}}
    assert document["security"] == [{}, {"token": []}]


def test_every_reference_of_the_document_leads_somewhere(document):
    def references(value):
        if isinstance(value, dict):
            yield from (value[key] for key in value if key == "$ref")
            value = [*value.values()]
        for item in value if isinstance(value, list) else ():
            yield from references(item)

    found = {*references(document)}
    assert len(found) > 5
    for reference in found:
        kind, name = reference.removeprefix("#/components/").split("/")
        assert name in document["components"][kind]
