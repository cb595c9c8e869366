"""What the project promises: names, options, languages, and documents that say what is so."""

from __future__ import annotations

import ast
import json
import re
import string
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import nextclose as nc
from nextclose.core.settings import NetSettings, TrainingSettings, WindowSettings
from nextclose.recipes import recipe_names

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "nextclose"
HEAVY = (
    *("torch", "numba", "pandas", "plotly", "matplotlib", "scipy", "statsmodels", "exchange_calendars", "pyarrow"),
    *("starlette", "uvicorn", "websockets", "playwright"),
)
SPEAKERS = ("say", "Text", "add")
SPOKEN_BY_PAGES = (r'\bt\("([^"]+)"', r'^export const title = "([^"]+)"', r'\bdata-(?:t|label)="([^"]+)"')


def test_public_names_are_sorted_there_and_documented():
    assert nc.__all__ == sorted(nc.__all__)
    for name in nc.__all__:
        value = getattr(nc, name)
        assert isinstance(value, str) or value.__doc__, name
    with pytest.raises(AttributeError):
        nc.nothing_of_that_name  # noqa: B018


def test_a_bare_import_stays_light():
    code = f"import sys, nextclose; print([name for name in {HEAVY} if name in sys.modules])"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "[]"


def test_help_stays_light_and_lists_every_verb():
    code = (
        "import sys, contextlib\n"
        "from nextclose.cli.app import app\n"
        "with contextlib.suppress(SystemExit): app(['--help'])\n"
        f"print('HEAVY', [name for name in {HEAVY} if name in sys.modules])"
    )
    text = subprocess.check_output([sys.executable, "-c", code], text=True)
    assert "HEAVY []" in text
    for verb in ("run", "predict", "judge", "explain", "recipes", "bench", "data"):
        assert re.search(rf"^\W*{verb}\s", text, flags=re.MULTILINE), verb


def templates():
    """Every sentence in the source, with the file that says it."""
    for path in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or not node.args:
                continue
            name = getattr(node.func, "id", getattr(node.func, "attr", ""))
            if name in SPEAKERS or name.endswith("Error"):
                for text in constants(node.args[0]):
                    yield text, path
    for path in (*SOURCE.rglob("page/**/*.js"), *SOURCE.rglob("page/*.html")):
        for pattern in SPOKEN_BY_PAGES:
            for text in re.findall(pattern, path.read_text(encoding="utf-8"), flags=re.MULTILINE):
                yield text, path
    for path in (SOURCE / "recipes").glob("*.toml"):
        yield tomllib.loads(path.read_text(encoding="utf-8"))["summary"], path


def constants(node):
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return [node.value]
    return [*constants(node.body), *constants(node.orelse)] if isinstance(node, ast.IfExp) else []


def korean():
    pages = sorted((SOURCE / "locale" / "ko").glob("*.json"))
    return [item for page in pages for item in json.loads(page.read_text(encoding="utf-8")).items()]


def places(text):
    return {field for _, field, _, _ in string.Formatter().parse(text) if field}


def test_every_sentence_has_a_korean_twin():
    known = {template for template, _ in korean()}
    assert [(text, path.name) for text, path in templates() if text not in known] == []


def test_korean_twins_have_the_same_places_and_no_orphans():
    said = {text for text, _ in templates()}
    words = {"left out", "kept", "applied", "noted"}
    for template, text in korean():
        assert places(template) == places(text), template
        assert template in said | words, f"nobody says: {template}"
        if template not in ("{problems}",):
            assert re.search("[가-힣]", text), template
    assert len({template for template, _ in korean()}) == len(korean())


@pytest.mark.parametrize("page", ["README.md", "README.ko.md"])
def test_the_readme_names_every_recipe_and_verb(page):
    text = (ROOT / page).read_text(encoding="utf-8")
    for name in recipe_names():
        assert f"`{name}`" in text, name
    for verb in ("run", "predict", "judge", "explain", "recipes", "data check", "data samples"):
        assert f"nextclose {verb}" in text, verb


@pytest.mark.parametrize("page", ["docs/reference.md"])
def test_every_option_and_setting_is_documented(page):
    text = (ROOT / page).read_text(encoding="utf-8")
    for kind in (WindowSettings, NetSettings, TrainingSettings):
        for name in kind.__dataclass_fields__:
            assert f"`{name}`" in text, name
    for verb in ("run", "predict", "judge", "explain", "recipes", "bench"):
        shown = subprocess.check_output([sys.executable, "-m", "nextclose", verb, "--help"], text=True)
        for option in re.findall(r"--[a-z-]+", shown):
            assert option in text, f"{verb} {option}"


def test_both_readmes_show_the_same_commands():
    blocks = [
        re.findall(r"```(?:sh|python)\n(.*?)```", (ROOT / page).read_text(encoding="utf-8"), flags=re.DOTALL)
        for page in ("README.md", "README.ko.md")
    ]
    strip = [[re.sub(r"\s*#.*", "", block) for block in page] for page in blocks]
    assert strip[0] == strip[1]


def test_every_settings_field_has_a_sentence():
    tree = ast.parse((SOURCE / "core" / "settings.py").read_text(encoding="utf-8"))
    for group in (node for node in tree.body if isinstance(node, ast.ClassDef) and node.name.endswith("Settings")):
        for field, after in zip(group.body, [*group.body[1:], None], strict=True):
            if isinstance(field, ast.AnnAssign):
                assert isinstance(after, ast.Expr), field.target.id
