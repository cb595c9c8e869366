"""Nothing in the source can turn a file into code."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[2] / "src" / "nextclose"
MODULES = {"pickle", "cPickle", "_pickle", "dill", "cloudpickle", "joblib", "shelve", "marshal"}
CALLS = {"eval", "exec", "torch.load", "torch.jit.load", "torch.hub.load", "pd.read_pickle", "yaml.load", "read_pickle"}


def sins(code):
    """What in `code` could run what it reads."""
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.split(".")[0] in MODULES)
        elif isinstance(node, ast.ImportFrom):
            module = node.module or ""
            yield from (module for _ in node.names[:1] if module.split(".")[0] in MODULES)
            yield from (f"{module}.{alias.name}" for alias in node.names if f"{module}.{alias.name}" in CALLS)
        elif isinstance(node, ast.Call):
            name = ast.unparse(node.func)
            yield from (name for _ in (0,) if name in CALLS)
            yield from (word.arg for word in node.keywords if word.arg == "allow_pickle")


@pytest.mark.parametrize(
    "code",
    [
        "import pickle",
        "import torch, pickle as p",
        "from joblib import load",
        "from torch import load",
        "torch.load(path)",
        "np.load(path, allow_pickle=True)",
        "eval(text)",
    ],
)
def test_what_could_is_seen(code):
    assert list(sins(code))


def test_no_module_reads_code():
    pages = sorted(SOURCE.rglob("*.py"))
    assert len(pages) > 100
    assert [(page.name, sin) for page in pages for sin in sins(page.read_text(encoding="utf-8"))] == []
