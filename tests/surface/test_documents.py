"""Examples and the blocks of the README run as they stand."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1"}


def run(folder, *arguments):
    return subprocess.run(
        [sys.executable, *map(str, arguments)], cwd=folder, env=ENVIRONMENT, capture_output=True, text=True, timeout=300
    )


def python_blocks(page):
    return re.findall(r"```python\n(.*?)```", (ROOT / page).read_text(encoding="utf-8"), flags=re.DOTALL)


@pytest.mark.slow
@pytest.mark.parametrize("example", sorted((ROOT / "examples").glob("*.py")), ids=lambda path: path.name)
def test_an_example_runs(example, tmp_path):
    if "statsforecast" in example.name:
        pytest.importorskip("statsforecast", reason="the extra 'examples' is not installed")
    done = run(tmp_path, example)
    assert done.returncode == 0, done.stderr
    assert "persistence" in done.stdout


@pytest.mark.slow
def test_the_notebook_runs(tmp_path):
    done = run(tmp_path, ROOT / "scripts" / "make_notebook.py", "--check")
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
def test_the_readmes_python_runs(tmp_path):
    blocks = python_blocks("README.md")
    assert len(blocks) == len(python_blocks("README.ko.md"))
    for block in [*blocks, *python_blocks("README.ko.md")]:
        done = run(tmp_path, "-c", block)
        assert done.returncode == 0, done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("number", [0, 1])
def test_the_python_of_the_derivation_runs(number, tmp_path):
    blocks = python_blocks("docs/backpropagation.md")
    assert len(blocks) == 2
    done = run(tmp_path, "-W", "error", "-c", blocks[number])
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
def test_the_reference_is_what_the_program_says(tmp_path):
    before = (ROOT / "docs" / "reference.md").read_text(encoding="utf-8")
    done = run(tmp_path, ROOT / "scripts" / "make_reference.py")
    assert done.returncode == 0, done.stderr
    assert (ROOT / "docs" / "reference.md").read_text(encoding="utf-8") == before
