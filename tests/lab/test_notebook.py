"""A lab from Python: the package can be called, and a notebook shows it below the cell."""

from __future__ import annotations

import subprocess
import sys

import nbformat
import pytest
from nbclient import NotebookClient
from tests.conftest import walk_bars

import nextclose as nc
from nextclose.core.errors import BarsError, SettingsError
from nextclose.lab.notebook import in_notebook


@pytest.mark.parametrize(
    "code",
    [
        "import nextclose as nc; f = nc.lab",
        "import nextclose.lab; f = nextclose.lab",
        "import nextclose as nc, nextclose.lab.choices; f = nc.lab",
        "import nextclose as nc; nc.lab; import nextclose.lab.choices; f = nc.lab; f.choices.read_choices",
        "from nextclose import lab as f; from nextclose.lab.choices import read_choices",
    ],
)
def test_the_package_is_callable_however_it_is_imported(code):
    print_ = "import sys; print(callable(f), f.__name__, [m for m in ('starlette', 'uvicorn', 'IPython') if m in sys.modules])"
    said = subprocess.check_output([sys.executable, "-c", f"{code}\n{print_}"], text=True)
    assert said.strip() == "True nextclose.lab []"


def test_a_plain_shell_gets_the_address():
    with nc.lab(walk_bars(200, seed=1, symbol="MINE"), port=0) as opened:
        assert repr(opened) == f"Lab(MINE, {opened.url})"
        assert "?token=" in opened.url
        assert not in_notebook()


def test_what_is_wrong_is_told():
    with pytest.raises(BarsError, match="at least 60"):
        nc.lab(walk_bars(59, seed=1))
    with pytest.raises(SettingsError, match="en or ko"):
        nc.lab("walk:1", lang="fr")


@pytest.mark.slow
def test_a_notebook_shows_it_below_the_cell(tmp_path):
    cells = [
        "import nextclose as nc\nbars = nc.load_bars('walk:3')\nlab = nc.lab(bars, port=0, height=500)",
        "from urllib.request import urlopen\n"
        "answer = urlopen(lab.url.replace('/?', '/spec.json?'))\n"
        "print(answer.status, 'frame-ancestors' in answer.headers['content-security-policy'])",
        "lab.close()\nlab",
    ]
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    NotebookClient(book, timeout=120, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}}).execute()
    shown, told, closed = (cell.outputs for cell in book.cells)
    page = next(out.data["text/html"] for out in shown if out.output_type == "display_data")
    assert 'height="500"' in page
    assert "http://127.0.0.1:" in page
    assert [out.output_type for out in shown] == ["display_data"]
    assert told[0].text == "200 False\n"
    assert closed[0].data["text/plain"] == "Lab(WALK3, closed)"
