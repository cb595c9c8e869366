"""The main job on the fused engine neither imports PyTorch nor needs it."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
from tests.conftest import walk_bars

HIDDEN = """
class Nowhere:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "torch":
            raise ModuleNotFoundError(f"No module named '{name}'", name=name)
sys.meta_path.insert(0, Nowhere())
"""
COMMANDS = """
from nextclose.cli.app import app
for arguments in json.loads(sys.argv.pop()):
    app(arguments, standalone_mode=False)
print("TORCH", "torch" in sys.modules, file=sys.stderr)
"""
MAIN = """
from nextclose.cli.app import main
main()
"""
QUICK = ("--exchange", "XNYS", "--set", "epochs=2", "--seeds", "1")


@pytest.fixture(scope="module")
def here(tmp_path_factory):
    folder = tmp_path_factory.mktemp("torchless")
    walk_bars(200, seed=5, symbol="AAPL").to_pandas().to_csv(folder / "prices.csv", index=False)
    return folder


def python(code, folder, *arguments):
    return subprocess.run(
        [sys.executable, "-c", "import json, sys" + code, *arguments], cwd=folder, capture_output=True, text=True,
        timeout=120, encoding="utf-8", env={**os.environ, "OMP_NUM_THREADS": "1"},
    )  # fmt: skip


@pytest.mark.parametrize("before", ["", HIDDEN], ids=["not imported", "not there"])
def test_run_predict_explain_and_judge_need_no_torch(here, before):
    commands = [
        ["run", "prices.csv", "--out", "run", "--json", "--force", *QUICK],
        ["predict", "run"],
        ["explain", "run", "--recipe", "default"],
        ["explain", "prices.csv", "--epoch", "0"],
        ["judge", "run/forecasts.parquet"],
    ]
    done = python(before + COMMANDS, here, json.dumps(commands))
    assert done.returncode == 0, done.stderr
    assert "TORCH False" in done.stderr
    study = json.loads((here / "run" / "study.json").read_text(encoding="utf-8"))
    assert study["engine"] == {"chosen": "fused", "reason": "it covers the net and its training"}
    assert "numba" in study["versions"]
    assert "torch" not in study["versions"]


def test_asking_for_torch_without_it_names_the_install_line(here):
    done = python(HIDDEN + MAIN, here, "run", "prices.csv", "--engine", "torch", "--out", "asked", *QUICK)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("nextclose: engine torch needs PyTorch")
    assert '-e ".[torch]"' in done.stderr
    assert done.stderr.count("\n") == 1
